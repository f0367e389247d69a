# Outputs as this node sees them: NAME=path of each that is a file, then all sizes and all checksums in that order.
## Two processes, however many files there are; abell_room keeps the record under the reader's bound. A network file
## system may show the server another size for a while: then it waits for this one.
abell_measure() {
  abell_room=150000 LC_ALL=C # so that a length is in bytes
  for abell_each; do
    shift
    abell_path=${abell_each#*=}
    [ -f "$abell_path" ] || continue
    abell_room=$((abell_room - ${#abell_each} - ${#abell_path} - 110))
    if [ "$abell_room" -gt 0 ]; then
      printf 'output=%s\0\n' "$abell_each" || return
      set -- "$@" "$abell_path"
    else
      abell_cut=1
    fi
  done
  [ -z "$abell_cut" ] || printf 'outputs_cut=1\0\n' || return
  [ "$#" != 0 ] || return 0
  printf 'sizes=' && { abell_tool stat -L -c %s -- "$@" || :; } && printf '\0\n' || return
  [ -n "$abell_checksums" ] || return 0
  printf 'sha256=' && { abell_tool sha256sum -- "$@" || :; } && printf '\0\n'
}
