"""Makes what the inbox holds durable, in one transaction; only then is anything told, forgotten or removed."""

from __future__ import annotations

import time
from collections.abc import Sequence

from abell.config.lookup import option
from abell.engine import finish
from abell.engine.board import Board
from abell.engine.inbox import Inbox
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.engine.submit import cancel
from abell.faults import point
from abell.job import Cause, State
from abell.script import bell
from abell.store import statements as st


def record(board: Board) -> set[int]:
    """Commit the inbox and empty it; the ids of the jobs whose rows have changed."""
    inbox = board.inbox
    if not inbox:
        return set()
    now = time.time()
    point("record.before")
    with board.database.transaction() as db:
        st.tell(db, [(live.job_id, now, "in doubt", live.doubt) for live in _doubted(inbox)])
        st.bind(db, [(native_id, live.key, live.job_id) for live, native_id in inbox.bound.values()], now)
        seen = [_sight(live, state, why, now) for live, state, why in inbox.sighted.values()]
        st.sight(db, seen)
        st.tell(db, ((job_id, now, "started", "") for _, _, started, job_id in seen if started is not None))
        st.begin_again(db, ((live.job_id, run) for live, runs in inbox.began.values() for run in runs), now)
        for item in inbox.unclaimed.values():
            live = item.live
            if live.cancel_by:
                why = f"by {live.cancel_by}, before it was submitted"
                st.end(db, [st.End(live.job_id, live.key, Cause.CANCELLED, why)], now)
            else:
                state = State.WAITING if board.is_placed(live) else State.NEW
                st.unclaim(db, live.key, live.job_id, item.phase, state, item.why, now)
        st.end(db, [ending for _, ending in inbox.ended.values()], now)
    point("record.committed")
    board.inbox = Inbox()
    return _apply(board, inbox)


def _doubted(inbox: Inbox) -> list[Live]:
    """Those that were in doubt, and have turned out to be with the DRM: it was not told before what became of them."""
    found = (live for live, _ in (*inbox.bound.values(), *inbox.ended.values()) if live.doubt)
    return list({live.key: live for live in found}.values())


def _sight(live: Live, state: State, why: str, now: float) -> tuple[State, str, float | None, int]:
    starts = state is State.RUNNING and not live.started
    return state, why, now if starts else None, live.job_id


def _apply(board: Board, inbox: Inbox) -> set[int]:
    """What follows from what is durable now."""
    for live in _doubted(inbox):
        live.doubt = ""
    touched = {live.job_id for live, _ in inbox.bound.values()}
    if any(live.cancel_by for live, _ in inbox.bound.values()):
        cancel(board)
    for live, state, _ in inbox.sighted.values():
        live.started |= state is State.RUNNING
        touched.add(live.job_id)
    touched |= {live.job_id for live, _ in inbox.began.values()}
    for item in inbox.unclaimed.values():
        board.drop(item.live)
        if board.is_placed(item.live):
            board.waiting.add(item.live.destination.id)
        else:
            board.route_after = 0
        touched.add(item.live.job_id)
    for live, _ in inbox.ended.values():
        board.drop(live)
        touched.add(live.job_id)
    never_ran = [item.live for item in inbox.unclaimed.values() if item.phase == "revoked" or item.live.cancel_by]
    ended = [(live, ending.cause) for live, ending in inbox.ended.values()]
    tidy(board, [*ended, *((live, Cause.CANCELLED) for live in never_ran)])
    return touched


def tidy(board: Board, ended: Sequence[tuple[Live, Cause]]) -> None:
    """Begin to clear away what is left of these attempts, whose endings are durable. May be repeated."""
    by_lane: dict[str, list[tuple[Live, Cause]]] = {}
    for live, cause in ended:
        by_lane.setdefault(live.lane, []).append((live, cause))
    for lane_id, over in by_lane.items():
        board.begin(board.lanes[lane_id], "tidy", _tidy, board, over)


async def _tidy(lane: Lane, board: Board, over: Sequence[tuple[Live, Cause]]) -> None:
    """The DRM may forget these, their bells fall silent, their working files go."""
    settings = board.configuration.settings

    def clear() -> None:
        for live, cause in over:
            finish.tidy(live.directory, cause, option(live.destination, settings, "cleanup_job"), live.requeue)
        if tokens := [live.bell for live, _ in over if live.bell]:
            bell.silence(board.layout.spool, tokens)

    await lane.files(clear)
    if ids := [live.native_id for live, _ in over if live.native_id]:
        await lane.ask(lane.backend.forget(ids))
