"""The journal's lines: the boot, and one job that is not over; `ended` carries its report, `forgotten` its key."""

from __future__ import annotations

from typing import Any

from abell import machine
from abell.supervisor.entry import Entry
from abell.supervisor.journal import Fact


def boot() -> Fact:
    """What follows was written in this boot of this machine."""
    return {"fact": "boot", "boot": machine.boot_id(), "host": machine.host()}


def queued(entry: Entry) -> Fact:
    return {"fact": "queued", "key": entry.key, "id": entry.id, "spec": entry.spec.to_json()}


def started(entry: Entry) -> Fact:
    fact: dict[str, Any] = {"fact": "started", "key": entry.key, "pid": entry.pid, "start": entry.start}
    if entry.group is not None:
        fact.update(group=entry.group.path, version=entry.group.version)
    return fact


def stopping(entry: Entry) -> Fact:
    return {"fact": "stopping", "key": entry.key, "cause": entry.cause, "reason": entry.reason}
