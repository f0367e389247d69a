abell_stage=streams
if [ "$abell_stop" = 0 ]; then
  {
    abell_stage=ran
    abell_command
    abell_code=$?
  } >"$abell_directory/outputs/tool_stdout" 2>"$abell_directory/outputs/tool_stderr"
fi
