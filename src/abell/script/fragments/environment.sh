abell_environment=
command . "$abell_directory/environment.sh"
set +Cefu
abell_traps
if [ "$abell_environment" != ready ]; then
  printf 'abell: the environment of the job could not be set up (see above); the command was not run\n' >&2
  exit 1
fi
