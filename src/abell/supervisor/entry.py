"""One job that the supervisor has, from the moment it is taken to the moment it is over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from abell import machine
from abell.supervisor.cgroup import Group
from abell.supervisor.spec import Spec

Report = dict[str, Any]  # what clients and the journal are told of a job; see `report`


@dataclass(slots=True, eq=False)
class Entry:
    """Its main process is the one that was started; all that descend from it are the job."""

    spec: Spec
    id: str
    state: Literal["queued", "running", "closing", "over"] = "queued"  # closing: the main process is over, not the rest
    trouble: str = ""  # why it could not be started yet
    pid: int = 0
    start: int = 0  # of the main process, in clock ticks after boot; 0: not known any more
    adopted: bool = False  # another supervisor started it: its processes are not our descendants
    group: Group | None = None
    status: int | None = None  # as wait(2) tells it; None while it runs, and for ever if it was adopted
    cpu_s: float | None = None
    peak_bytes: int | None = None
    ended: float = 0.0  # uptime
    cause: str = ""  # why we end it: walltime, memory, cancelled
    reason: str = ""
    swept: int = 0  # processes that outlived the main one
    forced: float = 0.0  # uptime of the first KILL
    clear_since: float = 0.0  # uptime since when nothing of it was seen

    @property
    def key(self) -> str:
        return self.spec.key

    @property
    def began(self) -> float:
        """Uptime at which it was started, right also after a restart of the supervisor."""
        return self.start / machine.TICKS_PER_SECOND

    def word(self) -> str:
        """What became of it. Why we ended it comes first: the exit status of a killed job says only that it was."""
        if self.state == "queued":
            return "queued"
        if self.state == "running":
            return "stopping" if self.cause else "running"
        if self.state == "closing":
            return "stopping"
        if self.cause:
            return self.cause
        if self.status is None:
            return "gone"
        if os.WIFSIGNALED(self.status):
            return "killed"
        return "failed" if os.WEXITSTATUS(self.status) else "done"

    def report(self) -> Report:
        """Plain data: id, key and word always; reason, exit, signal, elapsed_s, cpu_s, memory_bytes where known."""
        told: Report = {"id": self.id, "key": self.key, "word": self.word()}
        if self.reason or self.trouble:
            told["reason"] = self.reason or self.trouble
        if self.status is not None:
            if os.WIFSIGNALED(self.status):
                told["signal"] = os.WTERMSIG(self.status)
            else:
                told["exit"] = os.WEXITSTATUS(self.status)
        if self.ended and self.start:
            told["elapsed_s"] = round(max(0.0, self.ended - self.began), 2)
        if self.cpu_s is not None:
            told["cpu_s"] = round(self.cpu_s, 3)
        if self.peak_bytes is not None:
            told["memory_bytes"] = self.peak_bytes
        return told
