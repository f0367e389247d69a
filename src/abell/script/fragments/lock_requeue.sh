# The DRM may start this script again: each start takes the next number, unless a run ended well or is revoked.
until abell_take; do
  [ -n "$abell_seen" ] || abell_refuse "cannot read the run lock in $abell_control"
  { read -r abell_seen && read -r abell_seen && read -r abell_seen && read -r abell_seen
  } <"$abell_control/lock.$abell_run"
  [ "$abell_seen" != revoked ] || abell_refuse "job $abell_job is revoked"
  [ ! -e "$abell_control/done.$abell_run" ] || abell_refuse "run $abell_run of job $abell_job has ended well"
  abell_run=$((abell_run + 1))
done
