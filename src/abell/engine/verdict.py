"""From evidence to verdict: the one place that decides how a job ended. Pure, and total: every case is a row.

The rows, tried from the top; the first that fits decides. *Hard* causes are those that only the DRM can know:
walltime, memory, output_size, node, preempted, cancelled, rejected.

| record            | the DRM's last word              | verdict                                                    |
|-------------------|----------------------------------|------------------------------------------------------------|
| any               | rejected                         | rejected, in the DRM's words                               |
| clean             | any or none                      | ok (then the outputs are checked)                          |
| not clean         | hard cause                       | that cause                                                 |
| not clean         | over, for no hard cause          | by the record: memory; cancelled if someone asked for that |
|                   |                                  | and the script was signalled; else signal or exit          |
| not clean         | none yet, or still running       | wait; after `settle_s` by the record                       |
| none              | hard cause                       | that cause                                                 |
| none              | over, exit code not 0 or signal  | wait for the record; after `record_s` exit or signal       |
| none              | over, exit code 0 or not known   | wait for the record; after `record_s` lost: never ok       |
| none              | does not know the job            | wait for the record; after `record_s` cancelled if someone |
|                   |                                  | asked for that, else lost                                  |
| none              | none, or live                    | nothing ended: go on watching                              |

A record is clean if it says exit code 0, no trapped signal and no kill for memory. A clean record is final: later
words such as NODE_FAIL do not reopen it. All waiting is measured on this machine's monotonic clock.
"""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass

from abell.job import Cause, Sighting, Unknown
from abell.script.ending import Ending

HARD = frozenset(
    {
        Cause.WALLTIME,
        Cause.MEMORY,
        Cause.OUTPUT_SIZE,
        Cause.NODE,
        Cause.PREEMPTED,
        Cause.CANCELLED,
        Cause.REJECTED,
    }
)


