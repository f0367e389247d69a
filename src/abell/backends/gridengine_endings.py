"""Endings: what a record of the accounting means, and which limit a killed job has reached. Pure.

`failed 37` says only "a limit": times and sizes are compared with what the job and its queue were given. Amounts of
memory and processor time are for one slot (sge_complex(5), queue_conf(5)).
"""

from __future__ import annotations

import signal as signals
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from abell.backends.gridengine_accounting import Record
from abell.backends.gridengine_amounts import AmountError, size_bytes, time_s
from abell.backends.gridengine_script import key_of
from abell.backends.gridengine_words import FAILED, Kind, enforced
from abell.job import Cause, Sighting, Usage

ROUNDED_S = 1.0  # times are told in whole seconds
EXIT_IN_ERROR = 100  # an exit code that puts a job into state E (qsub(1), "EXIT STATUS")


@dataclass(frozen=True, slots=True)
class Given:
    """Limits that a job ran under: what it asked for, for one slot, and what its queue gives."""

    asked: Mapping[str, str] = field(default_factory=dict)
    queue: Mapping[str, str] = field(default_factory=dict)

    def least(self, name: str, amount: Callable[[str], int | None]) -> int | None:
        """The tighter one of this name; None without any."""
        found = []
        for text in (self.asked.get(name, ""), self.queue.get(name, "")):
            try:
                found.append(amount(text))
            except AmountError:
                continue
        return min((limit for limit in found if limit), default=None)

    def time(self, name: str) -> int | None:
        return self.least(name, time_s)

    def size(self, name: str) -> int | None:
        return self.least(name, size_bytes)


def kind(record: Record) -> Kind:
    """What `failed` means; a code that nobody knows is a failure of the node's, if the job was not started."""
    if record.failed is None:
        return "ran"
    if record.failed not in FAILED and enforced(record.failed_text):
        return "limit"
    return FAILED.get(record.failed, "ran" if record.started else "node")


def last(records: Iterable[Record], number: str, key: str = "") -> Record | None:
    """The last run of this job: numbers are used again when they have wrapped, and each run has a record."""
    found = [r for r in records if r.number == number and (not key or key_of(r.name) == key)]
    return found[-1] if found else None


def lives_again(record: Record) -> bool:
    """It was put back into the queue after that run: nothing is over."""
    return kind(record) == "lives"


def ended(native_id: str, record: Record, given: Given = Given(), deleted: str | None = None) -> Sighting:
    """How a job has ended. `deleted`: None, or by whom as far as known. Not for a run after which it lives again."""
    given = replace(given, asked=given.asked or record.requests)
    by = record.deleted_by or deleted
    seen = Sighting(
        native_id,
        word(record),
        key=key_of(record.name),
        host=record.host,
        usage=Usage(record.elapsed_s, record.cpu_s, record.memory_bytes or record.rss_bytes),
    )
    what, status = kind(record), record.exit_status
    number = status - 128 if status is not None and 128 < status < 128 + 65 else None
    if what == "job":
        return replace(seen, cause=Cause.REJECTED, reason=f"{word(record)}: see `abell logs ID --job`")
    if what == "node":
        return replace(seen, cause=Cause.NODE, reason=word(record))
    if what == "limit":
        cause, reason = limit(record, given)
        return replace(seen, cause=cause, reason=reason, signal=number if cause is Cause.SIGNAL else None)
    if by is not None and (what == "signal" or number is not None):
        return replace(seen, cause=Cause.CANCELLED, reason=f"by {by}" if by else "", signal=number)
    if number is not None:
        cause, reason = by_signal(record, given, number, died=what == "signal")
        return replace(seen, cause=cause, reason=reason, signal=number, exit_code=None)
    if what == "signal":  # and by none: its shepherd or its node has died, or a task of its parallel environment
        return replace(seen, cause=Cause.EXIT, reason=word(record))
    if status == 0:
        return replace(seen, cause=Cause.OK, exit_code=0)
    return replace(seen, cause=Cause.EXIT, exit_code=status)


def word(record: Record) -> str:
    """Grid Engine's own."""
    if record.failed:
        return f"failed {record.failed}" + (f": {record.failed_text}" if record.failed_text else "")
    return f"exit_status {record.exit_status}"


_CAUSES: Sequence[tuple[tuple[str, ...], Cause]] = (
    (("rt", "cpu"), Cause.WALLTIME),
    (("vmem", "rss", "data", "stack", "m_mem_free"), Cause.MEMORY),
    (("fsize",), Cause.OUTPUT_SIZE),
)


