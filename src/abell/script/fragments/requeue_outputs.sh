    abell_path=${abell_each#*=} abell_each=$abell_saved/${abell_each%%=*}
    if [ -n "$abell_later" ]; then
      if [ -f "$abell_each" ]; then
        abell_tool cp -p "$abell_each" "$abell_path" || return
      elif [ -f "$abell_path" ] || [ -L "$abell_path" ]; then
        abell_tool rm -f "$abell_path" || return
      fi
    elif [ -f "$abell_path" ]; then
      abell_tool cp -p "$abell_path" "$abell_each" || return
    fi
  done
}
# What an earlier run left at the places of the outputs must not pass for this one's.
abell_saved=$abell_directory/_declared abell_later=
if [ -d "$abell_saved" ]; then
  abell_later=1
  abell_elsewhere || exit 1
else
  abell_saved=$abell_saved.part
  abell_tool rm -rf "$abell_saved" && abell_tool mkdir "$abell_saved" && abell_elsewhere &&
    abell_tool mv "$abell_saved" "$abell_directory/_declared" || exit 1
fi
