"""A job's whole life on one page: accept, claim, submit, watch, examine, record.

One loop decides and writes. Whatever may block (a DRM's commands, a file system) runs in the lane of its runner and
reports to the board's inbox. One transaction a tick makes the inbox durable; before that nothing is told to a client,
forgotten by a DRM or removed from a disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from abell.config import snapshot
from abell.engine import accept
from abell.engine.board import Board
from abell.engine.claim import claim
from abell.engine.examine import examine
from abell.engine.live import Live
from abell.engine.record import record, tidy
from abell.engine.submit import cancel, doubtful, resolve, submit
from abell.engine.watch import Rung, heard, poll_soon, watch
from abell.faults import point
from abell.job import Cause, Request, State
from abell.request_json import from_json
from abell.route.static import Refusal, StaticRouter
from abell.store import statements as st

log = logging.getLogger(__name__)

MOST_ROUTED_AT_ONCE = 1000
FEW = 4  # live attempts
GATHER_S = 0.01
TIDY_AGAIN_S = 60.0  # after a crash: what ended so long before the last ending may not have been tidied
LEAVE_WITHIN_S = 2.0


class Engine:
    """Runs the jobs of one root. `changed` is called with the ids of jobs whose rows have changed, after the commit."""

    def __init__(self, board: Board, changed: Callable[[Iterable[int]], None]) -> None:
        self.board = board
        self.database = board.database
        self.notice = ""  # a trouble of the engine itself, for people
        self._changed = changed
        self._router = StaticRouter(board.configuration)
        self._rung = Rung()
        self._leaving = False
        self._troubles = 0
        self._retry_at = 0.0

    # -- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take up what an earlier engine left, then tick until told to leave. Jobs go on when it leaves."""
        self._resume()
        loop = asyncio.get_running_loop()
        board = self.board
        while not self._leaving:
            try:
                if time.monotonic() >= self._retry_at:
                    self._tick()
                    self._well()
            except sqlite3.OperationalError as error:
                self._trouble(error)
            due = self._next_due()
            timer = None if due is None else loop.call_later(max(0.0, due - time.monotonic()), board.wake)
            await board.woken.wait()
            if board.live_count > FEW and not self._leaving:
                await asyncio.sleep(GATHER_S)  # with many jobs under way, one commit serves what comes meanwhile
            board.woken.clear()
            if timer is not None:
                timer.cancel()
        await self._finish_tidying()
        self._rung.close()
        for lane in board.lanes.values():
            lane.close()

    async def _finish_tidying(self) -> None:
        """What the next engine would have to do again."""
        lanes = self.board.lanes.values()
        under_way = [task for lane in lanes for name, task in lane.tasks.items() if name.startswith("tidy-")]
        if under_way and (await asyncio.wait(under_way, timeout=LEAVE_WITHIN_S))[1]:
            return
        with contextlib.suppress(sqlite3.OperationalError), self.database.transaction():
            self.database.set_meta("tidied", str(self.database.epoch))

    def _tick(self) -> None:
        board = self.board
        self.database.assert_current()
        self._changed(record(board))
        self._route()
        for lane_id, destinations in sorted(board.waiting_lanes().items()):
            lane = board.lanes[lane_id]
            while (name := lane.submitter()) and (lives := claim(board, lane, sorted(destinations))):
                lane.start(name, functools.partial(submit, lane, board, lives))
        watch(board, self._rung)
        due: dict[str, list[Live]] = {}
        for live in board.take_due():
            due.setdefault(live.lane, []).append(live)
        for lane_id, lives in due.items():
            board.begin(board.lanes[lane_id], "examine", examine, board, lives)
        for lane in board.lanes.values():
            if lane.next_cancel is not None and lane.next_cancel <= time.monotonic():
                lane.next_cancel = None
                cancel(board)
            if not lane.paused_for and doubtful(lane, board):
                lane.start("resolve", functools.partial(resolve, lane, board))

    def leave(self) -> None:
        self._leaving = True
        self.board.wake()

    def _next_due(self) -> float | None:
        """Monotonic seconds of the next thing to do that nobody wakes the loop for; None: there is none."""
        now = time.monotonic()
        if self._retry_at > now:
            return self._retry_at
        board = self.board
        due = [now] if board.inbox or self.board.route_after is not None else []
        if (look := board.next_look()) is not None:
            due.append(look)
        waiting = board.waiting_lanes()
        for lane in board.lanes.values():
            due += lane.due(waiting.get(lane.id, ()))
        if board.by_bell and not self._rung.listening:
            due.append(self._rung.next_s)
        return min(due, default=None)

    def _trouble(self, error: sqlite3.OperationalError) -> None:
        """The database cannot be written (a full disk, a lock): keep everything, say so, try again."""
        pause = min(0.5 * 2**self._troubles, 30.0)
        self._troubles += 1
        self._retry_at = time.monotonic() + pause
        self.notice = f"the database {self.database.path} cannot be written: {error}; nothing is lost, trying again"
        log.error("%s in %.1f s", self.notice, pause)

    def _well(self) -> None:
        if self.notice:
            log.info("the database can be written again")
        self.notice, self._troubles = "", 0

    # -- clients --------------------------------------------------------------------------------------------------

    def accept(self, requests: Sequence[Request], token: str) -> list[int]:
        """Ids of the accepted jobs, durable when this returns. A token that is known gives the ids it gave before."""
        known = st.ids_of_token(self.database.reader, token) if token else None
        if known is not None:
            return known
        rows = accept.new_jobs(requests, self._router)
        with self.database.transaction() as db:
            ids = st.accept(db, rows, token, time.time())
        point("accept.committed")
        self.board.waiting |= {row.destination_id for row in rows}
        self.board.wake()
        return ids

    def cancel(self, job_ids: Iterable[int], by: str) -> dict[int, str]:
        """Ask for the end of jobs: job id -> cancelling | ended | unknown, durable when this returns."""
        told: dict[int, str] = {}
        now = time.time()
        with self.database.transaction() as db:
            ends = []
            for job_id in job_ids:
                state = st.cancel(db, job_id, by, now)
                told[job_id] = "unknown" if state is None else "ended" if state is State.ENDED else "cancelling"
                if state in (State.NEW, State.WAITING):
                    ends.append(st.End(job_id, "", Cause.CANCELLED, f"by {by}, before it was submitted"))
            st.end(db, ends, now)
        point("cancel.committed")
        for lane in self.board.lanes.values():
            for live in lane.lives.values():
                if told.get(live.job_id) == "cancelling" and live.cancel_by is None:
                    live.cancel_by = by
        cancel(self.board)
        self._changed(told)
        self.board.wake()
        return told

    # -- peers ----------------------------------------------------------------------------------------------------

    def heard(self, backend: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """A peer pushed these."""
        heard(self.board, backend, messages)

    def poll_soon(self, backend: str) -> None:
        """A peer is back after it could not be heard."""
        poll_soon(self.board, backend)

    # -- start ----------------------------------------------------------------------------------------------------

    def _resume(self) -> None:
        """Take up the attempts that a DRM has or may have, and route again if the configuration changed."""
        board, db = self.board, self.database.reader
        if self.database.meta("configuration") != board.configuration.digest:
            with self.database.transaction():
                self.database.set_meta("configuration", board.configuration.digest)
                if moved := st.unroute_waiting(db):
                    log.info("the configuration changed: %d waiting jobs are routed again", moved)
        self.board.route_after = 0
        board.waiting = set(st.waiting_destinations(db))
        for row in st.live_attempts(db):
            live = self._read(row)
            if live is None:
                continue
            board.adopt(live)
            if live.native_id:
                board.look(live)
        for lane in board.lanes.values():
            log.info("runner %s: %d live attempts taken up", lane.id, len(lane.lives))
        if self.database.meta("tidied") != str(self.database.epoch - 1):
            over = ((self._read(row), Cause(row["cause"])) for row in st.last_over(db, TIDY_AGAIN_S))
            tidy(board, [(live, cause) for live, cause in over if live is not None])
        cancel(board)

    def _read(self, row: sqlite3.Row) -> Live | None:
        """An attempt as the database has it, its lane begun; None if its back end cannot be had now."""
        destination, runner = snapshot.from_text(row["destination"])
        configured = self.board.configuration.runners.get(runner.id, runner)
        if configured.backend != runner.backend:  # the name stands for another DRM now, which never heard of this one
            configured = replace(runner, id=f"{runner.id} ({runner.backend})")
        lane = self.board.lane(configured, destination.params)
        if lane is None:
            return None
        return Live(
            job_id=row["job_id"],
            number=row["number"],
            key=row["key"],
            runner=configured.id,
            lane=lane.id,
            destination=destination,
            request=from_json(json.loads(row["request"])),
            directory=Path(row["directory"]),
            state=State(row["state"]),
            native_id=row["native_id"],
            bell=row["bell"],
            cancel_by=row["cancel_by"],
            started=row["started"] is not None,
        )

    def _route(self) -> None:
        """Route jobs whose destination is open again, some at a time so that submissions go on meanwhile.

        A job that no destination takes by this configuration stays, and says why: the next one may know better.
        """
        if self.board.route_after is None:
            return
        rows = st.unrouted(self.database.reader, self.board.route_after, MOST_ROUTED_AT_ONCE)
        routed, refused = [], []
        for row in rows:
            found = self._router.route(from_json(json.loads(row["request"])))
            if isinstance(found, Refusal):
                refused.append((found.reason, row["id"]))
            else:
                place = found.destination
                routed.append((place.id, accept.params_text(place), place.runner, row["id"]))
                self.board.waiting.add(place.id)
        if rows:
            with self.database.transaction() as db:
                st.route(db, routed)
                st.leave_unrouted(db, refused)
        self.board.route_after = rows[-1]["id"] if len(rows) == MOST_ROUTED_AT_ONCE else None
        self._changed([row["id"] for row in rows])
