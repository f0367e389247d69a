"""What the steps of the engine share: lanes with their live attempts, the inbox, the times to look again.

Only the loop's own thread touches it, so it needs no locks. The database holds the truth; this is its working edge.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from abell.backends.contract import Backend
from abell.backends.registry import UnusableBackendError, make_backend
from abell.config import snapshot
from abell.config.model import Configuration, Runner
from abell.engine import finish
from abell.engine.budget import Budget
from abell.engine.inbox import Inbox
from abell.engine.lane import Lane, lane_id
from abell.engine.live import Live
from abell.engine.prepare import Layout
from abell.engine.verdict import Verdict
from abell.hosts.peers import Peers, ask
from abell.job import State
from abell.store.sqlite import Database

log = logging.getLogger(__name__)

NO_PARAMS: Mapping[str, Any] = {}


class Board:
    def __init__(
        self,
        database: Database,
        configuration: Configuration,
        layout: Layout,
        environment: Mapping[str, str],
        peers: Peers,
    ) -> None:
        self.database = database
        self.configuration = configuration
        self.layout = layout
        self.environment = environment  # the server's, as it was started
        self.lanes: dict[str, Lane] = {}
        self.unusable: dict[str, str] = {}  # lanes whose back ends cannot be had, and why
        self.inbox = Inbox()
        self.waiting: set[str] = set()  # destinations for which the database may hold waiting jobs
        self.route_after: int | None = None  # job id; None: no job's destination is open
        self.by_bell: dict[str, Live] = {}
        self.woken = asyncio.Event()
        self._peers = peers
        self._timers: list[tuple[float, int, Live]] = []
        self._counter = itertools.count()
        self._snapshots: dict[str, str] = {}
        self._budgets: dict[tuple[str, ...], Budget] = {}
        self._lane_ids: dict[str, str] = {}  # destination id -> id of its lane, '' if its back end cannot be had

    def wake(self) -> None:
        """Have the loop tick."""
        self.woken.set()

    # -- lanes and attempts ---------------------------------------------------------------------------------------

    def lane(self, runner: Runner, params: Mapping[str, Any] = NO_PARAMS) -> Lane | None:
        """The lane of this runner for a destination with these parameters, begun at its first use.

        None, noted in `unusable`, if its back end cannot be had.
        """
        if runner.id in self.unusable:
            return None
        try:
            cluster = self._backend(runner).cluster(params)
            lane = self.lanes.get(lane_id(runner, cluster))
            if lane is None:
                backend = make_backend(runner.backend, runner.params, cluster)
                lane = Lane(
                    runner,
                    backend,
                    functools.partial(ask, self._peers),
                    self.wake,
                    cluster,
                    self._budget(backend, cluster),
                )
                self.lanes[lane.id] = lane
            return lane
        except UnusableBackendError as error:
            why = str(error)
        except Exception as error:  # a back end of somebody else's
            why = f"the back end {runner.backend} cannot tell the cluster of a destination: {error}"
        log.error("runner %s: %s; its jobs are left alone until a server starts that has it", runner.id, why)
        self.unusable[runner.id] = why
        return None

    def _budget(self, backend: Backend, cluster: str) -> Budget:
        """The budget of questions that all runners of one cluster share; the most careful of them says how large."""
        asks = backend.asks_per_minute
        if asks is not None:
            asks = float(backend.runner_params.get("asks_per_minute") or asks)
        where = (backend.name, cluster, *(str(backend.runner_params.get(name, "")) for name in backend.says_cluster))
        budget = self._budgets.setdefault(where, Budget(asks))
        budget.at_most(asks)
        return budget

    def _backend(self, runner: Runner) -> Backend:
        """Any back end of this runner."""
        for lane in self.lanes.values():
            if lane.runner is runner:
                return lane.backend
        return make_backend(runner.backend, runner.params)

    def lane_of(self, destination_id: str) -> Lane | None:
        """The lane of a destination of this configuration, where new jobs for it go."""
        if destination_id not in self._lane_ids:
            place = self.configuration.destinations[destination_id]
            lane = self.lane(self.configuration.runners[place.runner], place.params)
            self._lane_ids[destination_id] = lane.id if lane else ""
        return self.lanes.get(self._lane_ids[destination_id])

    def waiting_lanes(self) -> dict[str, set[str]]:
        """Lane id -> the destinations of it that jobs wait for; those whose back ends cannot be had are left out."""
        found: dict[str, set[str]] = {}
        for destination_id in list(self.waiting):
            if destination_id not in self.configuration.destinations:
                self.waiting.discard(destination_id)
            elif lane := self.lane_of(destination_id):
                found.setdefault(lane.id, set()).add(destination_id)
            else:
                self.waiting.discard(destination_id)
        return found

    def snapshot(self, destination_id: str) -> str:
        """The destination and its runner as text, for an attempt's row."""
        text = self._snapshots.get(destination_id)
        if text is None:
            destination = self.configuration.destinations[destination_id]
            text = snapshot.to_text(destination, self.configuration.runners[destination.runner])
            self._snapshots[destination_id] = text
        return text

    def adopt(self, live: Live) -> None:
        """This attempt is the engine's business from now on."""
        lane = self.lanes[live.lane]
        lane.lives[live.key] = live
        if not live.native_id:
            lane.unbound.add(live.key)
        if live.bell:
            self.by_bell[live.bell] = live

    def drop(self, live: Live) -> None:
        lane = self.lanes[live.lane]
        lane.lives.pop(live.key, None)
        lane.unbound.discard(live.key)
        self.by_bell.pop(live.bell, None)
        live.over = True

    def is_placed(self, live: Live) -> bool:
        """Whether its job can be submitted again as it was routed: the configuration may have changed since."""
        place = self.configuration.destinations.get(live.destination.id)
        return place is not None and place.runner == live.runner and live.runner in self.configuration.runners

    @property
    def live_count(self) -> int:
        return sum(len(lane.lives) for lane in self.lanes.values())

    # -- when to look again ---------------------------------------------------------------------------------------

    def look(self, live: Live, after_s: float = 0.0) -> None:
        """Decide about this attempt at the first tick after so many seconds."""
        live.look_again = time.monotonic() + after_s
        heapq.heappush(self._timers, (live.look_again, next(self._counter), live))

    def take_due(self) -> Iterator[Live]:
        """The attempts to look at now; each is marked as being looked at."""
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, live = heapq.heappop(self._timers)
            if live.look_again is not None and live.look_again <= now and not live.looking and not live.over:
                live.look_again, live.looking = None, True
                yield live

    def looked(self, live: Live) -> None:
        """The look is over. What was learned while it was under way is worth another."""
        live.looking = False
        if live.look_again is not None:
            self.look(live, live.look_again - time.monotonic())

    def next_look(self) -> float | None:
        """Monotonic seconds of the next time at which an attempt is to be looked at."""
        return self._timers[0][0] if self._timers else None

    def begin(self, lane: Lane, kind: str, step: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Start a task of a kind of which many may be under way."""
        lane.start(f"{kind}-{next(self._counter)}", functools.partial(step, lane, *arguments))

    # -- what has been learned ------------------------------------------------------------------------------------

    def bind(self, live: Live, native_id: str) -> None:
        """The DRM has this attempt."""
        live.native_id = native_id
        if live.over:
            return  # its bell was faster than the answer to its submission
        lane = self.lanes[live.lane]
        lane.unbound.discard(live.key)
        lane.rhythm.soon(lane.backend.poll_every_s)
        self.inbox.bound[live.key] = (live, native_id)
        self.wake()

    def see(self, live: Live, state: State, why: str) -> bool:
        """The attempt is in this state; noted if that is news, and whether it is."""
        if state is live.state and why == live.why:
            return False
        live.state, live.why = state, why
        self.inbox.sighted[live.key] = (live, state, why)
        self.wake()
        return True

    def begin_again(self, live: Live, run: int) -> None:
        """The DRM has started it again by itself, and this is its last run now."""
        first = self.inbox.began[live.key][1].start if live.key in self.inbox.began else live.told_run + 1
        self.inbox.began[live.key] = (live, range(first, run + 1))
        live.told_run = run
        self.wake()

    def end(self, live: Live, decision: Verdict, outputs: Sequence[dict[str, Any]] = ()) -> None:
        """The job is over."""
        live.decided = True
        self.inbox.ended[live.key] = (live, finish.ending(live, decision, outputs))
        self.wake()