def of_limit(name: str) -> Cause | None:
    """The cause that exceeding this limit is."""
    short = name.removeprefix("h_").removeprefix("s_")
    return next((cause for names, cause in _CAUSES if short in names), None)


def limit(record: Record, given: Given) -> tuple[Cause, str]:
    """Which limit has killed it, and the words for that.

    The elapsed time is exact. Memory is looked at now and then: a peak may have been missed, so what is left when time
    is ruled out is believed. Where nothing is known of its limits it is a signal: the best that can be said.
    """
    named = enforced(record.failed_text)
    if named and (cause := of_limit(named)):
        return cause, exceeded(named, record, given)
    if _reached(record.elapsed_s, given.time("h_rt"), ROUNDED_S):
        return Cause.WALLTIME, exceeded("h_rt", record, given)
    if _reached(record.memory_bytes, _slots(given.size("h_vmem"), record)):
        return Cause.MEMORY, exceeded("h_vmem", record, given)
    if _reached(record.cpu_s, _slots(given.time("h_cpu"), record), ROUNDED_S):
        return Cause.WALLTIME, exceeded("h_cpu", record, given)
    left = [name for name, amount in (("h_vmem", given.size), ("h_cpu", given.time)) if amount(name) is not None]
    if len(left) == 1 and (cause := of_limit(left[0])):
        return cause, exceeded(left[0], record, given)
    return Cause.SIGNAL, f"{word(record)}; which of them is not known"


def by_signal(record: Record, given: Given, number: int, died: bool) -> tuple[Cause, str]:
    """A limit that sends this signal and was reached, else just the signal. `died`: the script itself, not its command.

    Soft limits: s_rt sends SIGUSR1, s_cpu and s_vmem send SIGXCPU (queue_conf(5)). Hard ones send SIGKILL.
    """
    if number == signals.SIGUSR1 and _reached(record.elapsed_s, given.time("s_rt"), ROUNDED_S):
        return Cause.WALLTIME, exceeded("s_rt", record, given)
    if number == signals.SIGXCPU:
        for name, amount in (("s_cpu", given.time), ("h_cpu", given.time)):
            if _reached(record.cpu_s, _slots(amount(name), record), ROUNDED_S):
                return Cause.WALLTIME, exceeded(name, record, given)
        if given.size("s_vmem"):
            return Cause.MEMORY, exceeded("s_vmem", record, given)
    if number == signals.SIGKILL:
        if died and _reached(record.elapsed_s, given.time("h_rt"), ROUNDED_S):
            return Cause.WALLTIME, exceeded("h_rt", record, given)
        if _reached(record.memory_bytes, _slots(given.size("h_vmem"), record)):
            return Cause.MEMORY, exceeded("h_vmem", record, given)
    return Cause.SIGNAL, ""


def _slots(limit: int | None, record: Record) -> int | None:
    return None if limit is None else limit * record.slots


def _reached(used: float | None, limit: int | None, rounded: float = 0.0) -> bool:
    return used is not None and limit is not None and used >= limit - rounded


def exceeded(name: str, record: Record, given: Given) -> str:
    """For people: `ran 4 s of h_rt=3`, `killed at 259 MiB of h_vmem=100M in 1 slot`."""
    amount = given.asked.get(name) or given.queue.get(name, "")
    limit = f"{name}={amount}" if amount else name
    slots = f" for each of {record.slots} slots" if amount and record.slots > 1 and not name.endswith("_rt") else ""
    if name.endswith("_rt") and record.elapsed_s is not None:
        return f"ran {record.elapsed_s:.0f} s of {limit}"
    if name.endswith("_cpu") and record.cpu_s is not None:
        return f"took {record.cpu_s:.0f} s of processor time of {limit}{slots}"
    if of_limit(name) is Cause.MEMORY and record.memory_bytes is not None:
        return f"seen at {record.memory_bytes >> 20} MiB of {limit}{slots}"
    return f"exceeded {limit}{slots}"


def queue_limits(text: str) -> dict[str, str]:
    """Limit -> amount, of `qconf -sq QUEUE`; exceptions for some hosts (`[host=...]`) are left out."""
    found = {}
    for line in text.replace("\\\n", " ").splitlines():
        name, _, value = line.partition(" ")
        if name[:2] in ("h_", "s_"):
            amount = value.strip().partition(",[")[0].strip()
            if amount and amount != "INFINITY":
                found[name] = amount
    return found
