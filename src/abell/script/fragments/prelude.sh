set +Cefu
abell_tool() { PATH=/usr/bin:/bin:$PATH command "$@"; }
abell_count() { # is it a positive whole number that arithmetic can hold?
  case $1 in '' | 0* | *[!0-9]* | ????????????????*) return 1 ;; esac
}
abell_wait() { # a second for a full disk; a directory that is gone, or not ours to write in, hardly changes
  [ -w "$abell_control" ] || abell_patience=$((abell_patience < 60 ? abell_patience : 60))
  [ "$abell_patience" -gt 0 ] || return
  abell_patience=$((abell_patience - 1))
  abell_tool sleep 1 || :
}
