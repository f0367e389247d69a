"""Processes that have left their parents: daemons of jobs. This process is their subreaper, so it gets them.

Whose are they? The session tells, or the environment that the job was given. A process that has shed both belongs to
one of the jobs that ran when it was first seen, and is ended with the last of them: never before its job's end, and
never left behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from abell import machine
from abell.supervisor import tree


class Strays:
    """Our children that are not jobs' main processes, each with the keys of the jobs that it may belong to."""

    def __init__(self) -> None:
        self._owners: dict[int, set[str]] = {}

    def refresh(self, mains: Collection[int], sessions: Mapping[int, str], ids: Mapping[str, str]) -> None:
        """Look for new ones. `mains`: what else our children are; `sessions`: main process -> key, also of those that

        are over but not yet cleared away; `ids`: native id -> key of the same jobs.
        """
        for pid in tree.own_children():
            if pid not in self._owners and pid not in mains:
                self._owners[pid] = _owners(pid, sessions, ids)

    def of(self, key: str, closing: Collection[str]) -> list[int]:
        """Those that are this job's: for certain, or because every other job that they may belong to is closing too."""
        others = {key, *closing}
        return [pid for pid, owners in self._owners.items() if key in owners and owners <= others]

    def reaped(self, pid: int) -> str | None:
        """It is over; the key of its job, where that is certain."""
        owners = self._owners.pop(pid, set())
        return next(iter(owners)) if len(owners) == 1 else None

    def job_over(self, key: str) -> None:
        for owners in self._owners.values():
            owners.discard(key)


def _owners(pid: int, sessions: Mapping[int, str], ids: Mapping[str, str]) -> set[str]:
    process = machine.look(pid)
    if process is not None:
        for number in (process.session, process.group):
            if number in sessions:
                return {sessions[number]}
    owner = ids.get(tree.native_id(pid) or "")
    if owner is not None:
        return {owner}
    return set(ids.values())