NOT_RUN = {
    "environment": "its environment could not be set up (see `abell logs ID --job`)",
    "workdir": "its working directory could not be entered",
    "streams": "the files for its output could not be opened",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a better word, in seconds."""

    settle_s: float  # for the DRM's terminal word, once there is a record
    record_s: float  # for the record, once the DRM says that the job is over


@dataclass(frozen=True, slots=True)
class Evidence:
    record: Ending | None
    sighting: Sighting | Unknown | None  # the DRM's last word
    cancel_by: str | None  # who asked Abell for the end, if anybody
    waited_s: float  # since the first sign of an ending
    walltime_s: int | None = None  # what was asked for, for the message
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    cause: Cause
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """No verdict yet; decide again after so many seconds, or as soon as there is more evidence."""

    for_s: float
    why: str


def verdict(evidence: Evidence, patience: Patience) -> Verdict | Wait | None:
    """The verdict, or for how long and for what to wait; None: there is no sign of an ending."""
    record, seen = evidence.record, evidence.sighting
    cause = seen.cause if isinstance(seen, Sighting) else None
    if cause is Cause.REJECTED:
        assert isinstance(seen, Sighting)
        return Verdict(cause, seen.reason or seen.word)
    if record is not None:
        if record.clean:
            return Verdict(Cause.OK, exit_code=0)
        if cause in HARD:
            assert cause is not None
            return Verdict(cause, explain(cause, evidence), record.exit_code, record.signal)
        if cause is not None or evidence.waited_s >= patience.settle_s:
            return by_record(record, evidence)
        return Wait(
            patience.settle_s - evidence.waited_s, "the job's record is here; waiting for the last word on why it ended"
        )
    if cause in HARD:
        assert cause is not None and isinstance(seen, Sighting)
        return Verdict(cause, explain(cause, evidence), seen.exit_code, seen.signal)
    if cause is None and not isinstance(seen, Unknown):
        return None
    if evidence.waited_s < patience.record_s:
        return Wait(patience.record_s - evidence.waited_s, "it is over; waiting for the job's own record")
    return without_record(evidence)


def by_record(record: Ending, evidence: Evidence) -> Verdict:
    """A record that is not clean, and no hard cause from the DRM: the best cause that is known, never a guess."""
    if record.oom_kills:
        return Verdict(Cause.MEMORY, explain(Cause.MEMORY, evidence), record.exit_code, record.signal)
    if record.signals and evidence.cancel_by:  # for DRMs that have no word for a cancellation
        return Verdict(Cause.CANCELLED, f"by {evidence.cancel_by}", record.exit_code, record.signal)
    if record.stage == "stopped":
        name = ", ".join(record.signals)
        why = f"the job was sent {name} before its command was started"
        return Verdict(Cause.SIGNAL, why, record.exit_code, record.signal)
    if not record.ran:
        return Verdict(Cause.EXIT, f"the command was not started: {NOT_RUN[record.stage]}", record.exit_code)
    if record.signal is not None:
        return Verdict(
            Cause.SIGNAL,
            f"the command was killed by {signal_name(record.signal)}{_trapped(record)}",
            record.exit_code,
            record.signal,
        )
    if record.exit_code == 0:  # not clean all the same: it was signalled, and yet its command succeeded
        name = ", ".join(record.signals)
        return Verdict(Cause.SIGNAL, f"the job was sent {name}, and its command then exited with 0", record.exit_code)
    return Verdict(Cause.EXIT, f"the command exited with {record.exit_code}{_trapped(record)}", record.exit_code)


def without_record(evidence: Evidence) -> Verdict:
    """The DRM says that it is over, or does not know it, and no record has come."""
    seen = evidence.sighting
    if isinstance(seen, Sighting):
        if seen.signal:
            return Verdict(
                Cause.SIGNAL,
                f"the job was killed by {signal_name(seen.signal)} before it could write its record",
                seen.exit_code,
                seen.signal,
            )
        if seen.exit_code:
            return Verdict(
                Cause.EXIT, f"the job script exited with {seen.exit_code} and wrote no record", seen.exit_code
            )
        said = f"the DRM's last word was {seen.word!r}" + (f" ({seen.reason})" if seen.reason else "")
    else:
        if evidence.cancel_by:
            return Verdict(Cause.CANCELLED, f"by {evidence.cancel_by}")
        said = f"the DRM no longer knows it ({seen.word})" if seen else "nothing more was heard of it"
    return Verdict(Cause.LOST, f"no record of an ending was found; {said}")


def explain(cause: Cause, evidence: Evidence) -> str:
    """One sentence for a person, from what was asked for, what was used, and the DRM's own reason."""
    seen = evidence.sighting if isinstance(evidence.sighting, Sighting) else None
    reason = seen.reason if seen else ""
    usage = seen.usage if seen else None
    parts: list[str] = []
    if cause is Cause.WALLTIME and evidence.walltime_s:
        ran = f"ran {usage.elapsed_s:.0f} s of" if usage and usage.elapsed_s is not None else "reached"
        parts.append(f"{ran} the {evidence.walltime_s} s it was given")
    if cause is Cause.MEMORY and evidence.memory_mb:
        peak = f"used {usage.memory_bytes / 2**20:.0f} MiB of" if usage and usage.memory_bytes else "exceeded"
        parts.append(f"{peak} the {evidence.memory_mb} MiB it was given")
    if cause is Cause.CANCELLED and evidence.cancel_by:
        parts.append(f"by {evidence.cancel_by}")
    return "; ".join(parts) or reason or (seen.word if seen else "")


def signal_name(number: int) -> str:
    """'signal 9 (KILL)', or the bare number where this system has no name for it."""
    try:
        return f"signal {number} ({signals.Signals(number).name.removeprefix('SIG')})"
    except ValueError:
        return f"signal {number}"


def _trapped(record: Ending) -> str:
    return f", after it was sent {', '.join(record.signals)}" if record.signals else ""
