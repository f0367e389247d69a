# The streams are opened first, so that a failure to do so is told apart, and given to the command alone, so that what
# the shell says of it ("Killed") goes to the job's own stream.
abell_stage=streams
if [ "$abell_stop" = 0 ]; then
  {
    abell_stage=ran
    abell_command
    abell_code=$?
  } 7>"$abell_directory/outputs/tool_stdout" 8>"$abell_directory/outputs/tool_stderr"
fi
