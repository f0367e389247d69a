"""Who deleted a job, where the files of the cell say it: the end of `reporting` and of the qmaster's `messages`. Pure.

Both are optional: `reporting` has it with `reporting=true joblog=true` in reporting_params, `messages` with
`loglevel log_info` (sge_conf(5)). Univa's accounting says it by itself.
"""

from __future__ import annotations

from abell.backends.gridengine_script import key_of
from abell.backends.gridengine_words import DELETED_PENDING, REGISTERED

BYTES = 262_144  # of the end of each file
# A constant program: where the files are is written in the cell, and only the machine that has it knows where that is.
PROGRAM = f"""
cd "${{SGE_ROOT:?}}/${{SGE_CELL:-default}}" || exit
tail -c {BYTES} common/reporting
spool=
while read -r name value; do [ "$name" != qmaster_spool_dir ] || spool=$value; done <common/bootstrap
[ -z "$spool" ] || tail -c {BYTES} "$spool/messages"
"""
_AUTOMATIC = ("scheduler", "master", "execution daemon", "")  # they take a job out that is over


def told(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Number -> by whom: of jobs that were ended while they ran, and of those that never ran again."""
    running: dict[str, str] = {}
    waiting: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 14 and fields[1] == "job_log":
            if fields[3] == "deleted" and fields[8] not in _AUTOMATIC and key_of(fields[13]):
                (running if fields[7] else waiting)[fields[4]] = fields[8]
        elif found := REGISTERED.search(line):
            running[found["id"]] = found["who"]
        elif found := DELETED_PENDING.search(line):
            waiting[found["id"]] = found["who"]
    return running, waiting
