if [ "$abell_stage$abell_stop" = ran0 ]; then
  abell_metadata
  abell_metadata_code=$?
fi
