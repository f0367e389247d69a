"""From evidence to verdict: the one place that decides how a job ended. Pure, and total: every case is a row.

The rows, tried from the top; the first that fits decides. *Hard* causes are those that only the DRM can know:
walltime, memory, output_size, node, preempted, cancelled, rejected. A *last line* is one that the DRM wrote into the
job's own stderr and that names a cause. *May start again*: the destination says `requeue: true`.

| record            | the DRM's last word              | verdict                                                    |
|-------------------|----------------------------------|------------------------------------------------------------|
| any               | rejected                         | rejected, in the DRM's words                               |
| clean             | any or none                      | ok (then the outputs are checked)                          |
| not clean or none | cancelled, nobody asked Abell,   | what the last line names: some DRMs say cancelled          |
|                   | and the last line names          | whenever they end a job themselves                         |
|                   | walltime, memory, output_size,   |                                                            |
|                   | node or preempted                |                                                            |
| not clean or none | node or preempted, and the job   | wait for it to be queued again; after `settle_s` that      |
|                   | may start again                  | cause                                                      |
| not clean         | hard cause                       | that cause                                                 |
| not clean         | it lives, newer than the record, | nothing ended: go on watching                              |
|                   | and the job may start again      |                                                            |
| not clean         | over, for no hard cause; or does | what the last line names                                   |
|                   | not know the job; a last line    |                                                            |
| not clean         | over, for no hard cause          | by the record: memory; cancelled if someone asked for that |
|                   |                                  | and the script was signalled; else signal or exit          |
| not clean, and no | does not know the job, which may | by the record: nobody knows more of it                     |
| signal in it      | not start again                  |                                                            |
| not clean         | none yet, does not know the job, | wait; after `settle_s` what the last line names, else by   |
|                   | or still running                 | the record; cancelled if someone asked for that, the job   |
|                   |                                  | may start again and the DRM does not know it               |
| none              | hard cause                       | that cause                                                 |
| none              | over, exit code not 0 or signal; | what the last line names                                   |
|                   | a last line                      |                                                            |
| none              | over or does not know the job;   | wait for the record; after `record_s` what the last line   |
|                   | a last line                      | names                                                      |
| none              | over, exit code not 0 or signal  | wait for the record; after `record_s` exit or signal; lost |
|                   |                                  | if the code is 75, with which a script runs nothing        |
| none              | over, exit code 0 or not known   | wait for the record; after `record_s` lost: never ok       |
| none              | does not know the job            | wait for the record, unless told not to; after `record_s`  |
|                   |                                  | cancelled if someone asked for that, else lost             |
| none              | none, or live                    | nothing ended: go on watching                              |

A record is clean if it says exit code 0, no trapped signal and no kill for memory. A clean record is final: later
words such as NODE_FAIL do not reopen it, and no last line makes an ok. All waiting is measured on this machine's
monotonic clock. A job that may start again is over for good only when the lock of its next run has been taken as well.
"""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass

from abell.engine.last_words import LastWord
from abell.job import Cause, Sighting, Unknown, Usage
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
EXPLAINS_A_CANCELLATION = frozenset(
    {Cause.WALLTIME, Cause.MEMORY, Cause.OUTPUT_SIZE, Cause.NODE, Cause.PREEMPTED}
)  # older Slurms say CANCELLED of a job that they have killed for its memory
HAS_IT_START_AGAIN = frozenset({Cause.NODE, Cause.PREEMPTED})  # after these a DRM queues a job again, by itself
RAN_NOTHING = 75  # the job script's exit code when its run lock is not to be had: fragments/lock.sh

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
    walltime_s: int | None = None  # what it was given, for the message
    memory_mb: int | None = None
    last_words: LastWord | None = None  # in the job's own stderr
    requeue: bool = False  # the DRM may start it again
    lives: bool = False  # so the DRM says, in a word newer than the record

    @property
    def last_line(self) -> LastWord | None:
        """The last words, unless a back end takes them for a success: that is for the record alone to say."""
        return None if self.last_words and self.last_words.cause is Cause.OK else self.last_words

    @property
    def usage(self) -> Usage:
        """The DRM's figures before the record's: it is the DRM that compared them with what it gave."""
        seen = self.sighting.usage if isinstance(self.sighting, Sighting) else Usage()
        told = self.record.usage if self.record else Usage()
        return Usage(
            elapsed_s=told.elapsed_s if seen.elapsed_s is None else seen.elapsed_s,
            memory_bytes=told.memory_bytes if seen.memory_bytes is None else seen.memory_bytes,
        )


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
    record, seen, last = evidence.record, evidence.sighting, evidence.last_line
    cause = seen.cause if isinstance(seen, Sighting) else None
    if cause is Cause.REJECTED:
        assert isinstance(seen, Sighting)
        return Verdict(cause, seen.reason or seen.word)
    if record is not None and record.clean:
        return Verdict(Cause.OK, exit_code=0)
    if cause is Cause.CANCELLED and not evidence.cancel_by and last and last.cause in EXPLAINS_A_CANCELLATION:
        return by_last_words(last, evidence)
    if cause in HAS_IT_START_AGAIN and evidence.requeue and evidence.waited_s < patience.settle_s:
        return Wait(patience.settle_s - evidence.waited_s, f"it may be queued again after: {cause}")
    if record is not None:
        return _not_clean(record, cause, evidence, patience)
    return _none(cause, evidence, patience)


