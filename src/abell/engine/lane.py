"""One runner at work: its back end, its live attempts, its own thread for files. Nothing in it holds up another."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from abell.backends.contract import (
    Ask,
    Backend,
    BackendError,
    Learned,
    Reply,
    Steps,
    Submission,
    Want,
)
from abell.config.model import Runner
from abell.engine.file_thread import FileThread
from abell.engine.live import Live
from abell.hosts.drive import drive, drive_submit
from abell.hosts.local import LocalHost
from abell.passing import passes, trouble
from abell.store.sqlite import Superseded

log = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_PAUSE = 60.0  # seconds between two tries at something that keeps failing


class Lane:
    """`lives` are its attempts by key. `pause` backs off after a failure; `why_paused` is for people."""

    def __init__(
        self,
        runner: Runner,
        backend: Backend,
        ask_peer: Callable[[Ask], Awaitable[Reply]],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake` has the engine's loop tick."""
        self.runner = runner
        self.backend = backend
        self.lives: dict[str, Live] = {}
        self.unbound: set[str] = set()  # keys of those of which nobody knows whether the DRM has them
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.why_paused = ""
        self._host = LocalHost()
        self._ask_peer = ask_peer
        self._wake = wake
        self._files = FileThread(f"files-{runner.id}")
        self._failures = 0
        self._paused_until = 0.0  # monotonic seconds
        self.next_poll = 0.0  # monotonic seconds, as the next two
        self.next_audit = 0.0
        self.next_cancel: float | None = None

    # -- back-off -------------------------------------------------------------------------------------------------

    def pause(self, why: str) -> float:
        """Submit nothing for a while, longer each time in a row; for how long, in seconds."""
        seconds = min(0.5 * 2.0**self._failures, LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 20)
        self._paused_until = time.monotonic() + seconds
        if why != self.why_paused:
            log.warning("runner %s pauses: %s", self.runner.id, why)
        self.why_paused = why
        return seconds

    def recovered(self) -> None:
        """Something worked again."""
        if self.why_paused:
            log.info("runner %s goes on", self.runner.id)
        self._failures, self._paused_until, self.why_paused = 0, 0.0, ""

    @property
    def paused_for(self) -> float:
        """Seconds until the next try; 0 if there is no pause."""
        return max(0.0, self._paused_until - time.monotonic())

    def room(self) -> int:
        """How many more attempts may be handed to the DRM now."""
        if self.paused_for:
            return 0
        try:
            most = self.backend.room(self.runner.workers)
        except Exception:  # a back end of somebody else's: its defect is this lane's trouble, and nobody else's
            log.exception("runner %s: its back end cannot tell how many jobs it takes", self.runner.id)
            self.pause("its back end failed; see the server's log")
            return 0
        return MOST_AT_ONCE if most is None else max(0, min(most - len(self.lives), MOST_AT_ONCE))

    def why_full(self) -> str:
        """Why a waiting job of this runner is not submitted now; '' if it is about to be."""
        if self.why_paused:
            return self.why_paused
        if self.room() == 0:
            return f"the runner {self.runner.id} has {len(self.lives)} jobs already; earlier ones go first"
        return ""

    def cancel_again_in(self, seconds: float) -> None:
        """Until it is known that a cancellation arrived, it is asked for again."""
        self.next_cancel = time.monotonic() + seconds

    def due(self, waiting: bool) -> list[float]:
        """Monotonic seconds of what is to be done next; `waiting`: jobs wait to be submitted."""
        now = time.monotonic()
        due = [] if self.next_cancel is None else [self.next_cancel]
        if self.paused_for and (waiting or self.unbound):
            due.append(now + self.paused_for)
        if self.lives:
            due.append(self.next_audit)
            if "poll" not in self.tasks:
                due.append(self.next_poll)
        return due

    # -- doing ----------------------------------------------------------------------------------------------------

    async def _fulfil(self, want: Want) -> Reply:
        return await (self._ask_peer(want) if isinstance(want, Ask) else self._host.run(want))

    async def ask(self, steps: Steps[T]) -> T:
        return await drive(steps, self._fulfil)

    async def submit(self, submissions: Sequence[Submission], learn: Callable[[Learned], None]) -> None:
        await drive_submit(self.backend.submit(submissions), self._fulfil, learn)

    async def files(self, work: Callable[[], T]) -> T:
        """Do file work in this lane's own thread: a file system that hangs holds up this lane only."""
        return await self._files.do(work)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Begin a named task unless one of that name is under way; whether it was begun."""
        if name in self.tasks:
            return False

        async def guarded() -> None:
            try:
                await work()
            except BackendError as error:
                log.warning("runner %s, %s: %s", self.runner.id, name, error)
            except Superseded as error:
                log.warning("runner %s, %s: %s", self.runner.id, name, error)
                self._wake()  # the loop finds out as well, and leaves
            except sqlite3.OperationalError as error:
                self.pause(f"the database cannot be used: {error}")
            except OSError as error:
                if not passes(error):
                    log.exception("runner %s, %s", self.runner.id, name)
                self.pause(f"{name}: {trouble(error)}")
            except Exception:  # the last fence: a defect in one lane's step must not stop the others
                log.exception("runner %s, %s", self.runner.id, name)
                self.pause(f"{name} failed inside Abell; see the server's log")
            finally:
                self.tasks.pop(name, None)

        self.tasks[name] = asyncio.get_running_loop().create_task(guarded())
        return True

    def close(self) -> None:
        for task in list(self.tasks.values()):
            task.cancel()
        self._files.close()


MOST_AT_ONCE = 64  # attempts per submission: one transaction, one message
