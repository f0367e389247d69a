"""Which of a pool's jobs may start: first in, first out, within its workers and its cores."""

from __future__ import annotations

import os
from collections import deque
from typing import Literal

from abell.supervisor.spec import Spec


class Pool:
    """The jobs of one runner. The latest job to come in says how many workers and cores it has."""

    def __init__(self) -> None:
        self.workers = 1
        self.cores: int | None = None
        self.queue: deque[Spec] = deque()
        self.running = 0
        self.slots = 0  # of the running ones
        self.paused_until = 0.0  # uptime; after a failure that time may heal

    def refusal(self, spec: Spec) -> str:
        """Why this job could never start here; empty if it could."""
        return too_wide(spec.slots, spec.cores, spec.pool)

    def put(self, spec: Spec) -> None:
        self.workers, self.cores = spec.workers, cores_of(spec)
        self.queue.append(spec)

    def take(self, now: float) -> Spec | None:
        """The next job to start, or None. The first in line is waited for, so that a wide job is never passed for ever.

        A job that is wider than the cores, because these have become fewer since, starts when it is alone.
        """
        if not self.queue or self.running >= self.workers or now < self.paused_until:
            return None
        spec = self.queue[0]
        if self.cores is not None and self.slots and self.slots + spec.slots > self.cores:
            return None
        self.queue.popleft()
        self.hold(spec)
        return spec

    def hold(self, spec: Spec) -> None:
        """Count a job that runs."""
        self.running += 1
        self.slots += spec.slots

    def release(self, spec: Spec) -> None:
        self.running -= 1
        self.slots -= spec.slots

    def put_back(self, spec: Spec, until: float) -> None:
        """It could not be started now; nothing of the pool starts before `until`."""
        self.release(spec)
        self.queue.appendleft(spec)
        self.paused_until = until


def cores_of(spec: Spec) -> int | None:
    return _count(spec.cores)


def too_wide(slots: int, cores: int | Literal["auto"] | None, pool: str) -> str:
    """Why a job of so many slots could never start in this pool; empty if it could."""
    count = _count(cores)
    if count is None or slots <= count:
        return ""
    return f"it asks for {slots} slots, and runner {pool} has {count} cores"


def _count(cores: int | Literal["auto"] | None) -> int | None:
    return len(os.sched_getaffinity(0)) if cores == "auto" else cores
