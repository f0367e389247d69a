"""Recorded output of a real DRM, played back to its back end: a host on which each command says what it said then."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from abell.backends.contract import Ask, Call, Exited, Learned, Reply, Steps, SubmitSteps, TimedOut, Want

T = TypeVar("T")


class NotRecordedError(AssertionError):
    """The back end has run a command that was not recorded. Not `BackendError`: no back end may swallow it."""


@dataclass(frozen=True)
class Recorded:
    """One command, as it was run."""

    when: str
    user: str
    argv: tuple[str, ...]
    exit: int | None  # None: it was still running after `seconds`
    stdout: str
    stderr: str
    seconds: float

    def reply(self, timeout_s: float) -> Reply:
        if self.exit is None or self.seconds > timeout_s:
            return TimedOut(timeout_s, self.stdout, self.stderr)
        return Exited(self.exit, self.stdout, self.stderr)


@dataclass(frozen=True)
class Recording:
    """One case on one version: a file."""

    version: str
    case: str
    calls: tuple[Recorded, ...]
    scripts: Mapping[str, str]
    batch_stderr: Mapping[str, str]

    def moments(self) -> Iterator[tuple[str, str]]:
        """Each moment at which something was asked, and who asked, in order."""
        yield from dict.fromkeys((call.when, call.user) for call in self.calls)

    def at(self, when: str, user: str) -> tuple[Recorded, ...]:
        return tuple(call for call in self.calls if (call.when, call.user) == (when, user))

    def tape(self, when: str, user: str) -> Tape:
        """A host on which it is that moment for ever. Names of users are the same at all moments."""
        names = (call for call in self.calls if call.argv[0] == "id")
        return Tape((*self.at(when, user), *names), f"{self.version}/{self.case}, {when!r}")


@dataclass
class Tape:
    """A host that runs nothing: it looks up what was said."""

    calls: Sequence[Recorded]
    title: str
    asked: list[Call] = field(default_factory=list)

    def answer(self, want: Want) -> Reply:
        """The reply of then; NotRecordedError for what was not asked, or not answered twice in the same way."""
        if isinstance(want, Ask):
            raise NotRecordedError(f"{self.title}: {want}")
        self.asked.append(want)
        said = {recorded.reply(want.timeout_s) for recorded in self.calls if recorded.argv == want.argv}
        if len(said) != 1:
            raise NotRecordedError(f"{self.title}: {len(said)} different replies were recorded of {want.argv}")
        return said.pop()


def play(steps: Steps[T], answer: Callable[[Want], Reply]) -> T:
    """The value of the steps, with these answers."""
    try:
        want = next(steps)
        while True:
            want = steps.send(answer(want))
    except StopIteration as done:
        value: T = done.value
        return value


def play_submit(steps: SubmitSteps, answer: Callable[[Want], Reply]) -> list[Learned]:
    learned: list[Learned] = []
    with contextlib.suppress(StopIteration):
        want = next(steps)
        while True:
            if isinstance(want, Call | Ask):
                want = steps.send(answer(want))
            else:
                learned.append(want)
                want = steps.send(None)
    return learned


@cache
def recordings(folder: Path) -> tuple[Recording, ...]:
    """All cases in VERSION/CASE.json of this folder, by version and name."""
    return tuple(_read(json.loads(file.read_text())) for file in sorted(folder.glob("*/*.json")))


def _read(it: Mapping[str, Any]) -> Recording:
    return Recording(it["version"], it["case"], tuple(_calls(it["calls"])), it["scripts"], it.get("batch_stderr", {}))


def _calls(written: Sequence[Mapping[str, Any]]) -> Iterator[Recorded]:
    """Where a command says something else than before at the same moment, a new one begins: `ended (2)`."""
    said: dict[tuple[object, ...], tuple[str, str]] = {}
    number: dict[tuple[str, str], int] = {}
    for call in written:
        when, user, argv = call["when"], call["user"], tuple(call["argv"])
        reply = call["stdout"], call["stderr"]
        what = (when, user, argv, *call["env"].items())
        if said.setdefault(what, reply) != reply:
            said[what] = reply
            number[when, user] = number.get((when, user), 1) + 1
        nth = number.get((when, user), 1)
        name = when if nth == 1 else f"{when} ({nth})"
        yield Recorded(name, user, argv, call["exit"], *reply, call["seconds"])
