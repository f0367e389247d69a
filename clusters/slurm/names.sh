# What the scripts here agree on: where everything is, and which daemons there are. To be sourced.
dir=/var/lib/abell-slurm
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
clusters=(main bare other)
declare -A nodes=([main]="n1 n2 n3 n4 n5 n6 n7" [bare]="b1 b2" [other]="o1")
job_user=slurmt

# Whatever the caller had in mind for another cluster is not for these.
unset "${!SLURM_@}" "${!SBATCH_@}" "${!SQUEUE_@}" "${!SINFO_@}"

# in_cluster CLUSTER COMMAND...: a command of Slurm's, asked to talk to that cluster; no answer in 10 s is none.
in_cluster() {
    local cluster=$1
    shift
    SLURM_CONF=$dir/$cluster/slurm.conf timeout 10 "$@"
}

# until_true SECONDS COMMAND...: wait for a condition.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -le "$end" ] || return 1
        sleep 0.1
    done
}

# sql OPTION...: to the database of the accounting, as root.
sql() { mariadb --no-defaults "--socket=$dir/accounting/db.socket" "$@"; }
