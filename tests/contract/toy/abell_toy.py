"""A back end of another package, for the commands in toy_drm.py: it polls and hears bells, as most DRMs will need."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from abell.backends.contract import (
    Backend,
    BackendError,
    Bound,
    Call,
    Doubt,
    Exited,
    Later,
    Refused,
    Reply,
    Steps,
    Submission,
    SubmitSteps,
    Unreachable,
)
from abell.job import Cause, Sighting, State, Unknown

DRM = (sys.executable, str(Path(__file__).with_name("toy_drm.py")))


class Toy(Backend):
    name = "toy"
    prefix = "#TOY"
    own_id = "${TOY_ID:-}"
    poll_every_s = 0.5
    settle_s = 3.0
    record_s = 5.0
    requeues = True
    states: ClassVar[Mapping[str, State | Cause]] = {
        "waiting": State.QUEUED,
        "running": State.RUNNING,
        "ending": State.RUNNING,
        "held": State.HELD,
        "node": Cause.NODE,
        "done": Cause.OK,
        "failed": Cause.EXIT,
        "cancelled": Cause.CANCELLED,
    }

    def __init__(self, runner_params: Mapping[str, Any]) -> None:
        self._spool = os.environ["TOY_SPOOL"]

    def directives(self, submission: Submission) -> Iterator[tuple[str, object]]:
        yield "name", submission.key

    def _call(self, *words: str) -> Call:
        return Call((*DRM, self._spool, *words))

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        words = [word for s in submissions for word in _words(s)]
        reply = yield self._call("submit", *words)
        ids = iter(reply.out.split() if isinstance(reply, Exited) else ())
        for s in submissions:
            match reply:
                case Exited(0, _, _):
                    yield Bound(s.key, next(ids))
                case Exited(_, _, err):
                    yield Refused(s.key, err.strip())
                case Unreachable(reason, began=False):
                    yield Later(s.key, reason)
                case _:
                    yield Doubt(s.key, str(reply))

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        rows = _rows((yield self._call("status", *ids)))
        return {native_id: self._seen(native_id, word, rest) for native_id, word, *rest in rows}

    def _seen(self, native_id: str, word: str, rest: list[str]) -> Sighting | Unknown:
        if word == "unknown":
            return Unknown(native_id, word)
        meaning = self.meaning(word) or State.RUNNING
        return Sighting(
            native_id,
            word,
            state=meaning if isinstance(meaning, State) else None,
            cause=meaning if isinstance(meaning, Cause) else None,
            exit_code=int(rest[0]) if rest else None,
        )

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        _rows((yield self._call("cancel", *ids)))

    def find(self, keys: Sequence[str]) -> Steps[dict[str, str]]:
        rows = _rows((yield self._call("find", *keys)))
        return {row[0]: row[1] for row in rows}


def _words(s: Submission) -> tuple[str, ...]:
    return (s.key, s.runner, "again" if s.requeue else "once", s.script, s.stdout, s.stderr)


def _rows(reply: Reply) -> list[list[str]]:
    if isinstance(reply, Exited) and reply.code == 0:
        return [line.split() for line in reply.out.splitlines()]
    raise BackendError(str(reply))
