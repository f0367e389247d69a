# GALAXY_MEMORY_MB and GALAXY_MEMORY_MB_PER_SLOT: the environment's word first, each from the other; unset if unknown.
abell_count "${GALAXY_MEMORY_MB:-}" || GALAXY_MEMORY_MB=
abell_count "${GALAXY_MEMORY_MB_PER_SLOT:-}" || GALAXY_MEMORY_MB_PER_SLOT=
if [ -z "$GALAXY_MEMORY_MB$GALAXY_MEMORY_MB_PER_SLOT" ]; then
  abell_total= abell_per_slot=
  abell_memory
  GALAXY_MEMORY_MB=$abell_total GALAXY_MEMORY_MB_PER_SLOT=$abell_per_slot
fi
if abell_count "${GALAXY_SLOTS:-}"; then
  if [ -z "$GALAXY_MEMORY_MB" ]; then
    GALAXY_MEMORY_MB=$((${GALAXY_MEMORY_MB_PER_SLOT:-0} * GALAXY_SLOTS))
  elif [ -z "$GALAXY_MEMORY_MB_PER_SLOT" ]; then
    GALAXY_MEMORY_MB_PER_SLOT=$((GALAXY_MEMORY_MB / GALAXY_SLOTS))
  fi
fi
export GALAXY_MEMORY_MB GALAXY_MEMORY_MB_PER_SLOT
abell_count "$GALAXY_MEMORY_MB" || unset GALAXY_MEMORY_MB
abell_count "$GALAXY_MEMORY_MB_PER_SLOT" || unset GALAXY_MEMORY_MB_PER_SLOT
