"""Stay with one job until it has ended, copying what it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from abell.cli.interrupts import Interrupts
from abell.cli.status import StatusLine
from abell.cli.streams import Stream
from abell.client.client import Client
from abell.client.wire import JobRow
from abell.errors import AbellError
from abell.job import State

StreamName = Literal["stdout", "stderr", "job_stdout", "job_stderr"]

_SHORTEST_S = 0.02  # between two looks at files that grow: no event tells of that on a network file system
_LONGEST_S = 0.5


def follow(
    client: Client,
    job: int,
    streams: Mapping[StreamName, Stream],
    interrupts: Interrupts | None = None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> JobRow:
    """The job's row when it has ended and all that it wrote has been copied. Raises BrokenPipeError."""
    status = StatusLine()
    for stream in streams.values():
        stream.before_first = status.stop
    wake = None if interrupts is None else interrupts.fileno()
    last: JobRow | None = None
    pause: float | None = None
    try:
        with client.watch([job]) as watch:
            while watch.live:
                for last in watch.rows(pause, wake):
                    status.tell(last)
                    _turn(streams, last)
                if interrupts is not None and interrupts.take():
                    on_interrupt()
                    status.say(f"job {job}: cancelling; Ctrl-C again leaves it to end by itself")
                copied = sum(stream.copy() for stream in streams.values())
                pause = _next_pause(pause, copied, last)
        if last is None or last["state"] != State.ENDED:
            raise AbellError(f"the engine knows no job {job}", "abell ps --all lists them")
        for stream in streams.values():
            stream.copy_rest()
        return last
    finally:
        status.stop()
        for stream in streams.values():
            stream.close()


def _turn(streams: Mapping[StreamName, Stream], row: JobRow) -> None:
    for name, stream in streams.items():
        stream.follow(row[name], row["attempt"])


def _next_pause(pause: float | None, copied: int, row: JobRow | None) -> float | None:
    """None while the job writes nothing yet: the engine will tell when it does."""
    if row is None or row["state"] not in (State.RUNNING, State.SUSPENDED, State.FINISHING):
        return None
    return _SHORTEST_S if copied or pause is None else min(_LONGEST_S, pause * 1.5)