def _not_clean(record: Ending, cause: Cause | None, evidence: Evidence, patience: Patience) -> Verdict | Wait | None:
    """There is a record, and it is not clean; `cause` is the DRM's, if it says that the job is over."""
    seen, last = evidence.sighting, evidence.last_line
    if cause is not None and cause in HARD:
        return Verdict(cause, explain(cause, evidence), record.exit_code, record.signal)
    if evidence.requeue and evidence.lives:
        return None
    settled = evidence.waited_s >= patience.settle_s
    if last and (settled or cause is not None or isinstance(seen, Unknown)):
        return by_last_words(last, evidence)
    if settled and evidence.requeue and evidence.cancel_by and isinstance(seen, Unknown):
        return Verdict(Cause.CANCELLED, f"by {evidence.cancel_by}", record.exit_code, record.signal)
    own = record.signal is None and not record.signals  # its own exit code: no killer, whose words may be on their way
    if settled or cause is not None or (own and isinstance(seen, Unknown) and not evidence.requeue):
        return by_record(record, evidence)
    why = "the job's record is here; waiting for the last word on why it ended"
    return Wait(patience.settle_s - evidence.waited_s, why)


def _none(cause: Cause | None, evidence: Evidence, patience: Patience) -> Verdict | Wait | None:
    """There is no record."""
    seen, last = evidence.sighting, evidence.last_line
    if isinstance(seen, Sighting):
        if cause is None:
            return None
        if cause in HARD:
            return Verdict(cause, explain(cause, evidence), seen.exit_code, seen.signal)
        if last and (seen.exit_code or seen.signal):
            return by_last_words(last, evidence)
    elif seen is None:
        return None
    if evidence.waited_s < patience.record_s and not (isinstance(seen, Unknown) and seen.final):
        return Wait(patience.record_s - evidence.waited_s, "it is over; waiting for the job's own record")
    return by_last_words(last, evidence) if last else without_record(evidence)


def by_last_words(last: LastWord, evidence: Evidence) -> Verdict:
    """What the DRM wrote into the job's stderr names the cause."""
    seen = evidence.record or (evidence.sighting if isinstance(evidence.sighting, Sighting) else None)
    parts = (*_figures(last.cause, evidence), last.text)
    return Verdict(last.cause, "; ".join(parts), seen.exit_code if seen else None, seen.signal if seen else None)


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
        if seen.exit_code == RAN_NOTHING:
            why = (
                "the DRM started the job script, which ran nothing because it could not have its run lock (see "
                "`abell logs ID --job`); of a start that has the lock no record of an ending was found"
            )
            return Verdict(Cause.LOST, why, seen.exit_code)
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
    """One sentence for a person, from what was given, what was used, and the DRM's own reason."""
    seen = evidence.sighting if isinstance(evidence.sighting, Sighting) else None
    said = (seen.reason or seen.word) if seen else ""
    last = evidence.last_line
    if figures := _figures(cause, evidence):
        return "; ".join(figures)
    if last and last.cause is cause and not (seen and seen.reason):
        return last.text
    if cause is Cause.CANCELLED and said:
        return f"not through Abell; the DRM says: {said}"
    if cause in HAS_IT_START_AGAIN and seen and seen.host and seen.host not in said:
        return f"on {seen.host}: {said}"
    return said


def _figures(cause: Cause, evidence: Evidence) -> tuple[str, ...]:
    """What was given and used, or who asked; nothing where that is not known."""
    usage, walltime, memory = evidence.usage, evidence.walltime_s, evidence.memory_mb
    if cause is Cause.WALLTIME and walltime:
        ran = "reached" if usage.elapsed_s is None else f"ran {usage.elapsed_s:.0f} s of"
        return (f"{ran} the {walltime} s it was given",)
    if cause is Cause.MEMORY and memory:
        used = (usage.memory_bytes or 0) / 2**20
        if used >= memory:
            return (f"used {used:.0f} MiB of the {memory} MiB it was given",)
        seen = f" (the most that was measured is {used:.0f} MiB)" if used else ""
        return (f"exceeded the {memory} MiB it was given{seen}",)
    if cause is Cause.CANCELLED and evidence.cancel_by:
        return (f"by {evidence.cancel_by}",)
    return ()


def signal_name(number: int) -> str:
    """'signal 9 (KILL)', or the bare number where this system has no name for it."""
    try:
        return f"signal {number} ({signals.Signals(number).name.removeprefix('SIG')})"
    except ValueError:
        return f"signal {number}"


def _trapped(record: Ending) -> str:
    return f", after it was sent {', '.join(record.signals)}" if record.signals else ""
