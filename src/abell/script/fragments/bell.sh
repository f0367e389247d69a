# The bell: a rename, so that the server never sees half of it.
abell_ring() { # spool, token
  printf '' >"$1/tmp/$2" && abell_tool mv "$1/tmp/$2" "$1/new/$2"
}
