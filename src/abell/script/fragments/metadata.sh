if [ "$abell_stop" = 0 ]; then
  abell_metadata
  abell_metadata_code=$?
fi
