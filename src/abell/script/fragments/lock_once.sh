abell_take || abell_refuse "run $abell_run of job $abell_job belongs to another start or is revoked"
