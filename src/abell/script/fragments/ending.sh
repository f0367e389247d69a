# The ending: what the command's end looked like from here, then the bell, then the command's own exit code.
## Builtins only, so that it works where no process can be started any more; its last line makes the record valid.
## A shell runs its traps when the command in the foreground is over; a command started with a trapped signal's default.
abell_traps() {
  trap 'abell_signals="$abell_signals TERM" abell_stop=143' TERM
  trap 'abell_signals="$abell_signals INT" abell_stop=130' INT
  trap 'abell_signals="$abell_signals HUP" abell_stop=129' HUP
  trap 'abell_signals="$abell_signals USR1"' USR1
  trap 'abell_signals="$abell_signals USR2"' USR2
  trap 'abell_signals="$abell_signals XCPU"' XCPU
}
abell_record() {
  printf 'abell=1\0\nnonce=%s\0\nrun=%s\0\nhost=%s\0\nnative_id=%s\0\nboot=%s\0\n' \
    "$abell_nonce" "$abell_run" "$abell_host" "$abell_native" "$abell_boot" &&
    printf 'stage=%s\0\nexit=%s\0\nmetadata_exit=%s\0\nstarted=%s\0\nended=%s\0\n' \
      "$abell_stage" "$abell_code" "$abell_metadata_code" "$abell_started" "$abell_stopped" &&
    printf 'times=' && times && printf '\0\n' &&
    abell_record_more && printf 'signals=%s\0\nend=1\0\n' "$abell_signals"
}
abell_end() {
  abell_status=$?
  [ -z "$abell_ended" ] || return 0
  abell_ended=1
  if [ "$abell_stage" != ran ]; then
    abell_code=$abell_status
    [ "$abell_stop" = 0 ] || abell_code=$abell_stop abell_stage=stopped
    [ "$abell_code" != 0 ] || abell_code=1
  fi
  IFS=' ' read -r abell_stopped abell_each </proc/uptime
  until abell_record >"$abell_control/ending.$abell_run"; do
    abell_wait || break
    abell_checksums=
  done
  abell_after
  case " ${abell_own_codes:-} " in *" $abell_code "*) exit 1 ;; esac
  exit "$abell_code"
}
abell_stage=environment abell_stop=0 abell_signals= abell_ended= abell_metadata_code= abell_stopped=
trap abell_end EXIT
abell_traps
