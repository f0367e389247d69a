"""Runs a back end's steps: hands on what they yield, sends them the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from abell.backends.contract import Ask, Call, Learned, Reply, Steps, SubmitSteps, Want

T = TypeVar("T")


async def drive(steps: Steps[T], fulfil: Callable[[Want], Awaitable[Reply]]) -> T:
    """The value of the steps, each wish fulfilled by `fulfil`."""
    try:
        want = next(steps)
        while True:
            want = steps.send(await fulfil(want))
    except StopIteration as done:
        value: T = done.value
        return value


async def drive_submit(
    steps: SubmitSteps, fulfil: Callable[[Want], Awaitable[Reply]], learn: Callable[[Learned], None]
) -> None:
    """As `drive`; what the back end learns on the way goes to `learn` at once."""
    try:
        want = next(steps)
        while True:
            if isinstance(want, Call | Ask):
                want = steps.send(await fulfil(want))
            else:
                learn(want)
                want = steps.send(None)
    except StopIteration:
        return
