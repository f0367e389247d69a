"""What replies of any DRM's commands mean. Pure; what a DRM says each time, and how it words a refusal, is its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from abell.backends.contract import BackendError, Exited, Later, Reply, Submission, TimedOut, Unreachable

Outcome = Literal["refused", "destination", "cluster", "doubt"]  # the middle two: Later, and what it holds up


class Said(NamedTuple):
    """A text of the command that submits, and whether the DRM has the job after it."""

    words: re.Pattern[str]
    outcome: Outcome


def said(words: str, outcome: Outcome) -> Said:
    return Said(re.compile(words, re.IGNORECASE), outcome)


def outcome(rows: Iterable[Said], text: str) -> Outcome:
    """By the first row that is found in it; a text that nobody knows is doubt."""
    return next((row.outcome for row in rows if row.words.search(text)), "doubt")


def whole_lines(text: str) -> list[str]:
    """Of one that was cut nothing is believed: 12 may have been 123."""
    return [line.strip() for line in text.splitlines(keepends=True) if line.endswith("\n")]


def holds_up(no: Later, other: Submission, job: Submission) -> bool:
    """Whether what was said of the other job, for now, goes for this one, too: of the same cluster."""
    alike = other.params == job.params and other.resources.account == job.resources.account
    return no.holds_up == "cluster" or alike


def why(reply: Reply, command: str, brief: Callable[[str], str]) -> str:
    """What went wrong, for people; `brief` makes what this DRM's commands print readable."""
    match reply:
        case Exited(code, out, err) if code < 0:
            return f"{command} was killed by signal {-code}: {brief(err or out)}".rstrip(": ")
        case Exited(code, out, err):
            return f"{command} exited with {code}: {brief(err or out)}".rstrip(": ")
        case TimedOut(after_s, _, err):
            return f"{command} has not answered for {after_s:.0f} s: {brief(err)}".rstrip(": ")
        case Unreachable(reason):
            return reason
        case _:
            return str(reply)


def succeeded(reply: Reply, command: str, brief: Callable[[str], str]) -> str:
    """Its output, or BackendError."""
    if isinstance(reply, Exited) and reply.code == 0:
        return reply.out
    raise BackendError(why(reply, command, brief))
