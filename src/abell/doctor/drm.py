"""The back end's own check, with a limit for each of its questions and one for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from abell.backends.contract import Ask, Backend, Call, Finding, Reply, Want
from abell.hosts.drive import drive


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. A frozen slurmctld is given up by Slurm's own commands after MessageTimeout, 10 by default."""

    question: float = 20.0
    all: float = 60.0


async def drm(backend: Backend, fulfil: Callable[[Want], Awaitable[Reply]], limits: Limits) -> list[Finding]:
    """What it finds. A back end that fails or does not come to an end is a finding, too."""
    last: list[Want] = []

    async def within(want: Want) -> Reply:
        want = replace(want, timeout_s=min(want.timeout_s, limits.question))
        last[:] = [want]
        return await fulfil(want)

    try:
        async with asyncio.timeout(limits.all):
            return await drive(backend.check(), within)
    except TimeoutError:
        said = f"its check has not ended within {limits.all:.0f} s; the last it did was: {_words(last)}"
        return [Finding(False, said, "see whether that works by itself")]
    except Exception as error:  # a back end of somebody else's
        said = f"the back end {backend.name} failed in its own check: {type(error).__name__}: {error}"
        return [Finding(False, said, "report it to whoever maintains that back end")]


def _words(last: list[Want]) -> str:
    match last:
        case [Call(argv)]:
            return " ".join(argv)
        case [Ask(peer, verb)]:
            return f"{peer}: {verb}"
        case _:
            return "nothing"
