# What the scripts here agree on: where everything is, and which daemons there are. To be sourced.
dir=/var/lib/abell-gridengine # the SGE_ROOT of all clusters; each is a cell of it
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
frail=(frail frail2 frail3) # alike: so many tests at once may break one
clusters=(main "${frail[@]}")
daemons=(qmaster execd)
declare -A port=([main]=16444 [frail]=16454 [frail2]=16464 [frail3]=16474) # of the qmaster; the execd has the next one
declare -A groups=([main]=20000-20199 [frail]=20200-20399 [frail2]=20400-20599 [frail3]=20600-20799) # an additional group id marks the processes of each running job
# main tells at once who did what, and what became of each job; frail as Debian has it, up to 15 s late.
declare -A reporting=(
    [main]="accounting=true reporting=true flush_time=00:00:01 accounting_flush_time=00:00:00 joblog=true sharelog=00:00:00"
)
for cell in "${frail[@]}"; do
    reporting[$cell]="accounting=true reporting=false flush_time=00:00:15 joblog=false sharelog=00:00:00"
done
job_user=gridjobs # owns jobs, where they run as another user
app_user=gridapp  # an application's user: no manager, no operator
arch=lx-amd64
binaries=$dir/bin/$arch

# Whatever the caller had in mind for another cluster is not for these.
unset "${!SGE_@}"

# The names by which this machine knows itself: the one that Grid Engine uses, then those that are the same to it. Where a
# loopback address has several lines in /etc/hosts, the name of a connection's other end is not the name of the host.
host_names() {
    local address
    hostname
    { hostname -f || true; hostname -s || true; } 2>/dev/null
    for address in 127.0.0.1 127.0.1.1 $(getent ahostsv4 "$(hostname)" | awk '{print $1}' | sort -u); do
        { getent hosts "$address" || true; } | awk '{for (i = 2; i <= NF; i++) print $i}'
    done
    awk '$1 ~ /^127\./ {sub(/#.*/, ""); for (i = 2; i <= NF; i++) print $i}' /etc/hosts
}

# environment CELL: what names a cluster to each program of Grid Engine.
environment() {
    printf '%s\n' "SGE_ROOT=$dir" "SGE_CELL=$1" "SGE_QMASTER_PORT=${port[$1]}" "SGE_EXECD_PORT=$((${port[$1]} + 1))"
}

# in_cell CELL COMMAND...: a command of Grid Engine's, asked to talk to that cluster; no answer in 10 s is none.
in_cell() {
    local cell=$1
    shift
    local -a variables
    mapfile -t variables < <(environment "$cell")
    env "${variables[@]}" SGE_SINGLE_LINE=1 "PATH=$binaries:$PATH" timeout 10 "$@"
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
