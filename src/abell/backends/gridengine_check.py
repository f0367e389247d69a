"""What the doctor is told of a Grid Engine. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from abell.backends.contract import Exited, Finding, Reply
from abell.backends.gridengine_accounting import not_found
from abell.backends.gridengine_amounts import time_s
from abell.backends.gridengine_replies import why

NO_JOB = "0"  # no job has this number
PATIENCE_S = 30  # how long a record of the accounting is waited for


def version(reply: Reply) -> Finding:
    """The first line of `qstat -help`, which asks nobody."""
    if isinstance(reply, Exited) and reply.out.strip():
        return Finding(True, reply.out.strip().splitlines()[0])
    remedy = "install Grid Engine's commands, and put them on PATH, or set the runner's sge_bin"
    return Finding(False, why(reply, "qstat"), remedy)


def master(reply: Reply) -> Finding:
    """A `qstat -xml`."""
    if isinstance(reply, Exited) and reply.code == 0:
        return Finding(True, "the qmaster answers")
    return Finding(
        False, why(reply, "qstat"), "start the qmaster, or correct the runner's sge_root, sge_cell and ports"
    )


def accounting(reply: Reply) -> Finding:
    """A `qacct -j` of no job."""
    if isinstance(reply, Exited) and (not_found(reply.err + reply.out) or reply.code == 0):
        return Finding(True, "the accounting can be read: how a killed job has ended can be told")
    remedy = "let this machine and user read $SGE_ROOT/$SGE_CELL/common/accounting"
    return Finding(False, f"how a killed job has ended cannot be told: {why(reply, 'qacct')}", remedy)


def environments(reply: Reply) -> Finding:
    """A `qconf -spl`."""
    names = reply.out.split() if isinstance(reply, Exited) and reply.code == 0 else []
    if names:
        return Finding(True, f"parallel environments: {', '.join(names)}")
    return Finding(True, "no parallel environment is known: jobs with several slots are refused", "`qconf -ap smp`")


def configured(text: str) -> Iterator[Finding]:
    """What `qconf -sconf` means for Abell."""
    params = re.search(r"^reporting_params\s+((?:.*\\\n)*.*)$", text, re.MULTILINE)
    said = dict(word.partition("=")[::2] for word in (params[1] if params else "").replace("\\\n", " ").split())
    lag = time_s(said["accounting_flush_time"]) if said.get("accounting_flush_time") else None
    lag = time_s(said.get("flush_time", "15")) if lag is None else lag
    if lag is not None and lag > PATIENCE_S:
        yield Finding(
            False,
            f"the accounting is up to {lag} s late (flush_time)",
            "`accounting_flush_time=00:00:01` in reporting_params (`qconf -mconf`)",
        )
    if said.get("joblog") == "true" and said.get("reporting") == "true":
        yield Finding(True, "joblog is on: who deleted a job can be told")


def scheduling(text: str) -> Iterator[Finding]:
    """What `qconf -ssconf` means for Abell."""
    if re.search(r"^schedd_job_info\s+false", text, re.MULTILINE):
        yield Finding(
            True, "schedd_job_info is off: why a job waits cannot be told", "`schedd_job_info true` (`qconf -msconf`)"
        )
