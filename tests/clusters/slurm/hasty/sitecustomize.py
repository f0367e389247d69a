"""On the PYTHONPATH of a test's engine only: less patience with Slurm, so that a command that hangs, or that says
nothing of a job, is waited for about as many seconds as it is minutes otherwise."""

from __future__ import annotations

from dataclasses import replace

from abell.backends import slurm
from abell.backends.contract import Call, Reply
from abell.backends.slurm import Slurm
from abell.hosts.local import LocalHost

COMMAND_S = 5.0
_run = LocalHost.run


async def _hasty(self: LocalHost, call: Call) -> Reply:
    return await _run(self, replace(call, timeout_s=min(call.timeout_s, COMMAND_S)))


LocalHost.run = _hasty  # type: ignore[method-assign]
Slurm.poll_every_s = 0.5
Slurm.record_s = 3.0
Slurm.settle_s = 6.0
slurm.PATIENCE_S = 1.0
