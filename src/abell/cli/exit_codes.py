"""What `abell run` and `abell wait` end with: the command's own code, or one that says why there is none.

121 and up follow what shells, timeout(1), env(1) and docker use, so that scripts find what they expect.
"""

from __future__ import annotations

from abell.client.wire import JobRow
from abell.job import Cause

USAGE = 2
LOST = 121
REJECTED = 122
OUTPUT = 123
WALLTIME = 124
ABELL = 125
CANCELLED = 130
MEMORY = 137
BROKEN_PIPE = 141  # 128 + SIGPIPE: whoever read our output has gone

TABLE: tuple[tuple[str, str], ...] = (
    ("0-255", "the command's own exit code; 128+N if signal N killed it"),
    (str(USAGE), "the command line of abell itself was wrong"),
    (str(LOST), "the job was lost, its machine failed, or it was preempted"),
    (str(REJECTED), "the job was rejected: nothing will ever run it as asked"),
    (str(OUTPUT), "a declared output was not returned, or was too large"),
    (str(WALLTIME), "the job ran out of its time"),
    (str(ABELL), "Abell failed: no engine, a bad configuration, no such job, the doctor found something wrong, ..."),
    (str(CANCELLED), "the job was cancelled"),
    (str(MEMORY), "the job ran out of its memory"),
)

_BY_CAUSE = {
    Cause.OK: 0,
    Cause.WALLTIME: WALLTIME,
    Cause.MEMORY: MEMORY,
    Cause.OUTPUT: OUTPUT,
    Cause.OUTPUT_SIZE: OUTPUT,
    Cause.NODE: LOST,
    Cause.PREEMPTED: LOST,
    Cause.LOST: LOST,
    Cause.CANCELLED: CANCELLED,
    Cause.REJECTED: REJECTED,
}


def code_of(row: JobRow) -> int:
    """Of a job that has ended. Only `ok` is 0: a failure without a number of its own is Abell's."""
    cause = Cause(row["cause"]) if row["cause"] else None
    if cause is Cause.EXIT and row["exit_code"]:
        return row["exit_code"] & 0xFF or ABELL
    if cause is Cause.SIGNAL and row["signal"]:
        return 128 + (row["signal"] & 0x7F)
    return _BY_CAUSE.get(cause, ABELL) if cause else ABELL
