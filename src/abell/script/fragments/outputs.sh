# Outputs as this node sees them: NAME=path of each that is a file, then the sizes and checksums of that batch in order.
## Two processes a batch; batches, because appending to a list copies it. abell_room keeps the record under the reader's
## bound: it counts characters, of up to four bytes. A network file system may show the server another size for a
## while: then it waits until it sees this one.
abell_see() { # is abell_path a file that the record has room for? Then abell_each is written.
  [ -f "$abell_path" ] || return
  abell_room=$((abell_room - 2 * ${#abell_path} - 40))
  if [ "$abell_room" -gt 0 ]; then
    printf 'output=%s\0\n' "$abell_each" || abell_failed=1
  else
    abell_cut=1
    return 1
  fi
}
abell_measure() {
  printf 'sizes=' && { abell_tool stat -L -c %s -- "$@" || :; } && printf '\0\n' || abell_failed=1
  [ -n "$abell_checksums" ] || return
  printf 'sha256=' && { abell_tool sha256sum -- "$@" || :; } && printf '\0\n' || abell_failed=1
}
