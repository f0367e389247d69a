# The first run saves its directories as they were, later ones begin with that copy.
## The name without .part appears by a rename, so it is a complete copy; without it no command has run yet.
[ "$abell_run" = 1 ] || printf 'abell: run %s of job %s\n' "$abell_run" "$abell_job" >&2
for abell_each in working outputs configs; do
  if [ -e "$abell_control/lock.$((abell_run + 1))" ]; then
    printf 'abell: a later run of job %s has started; nothing was run\n' "$abell_job" >&2
    exit 75
  fi
  abell_saved=$abell_directory/_$abell_each abell_each=$abell_directory/$abell_each
  if [ -d "$abell_saved" ]; then
    abell_tool rm -rf "$abell_each" && abell_tool cp -R -p "$abell_saved" "$abell_each" || exit 1
  elif [ -d "$abell_each" ]; then
    abell_tool rm -rf "$abell_saved.part" && abell_tool cp -R -p "$abell_each" "$abell_saved.part" &&
      abell_tool mv "$abell_saved.part" "$abell_saved" || exit 1
  fi
done
