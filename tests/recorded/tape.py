"""Recorded output of a real DRM, played back to its back end: a host on which each command says what it said then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from abell.backends.contract import Call, Exited, Reply, TimedOut


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

    def at(self, when: str, user: str = "alice") -> tuple[Recorded, ...]:
        return tuple(call for call in self.calls if (call.when, call.user) == (when, user))

    def tape(self, when: str, user: str = "alice") -> Tape:
        """A host on which it is that moment for ever. Names of users are the same at all moments."""
        names = (call for call in self.calls if call.argv[0] == "id")
        return Tape((*self.at(when, user), *names), f"{self.version}/{self.case}, {when!r}")


@dataclass
class Tape:
    """A host that runs nothing: `run` looks up what was said."""

    calls: Sequence[Recorded]
    title: str
    asked: list[Call] = field(default_factory=list)

    async def run(self, call: Call) -> Reply:
        self.asked.append(call)
        said = dict.fromkeys(recorded.reply(call.timeout_s) for recorded in self.calls if recorded.argv == call.argv)
        if not said:
            raise NotRecordedError(f"{self.title}: not recorded: {call.argv}")
        return list(said)[-1]


@cache
def recordings(folder: Path) -> tuple[Recording, ...]:
    """All cases in VERSION/CASE.json of this folder, by version and name."""
    return tuple(_read(json.loads(file.read_text())) for file in sorted(folder.glob("*/*.json")))


def _read(it: Mapping[str, Any]) -> Recording:
    calls = tuple(
        Recorded(*(call[name] for name in ("when", "user")), tuple(call["argv"]), call["exit"], call["stdout"],
                 call["stderr"], call["seconds"])
        for call in it["calls"]
    )  # fmt: skip
    return Recording(it["version"], it["case"], calls, it["scripts"], it.get("batch_stderr", {}))
