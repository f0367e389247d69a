  [ "$#" = 0 ] || abell_measure "$@"
  [ -z "$abell_cut" ] || printf 'outputs_cut=1\0\n' || abell_failed=1
  [ -z "$abell_failed" ]
}
