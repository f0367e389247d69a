# GALAXY_SLOTS: the cores that the DRM gave, first hit wins; the destination's env may still replace it.
## Slurm: SLURM_CPUS_ON_NODE, SLURM_NTASKS, SLURM_CPUS_PER_TASK (sbatch(1) 22.05, "OUTPUT ENVIRONMENT VARIABLES").
## Grid Engine: NSLOTS (qsub(1) SoGE 8.1.9, "ENVIRONMENTAL VARIABLES"). PBS: NCPUS (OpenPBS qsub(1B)), PBS_NP
## (TORQUE 4, "Exported batch environment variables"), PBS_NCPUS; a line of PBS_NODEFILE for each slot.
## LSF: LSB_DJOB_NUMPROC, LSB_MAX_NUM_PROCESSORS (LSF 10.1, "Environment variables set for job execution").
## HTCondor: Cpus in the slot's ClassAd, the file _CONDOR_MACHINE_AD (HTCondor 23 manual, "Services for Running Jobs").
abell_first_count() { # the first of these that is a count -> GALAXY_SLOTS
  for abell_each; do
    if abell_count "$abell_each"; then
      GALAXY_SLOTS=$abell_each
      return
    fi
  done
  return 1
}
abell_slurm_tasks() {
  abell_count "${SLURM_NTASKS:-}" || return
  if abell_count "${SLURM_CPUS_PER_TASK:-}"; then
    GALAXY_SLOTS=$((SLURM_NTASKS * SLURM_CPUS_PER_TASK))
  else
    GALAXY_SLOTS=$SLURM_NTASKS
  fi
}
abell_node_lines() { # -> abell_found
  abell_found=
  [ -r "${PBS_NODEFILE:-}" ] || return
  abell_found=0
  while IFS= read -r abell_each; do abell_found=$((abell_found + 1)); done <"$PBS_NODEFILE"
}
abell_machine_ad() { # attribute -> abell_found
  abell_found=
  [ -r "${_CONDOR_MACHINE_AD:-}" ] || return
  while IFS=' =' read -r abell_each abell_value; do
    [ "$abell_each" != "$1" ] || abell_found=${abell_value%%.*}
  done <"$_CONDOR_MACHINE_AD"
}
abell_slots() {
  abell_first_count "${SLURM_CPUS_ON_NODE:-}" && return
  abell_slurm_tasks && return
  abell_first_count "${NSLOTS:-}" "${NCPUS:-}" "${PBS_NCPUS:-}" "${PBS_NP:-}" && return
  abell_node_lines
  abell_first_count "$abell_found" "${LSB_DJOB_NUMPROC:-}" "${LSB_MAX_NUM_PROCESSORS:-}" && return
  abell_machine_ad Cpus
  abell_first_count "$abell_found" "$abell_slots_asked" "${GALAXY_SLOTS:-}"
}
if abell_slots; then
  GALAXY_SLOTS_CONFIGURED=1
  export GALAXY_SLOTS_CONFIGURED
else
  GALAXY_SLOTS=1
  unset GALAXY_SLOTS_CONFIGURED
fi
export GALAXY_SLOTS
