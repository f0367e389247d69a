"""One runner at work on one cluster: its back end, its live attempts, its own thread for files.

Nothing in it holds up another.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
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
from abell.engine.back_off import BackOff
from abell.engine.budget import Budget
from abell.engine.file_thread import FileThread
from abell.engine.live import Live
from abell.engine.rhythm import Rhythm
from abell.hosts.drive import drive, drive_submit
from abell.hosts.local import LocalHost
from abell.passing import passes, trouble
from abell.store.sqlite import Superseded

log = logging.getLogger(__name__)
T = TypeVar("T")

SLOW_S = 10.0  # after which a command that has not answered is worth a word
NO_BUDGET = Budget(None)


def lane_id(runner: Runner, cluster: str) -> str:
    return f"{runner.id} ({cluster})" if cluster else runner.id


class Lane:
    """`lives` are its attempts by key. Its own trouble pauses all of it, a destination's trouble that one alone."""

    def __init__(
        self,
        runner: Runner,
        backend: Backend,
        ask_peer: Callable[[Ask], Awaitable[Reply]],
        wake: Callable[[], None] = lambda: None,
        cluster: str = "",
        budget: Budget = NO_BUDGET,
    ) -> None:
        """`wake` has the engine's loop tick; `budget` is the cluster's."""
        self.id = lane_id(runner, cluster)
        self.runner = runner
        self.cluster = cluster
        self.backend = backend
        self.lives: dict[str, Live] = {}
        self.unbound: set[str] = set()  # keys of those of which nobody knows whether the DRM has them
        self.in_flight: set[str] = set()  # keys of those that are being submitted
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.rhythm = Rhythm(backend, budget)
        self._back_off = BackOff()
        self._destinations: dict[str, BackOff] = {}
        self._host = LocalHost()
        self._ask_peer = ask_peer
        self._wake = wake
        self._files = FileThread(f"files-{self.id}")
        self.next_audit = 0.0  # monotonic seconds, as the next
        self.next_cancel: float | None = None

    # -- back-off -------------------------------------------------------------------------------------------------

    @property
    def why_paused(self) -> str:
        return self._back_off.why

    @property
    def paused_for(self) -> float:
        """Seconds until the next try; 0 if there is no pause."""
        return self._back_off.remaining

    def pause(self, why: str, destination: str = "") -> float:
        """Submit nothing for a while, or nothing for this destination; for how long, in seconds."""
        back_off = self._destinations.setdefault(destination, BackOff()) if destination else self._back_off
        if why != back_off.why:
            log.warning("%s pauses: %s", f"destination {destination}" if destination else f"runner {self.id}", why)
        return back_off.failed(why)

    def recovered(self, since: float = math.inf, destinations: Collection[str] = ()) -> None:
        """What was begun at `since` (monotonic seconds) has worked, for these destinations too."""
        if self.why_paused and self._back_off.recovered(since):
            log.info("runner %s goes on", self.id)
        for destination in destinations:
            if (back_off := self._destinations.get(destination)) and back_off.recovered(since):
                del self._destinations[destination]
                log.info("destination %s goes on", destination)

    def try_again(self) -> None:
        """What was in doubt is settled, and whether submissions arrive again is still to be seen."""
        self._back_off.relent()

    @property
    def trying(self) -> bool:
        """Whether no submission has worked since one failed."""
        return self._back_off.trying

    def room(self) -> int:
        """How many more attempts may be handed to the DRM now."""
        if self.paused_for:
            return 0
        try:
            most = self.backend.room(self.runner.workers)
        except Exception:  # a back end of somebody else's: its defect is this lane's trouble, and nobody else's
            log.exception("runner %s: its back end cannot tell how many jobs it takes", self.id)
            self.pause("its back end failed; see the server's log")
            return 0
        free = self.backend.at_once if most is None else min(most - len(self.lives), self.backend.at_once)
        return max(0, min(free, 1) if self.trying else free)

    def room_for(self, destination: str) -> int:
        """As `room`, for one destination: none while it is paused, one to try it again after that."""
        back_off = self._destinations.get(destination)
        if back_off is None:
            return self.room()
        # One whose bell was faster than the answer to its submission is over, and no longer among the lives.
        trying = (live for key in self.in_flight if (live := self.lives.get(key)))
        tried = any(live.destination.id == destination for live in trying)
        return 0 if tried or back_off.remaining else min(self.room(), 1)

    def submitter(self) -> str:
        """The name of a submission that may begin now; '' if as many are under way as may overlap."""
        most = self.backend.overlap(self.runner.workers)
        if self.trying:
            most = 1
        return next((name for i in range(most) if (name := f"submit-{i}") not in self.tasks), "")

    def why_waiting(self, destination: str) -> str:
        """Why a waiting job for this destination is not submitted now; '' if it is about to be."""
        if self.why_paused:
            return self.why_paused
        if back_off := self._destinations.get(destination):
            return back_off.why
        if self.room() == 0:
            return f"the runner {self.id} has {len(self.lives)} jobs already; earlier ones go first"
        return ""

    def troubles(self) -> list[str]:
        """What holds up more than one job, for people."""
        told = [f"runner {self.id} waits: {self.why_paused}"] if self.why_paused else []
        told += [f"destination {name} waits: {each.why}" for name, each in self._destinations.items()]
        if self.lives and (why := self.rhythm.trouble):  # else nobody asks, and it would be said for ever
            told.append(f"runner {self.id} cannot be asked about its jobs: {why}")
        return told + [f"runner {self.id}: {slow}" for slow in self._host.slow(SLOW_S)]

    def cancel_again_in(self, seconds: float) -> None:
        """Until it is known that a cancellation arrived, it is asked for again."""
        self.next_cancel = time.monotonic() + seconds

    def due(self, waiting: Collection[str]) -> list[float]:
        """Monotonic seconds of what is to be done next; `waiting`: the destinations that jobs wait for."""
        now = time.monotonic()
        due = [] if self.next_cancel is None else [self.next_cancel]
        if self.paused_for and (waiting or self.unbound):
            due.append(now + self.paused_for)
        due += [now + each.remaining for d in waiting if (each := self._destinations.get(d)) and each.remaining]
        if self.lives:
            due.append(self.next_audit)
            if "poll" not in self.tasks:
                due.append(self.rhythm.next_s())
        return due

    # -- doing ----------------------------------------------------------------------------------------------------

    async def _fulfil(self, want: Want) -> Reply:
        return await (self._ask_peer(want) if isinstance(want, Ask) else self._host.run(want))

    async def ask(self, steps: Steps[T]) -> T:
        return await drive(steps, self._fulfil)

    async def question(self, steps: Steps[T]) -> T:
        """As `ask`, for steps that only ask: each command of theirs is one of the cluster's budget."""

        async def fulfil(want: Want) -> Reply:
            self.rhythm.asked()
            return await self._fulfil(want)

        return await drive(steps, fulfil)

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
                log.warning("runner %s, %s: %s", self.id, name, error)
            except Superseded as error:
                log.warning("runner %s, %s: %s", self.id, name, error)
                self._wake()  # the loop finds out as well, and leaves
            except sqlite3.OperationalError as error:
                self.pause(f"the database cannot be used: {error}")
            except OSError as error:
                if not passes(error):
                    log.exception("runner %s, %s", self.id, name)
                self.pause(f"{name}: {trouble(error)}")
            except Exception:  # the last fence: a defect in one lane's step must not stop the others
                log.exception("runner %s, %s", self.id, name)
                self.pause(f"{name} failed inside Abell; see the server's log")
            finally:
                self.tasks.pop(name, None)

        self.tasks[name] = asyncio.get_running_loop().create_task(guarded())
        return True

    def close(self) -> None:
        for task in list(self.tasks.values()):
            task.cancel()
        self._files.close()
