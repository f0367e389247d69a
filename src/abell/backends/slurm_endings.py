"""Endings: what the controller and the accounting tell together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from abell.backends import slurm_words
from abell.backends.slurm_listings import Booked, Queued, requested_bytes
from abell.job import Cause, Sighting

NO_NAME_YET = "allocation"  # JobName of a short job for some seconds (20.11, 22.05)


def was_refused(row: Queued) -> bool:
    """A submission that Slurm refuses as impossible leaves a job behind that it names to nobody, until it is purged."""
    return row.word == "FAILED" and row.reason == "BadConstraints"


def tells_little(seen: Sighting) -> bool:
    """Endings of which the accounting knows more: who cancelled it, how much memory it took."""
    return seen.cause in (Cause.CANCELLED, Cause.MEMORY) or is_unread(seen) or killed_by_9(seen)


def is_unread(seen: Sighting) -> bool:
    """It has failed, and neither exit code nor signal could be read."""
    return seen.cause is Cause.EXIT and seen.exit_code is None


def killed_by_9(seen: Sighting) -> bool:
    """Perhaps for its memory: a step's peak tells."""
    return seen.cause is Cause.SIGNAL and seen.signal == 9


def is_complete(said: Sighting, number: str, book: Mapping[str, Booked]) -> bool:
    """Whether the accounting has all of an ending: nothing tells the end of its output from a cut.

    For some seconds it does not know what a short job is called, nor what it has asked for: ReqMem is `0n` (20.11) or
    `16?` (22.05) then.
    """
    if not killed_by_9(said):
        return not is_unread(said)
    row = book[number]
    asked = requested_bytes(row.memory, row.processors)
    return said.usage.memory_bytes is not None and asked is not None and row.name != NO_NAME_YET


def same_ending(listed: Sighting, said: Sighting) -> bool:
    """Whether the accounting tells of the ending that the controller lists.

    It may still have an older job of that id, or an earlier run of this one: NODE_FAIL, where the job was put back into
    the queue and cancelled there (20.11). For some seconds it calls a short job "allocation" (20.11, 22.05).
    """
    return said.key in ("", listed.key) and (
        said.cause is listed.cause
        or (listed.cause, said.cause) == (Cause.SIGNAL, Cause.MEMORY)
        or (is_unread(listed) and said.cause in (Cause.SIGNAL, Cause.MEMORY))
    )


def merged(listed: Sighting, said: Sighting) -> Sighting:
    """The controller's sighting with what the accounting adds."""
    return replace(
        said,
        key=listed.key,
        restarts=listed.restarts,
        reason=said.reason or listed.reason,
        signal=said.signal or listed.signal,
    )


LAUNCH_FAILURE = 53  # ExitCode 0:53, no signal of the job's


def ended(sighting: Sighting, code: int | None, signal: int | None) -> Sighting:
    """With its exit code or signal, and the cause that they make of FAILED."""
    if sighting.cause is Cause.OK:
        return replace(sighting, exit_code=0)
    if sighting.cause is not Cause.EXIT:
        return sighting
    if sighting.reason == "BadConstraints":  # what sbatch refuses as impossible stays as a job that has failed
        return replace(sighting, cause=Cause.REJECTED, reason=f"BadConstraints: {slurm_words.HELD['BadConstraints']}")
    if signal == LAUNCH_FAILURE:
        where = f" {sighting.host}" if sighting.host else ""
        reason = (
            f"the node{where} could not open the job's directory or its output file: is that directory shared with it?"
        )
        return replace(sighting, cause=Cause.NODE, reason=reason)
    if signal:
        return replace(sighting, cause=Cause.SIGNAL, signal=signal)
    return replace(sighting, exit_code=code)
