set +Cefu
abell_tool() { PATH=/usr/bin:/bin:$PATH command "$@"; }
abell_count() { # is it a positive whole number that arithmetic can hold?
  case $1 in '' | 0* | *[!0-9]* | ????????????????*) return 1 ;; esac
}
