# The kernel's word on memory, where this script is the only process of its cgroup: only then is it about this job.
## v1: memory.oom_control (oom_kill: Linux 4.13), memory.max_usage_in_bytes; v2: memory.events, memory.peak (Linux 5.19).
abell_oom_kills() { # -> abell_value
  while IFS=' ' read -r abell_each abell_value; do
    [ "$abell_each" != oom_kill ] || return 0
  done <"$abell_cgroup/$abell_oom_file"
  abell_value=
}
abell_own_cgroup() {
  while IFS=: read -r abell_each abell_value abell_path; do
    case ,$abell_value, in
      *,memory,*) abell_cgroup=/sys/fs/cgroup/memory abell_oom_file=memory.oom_control abell_peak=memory.max_usage_in_bytes ;;
      ,,) abell_cgroup=/sys/fs/cgroup abell_oom_file=memory.events abell_peak=memory.peak ;;
      *) continue ;;
    esac
    abell_cgroup=$abell_cgroup$abell_path
    [ -r "$abell_cgroup/$abell_oom_file" ] || continue
    { IFS= read -r abell_each && ! IFS= read -r abell_value; } <"$abell_cgroup/cgroup.procs" && [ "$abell_each" = "$$" ]
    return
  done </proc/self/cgroup
  return 1
}
if abell_own_cgroup; then
  abell_oom_kills
  abell_oom_before=$abell_value
else
  abell_cgroup=
fi
abell_record_cgroup() {
  [ -n "$abell_cgroup" ] || return 0
  abell_oom_kills
  printf 'oom_kills_before=%s\0\noom_kills_after=%s\0\n' "$abell_oom_before" "$abell_value" || return
  abell_value=
  [ ! -r "$abell_cgroup/$abell_peak" ] || IFS= read -r abell_value <"$abell_cgroup/$abell_peak"
  printf 'memory_peak=%s\0\n' "$abell_value"
}
