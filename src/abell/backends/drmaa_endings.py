"""How a job ended, as far as DRMAA tells. Pure.

| the library says                                    | cause     | because                                            |
|-----------------------------------------------------|-----------|----------------------------------------------------|
| DONE, exited with 0                                 | ok        | the record has to agree; without one it is lost    |
| DONE, exited with N                                 | exit      |                                                    |
| DONE, a signal                                      | signal    | Grid Engine says so of a job over its time or its  |
|                                                     |           | memory, too: which of them it was is not guessed   |
| DONE, no more                                       | ok        | without an exit code: only the record makes it ok. |
|                                                     |           | Grid Engine says so of a failure after an outage   |
| FAILED, a signal or exit code                       | the same  |                                                    |
| DONE or FAILED, aborted; usage exit_status over 128 | signal    | Grid Engine: it ran, and a signal ended it         |
| FAILED, aborted, a signal or no more; Abell has     | cancelled |                                                    |
| cancelled it                                        |           |                                                    |
| FAILED, aborted or no more                          | exit      | without a code: it was ended from outside, or      |
|                                                     |           | never started; without a record it is lost         |

DRMAA has no word for walltime, memory, a failed node, or who ended a job.
"""

from __future__ import annotations

import re
import signal as signals
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from abell.backends.drmaa_words import HELD_BY, STATES
from abell.job import Cause, Sighting, State, Usage

ABORTED = "the DRM ended it, or could not start it: DRMAA does not tell which"
SIGNAL = re.compile(r"(?:SIG)?([A-Z]+[0-9]*)|(\d+)", re.ASCII)


def seen(native_id: str, answer: Mapping[str, Any], cancelled_by: str = "") -> Sighting | None:
    """What an answer without an error says; None for a state that cannot be determined.

    `cancelled_by`: for whom this server has told the library to end it.
    """
    word = str(answer.get("state", ""))
    meaning = STATES.get(word)
    if meaning is None:
        return None
    if isinstance(meaning, State):
        return Sighting(native_id, word, state=meaning, reason=HELD_BY.get(word, ""))
    sighting = Sighting(native_id, word, cause=meaning)
    ended = answer.get("ended")
    if not isinstance(ended, Mapping):
        return _no_more(sighting, answer.get("ended_error"), cancelled_by)
    told = ended.get("usage")
    figures: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    sighting = replace(sighting, usage=usage(figures))
    number = signal_number(ended.get("signal"))
    if ended.get("aborted"):
        return _aborted(sighting, number or _signal_of_status(figures), cancelled_by)
    if number:
        if cancelled_by and sighting.word == "FAILED":
            return replace(sighting, cause=Cause.CANCELLED, signal=number, reason=f"by {cancelled_by}")
        return replace(sighting, cause=Cause.SIGNAL, signal=number)
    if ended.get("exited") and ended.get("exit_code") is not None:
        code = int(ended["exit_code"])
        return replace(sighting, cause=Cause.EXIT if code else Cause.OK, exit_code=code)
    return _no_more(sighting, None, cancelled_by)


def _aborted(sighting: Sighting, number: int | None, cancelled_by: str) -> Sighting:
    if cancelled_by:
        return replace(sighting, cause=Cause.CANCELLED, signal=number, reason=f"by {cancelled_by}")
    if number:
        return replace(sighting, cause=Cause.SIGNAL, signal=number, reason="the DRM says that it was aborted")
    return replace(sighting, cause=Cause.EXIT, reason=ABORTED)


def _no_more(sighting: Sighting, error: Any, cancelled_by: str) -> Sighting:
    """It is over, and nothing tells how."""
    said = str(error.get("text", "")) if isinstance(error, Mapping) else ""
    if sighting.word == "FAILED":
        if cancelled_by:
            return replace(sighting, cause=Cause.CANCELLED, reason=f"by {cancelled_by}")
        return replace(sighting, reason=f"{ABORTED} ({said})" if said else ABORTED)
    return replace(sighting, reason=f"how it ended is not told: {said}" if said else "how it ended is not told")


def signal_number(word: Any) -> int | None:
    """Of SIGKILL, KILL or 9; None for a name that this system does not have."""
    match = SIGNAL.fullmatch(str(word or "").strip().upper())
    if match is None:
        return None
    if match[2]:
        return int(match[2]) or None
    try:
        return int(signals.Signals[f"SIG{match[1]}"])
    except KeyError:
        return None


def _signal_of_status(figures: Mapping[str, Any]) -> int | None:
    """Grid Engine's exit_status: 128 and the signal."""
    status = number(figures.get("exit_status"))
    return int(status) - 128 if status is not None and 128 < status < 128 + 65 else None


# What libraries call it, the most telling first: Grid Engine; slurm-drmaa, pbs-drmaa and lsf-drmaa.
_ELAPSED = ("wallclock", "ru_wallclock", "walltime")
_CPU = ("cpu", "acct_cpu")
_MEMORY = ("maxvmem", "acct_maxvmem")


def usage(figures: Mapping[str, Any]) -> Usage:
    """What the job used, in so far as names and numbers are clear: Grid Engine's are seconds and bytes.

    pbs-drmaa's `mem` and `cput` have units of their own, and are left out.
    """
    cpu = _first(figures, _CPU)
    if cpu is None and (user := number(figures.get("ru_utime"))) is not None:
        cpu = user + (number(figures.get("ru_stime")) or 0.0)
    memory = _first(figures, _MEMORY)
    return Usage(_first(figures, _ELAPSED), cpu, int(memory) if memory else None)


def _first(figures: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((found for name in names if (found := number(figures.get(name))) is not None), None)


def number(value: Any) -> float | None:
    """A plain, finite number of at least 0."""
    text = str(value if value is not None else "").strip()
    return float(text) if re.fullmatch(r"\d{1,18}(\.\d{1,9})?", text, re.ASCII) else None
