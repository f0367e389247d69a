# What the DRM gave, first hit wins: MiB for all slots in abell_total, or for one in abell_per_slot.
## Slurm: SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU in MiB (sbatch(1) 22.05); scontrol only where neither is set.
## Grid Engine: SGE_HGR_h_vmem per slot (Univa 8.5), with the multipliers of sge_types(5): k 1000, K 1024 and so on;
## ABELL_MEMORY_MB_PER_SLOT is what the job was submitted with (h_vmem, s_vmem, mem_free, ...): slots may be a range.
## Son of Grid Engine 8.1.9 shows only its effect, an address space limited to slots x h_vmem (queue_conf(5)).
## TORQUE: PBS_RESC_MEM in bytes. LSF 10.1: LSB_CG_MEMLIMIT in hexadecimal bytes.
## HTCondor: Memory in MiB of the slot's ClassAd. Else what was asked for, else the tightest cgroup limit
## (kernel Documentation/admin-guide: cgroup-v1/memory.rst memory.limit_in_bytes, cgroup-v2.rst memory.max).
abell_mebibytes() { # a number with an optional fraction and multiplier -> abell_found
  abell_value=${1%[bB]} abell_fraction= abell_found=
  case $abell_value in
    *k) abell_unit=1000 ;;
    *K) abell_unit=1024 ;;
    *m) abell_unit=1000000 ;;
    *M) abell_unit=1048576 ;;
    *g) abell_unit=1000000000 ;;
    *G) abell_unit=1073741824 ;;
    *t) abell_unit=1000000000000 ;;
    *T) abell_unit=1099511627776 ;;
    *) abell_unit=1 ;;
  esac
  abell_value=${abell_value%[kKmMgGtT]}
  case $abell_value in
    *.*) abell_fraction=${abell_value#*.} abell_value=${abell_value%%.*} ;;
  esac
  case $abell_fraction in *[!0-9]*) return 1 ;; esac
  abell_fraction=${abell_fraction}000
  abell_fraction=${abell_fraction%"${abell_fraction#???}"} # thousandths; the 1 and the -1000 below keep 0's decimal
  [ "$abell_value" = 0 ] || abell_count "$abell_value" || return
  abell_found=$((abell_value * abell_unit))
  [ "$((abell_found / abell_unit))" = "$abell_value" ] || return # too big for the shell's arithmetic
  abell_found=$(((abell_found + (1$abell_fraction - 1000) * abell_unit / 1000) / 1048576))
  abell_count "$abell_found"
}
abell_slurm_memory() {
  if abell_count "${SLURM_MEM_PER_NODE:-}"; then
    abell_total=$SLURM_MEM_PER_NODE
  elif abell_count "${SLURM_MEM_PER_CPU:-}"; then
    if abell_count "${SLURM_CPUS_ON_NODE:-}"; then
      abell_total=$((SLURM_MEM_PER_CPU * SLURM_CPUS_ON_NODE))
    else
      abell_per_slot=$SLURM_MEM_PER_CPU
    fi
  else
    [ -n "${SLURM_JOB_ID:-}" ] || return
    abell_value=$(scontrol -do show job "$SLURM_JOB_ID" 2>/dev/null)
    case $abell_value in *" Mem="*) ;; *) return 1 ;; esac
    abell_value=${abell_value#*" Mem="}
    abell_value=${abell_value%%[!0-9.KMGT]*}
    case $abell_value in *[KMGT]) ;; *) abell_value=${abell_value}M ;; esac
    abell_mebibytes "$abell_value" && abell_total=$abell_found
  fi
}
abell_gridengine_memory() {
  if abell_mebibytes "${SGE_HGR_h_vmem:-}"; then
    abell_per_slot=$abell_found
  elif [ -n "${NSLOTS:-}" ] && abell_count "${ABELL_MEMORY_MB_PER_SLOT:-}"; then
    abell_per_slot=$ABELL_MEMORY_MB_PER_SLOT
  else
    [ -n "${NSLOTS:-}" ] && [ -n "${JOB_ID:-}" ] || return
    while IFS= read -r abell_value; do
      case $abell_value in "Max address space "*) break ;; esac
    done </proc/self/limits
    abell_value=${abell_value#"Max address space "}
    abell_value=${abell_value#"${abell_value%%[! ]*}"}
    abell_mebibytes "${abell_value%% *}" && abell_total=$abell_found
  fi
}
abell_lsf_memory() {
  abell_value=${LSB_CG_MEMLIMIT:-}
  abell_value=${abell_value#0[xX]}
  case $abell_value in '' | *[!0-9A-Fa-f]* | ??????????????*) return 1 ;; esac
  abell_total=$((0x$abell_value / 1048576))
}
abell_tightest() { # the least limit in the files $2 from directory $1 up to $3 -> abell_total
  abell_each=$1
  while :; do
    abell_value=
    [ ! -r "$abell_each/$2" ] || IFS= read -r abell_value <"$abell_each/$2"
    if abell_count "$abell_value"; then # "max", and v1's 19 digits, are no limit
      abell_value=$((abell_value / 1048576))
      if [ -z "$abell_total" ] || [ "$abell_value" -lt "$abell_total" ]; then abell_total=$abell_value; fi
    fi
    case $abell_each in "$3" | '') return ;; esac
    abell_each=${abell_each%/*}
  done
}
abell_cgroup_limit() {
  while IFS=: read -r abell_each abell_value abell_path; do
    case ,$abell_value, in
      *,memory,*) abell_tightest "/sys/fs/cgroup/memory${abell_path%/}" memory.limit_in_bytes /sys/fs/cgroup/memory ;;
      ,,) abell_tightest "/sys/fs/cgroup${abell_path%/}" memory.max /sys/fs/cgroup ;;
    esac
  done </proc/self/cgroup
}
abell_memory() {
  abell_slurm_memory && return
  abell_gridengine_memory && return
  abell_mebibytes "${PBS_RESC_MEM:-}" && abell_total=$abell_found && return
  abell_lsf_memory && return
  abell_machine_ad Memory
  for abell_each in "$abell_found" "$abell_memory_asked"; do
    abell_count "$abell_each" && abell_total=$abell_each && return
  done
  abell_cgroup_limit
}
