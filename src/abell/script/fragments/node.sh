abell_nonce= abell_host= abell_boot= abell_started=
IFS= read -r abell_host </proc/sys/kernel/hostname
IFS= read -r abell_boot </proc/sys/kernel/random/boot_id
IFS=' ' read -r abell_started abell_each </proc/uptime
