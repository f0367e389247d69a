# The run lock: of all copies of this run, and the server that revokes it, exactly one gets the name.
## link(2) of a file of one's own to one common name is atomic also on NFS; its status is not to be trusted there (the
## reply of a link that succeeded may be lost), so what counts is whose content the name has (open(2), "O_EXCL": Linux
## man-pages 6). Every failure to write, link or read means that nothing runs.
abell_refuse() {
  printf 'abell: %s; nothing was run\n' "$1" >&2
  exit 75
}
abell_take() {
  abell_owner=$abell_control/owner.$abell_run.$abell_nonce
  until printf '%s\n' "$abell_nonce" "$abell_run" "$abell_host" "$abell_native" >"$abell_owner"; do
    abell_wait || abell_refuse "cannot write the run lock in $abell_control"
  done
  abell_tool ln "$abell_owner" "$abell_control/lock.$abell_run" 2>/dev/null
  abell_seen=
  IFS= read -r abell_seen <"$abell_control/lock.$abell_run"
  [ "$abell_seen" = "$abell_nonce" ]
}
abell_nonce=
IFS= read -r abell_nonce </proc/sys/kernel/random/uuid
[ -n "$abell_nonce" ] || abell_refuse "cannot read /proc/sys/kernel/random/uuid"
