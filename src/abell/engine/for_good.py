"""Is it over for good? What has to be sure before an ending is told: no copy of the job runs, or will ever start."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from abell.engine.board import Board
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.engine.look import AGAIN_S, Unreadable
from abell.engine.verdict import Verdict
from abell.faults import point
from abell.job import Unknown
from abell.passing import trouble
from abell.script import lock
from abell.script.safe_read import BadRecord

log = logging.getLogger(__name__)

Decided: TypeAlias = Sequence[tuple[Live, Verdict]]


async def unseen(lane: Lane, board: Board, decided: Decided) -> list[tuple[Live, Verdict]]:
    """Those that no start under another id belies; one that has not started by now never can.

    A DRM that does not know a job may have it under an id that Abell never learned.
    """
    open_ = [live for live, _ in decided if live.record is None and isinstance(live.last_word, Unknown)]
    if not open_:
        return list(decided)
    board.database.assert_current()  # whoever was superseded ends nothing
    owners = await lane.files(lambda: [_owner(live) for live in open_])
    elsewhere = set()
    for live, owner in zip(open_, owners, strict=True):
        if owner is not None and owner.native_id not in ("", live.native_id):
            log.warning("job %d: known as %s, and it started as %s", live.job_id, live.native_id, owner.native_id)
            live.last_word = live.first_sign = None
            live.cancel_sent = False
            board.bind(live, owner.native_id)
            elsewhere.add(live.key)
    return [(live, decision) for live, decision in decided if live.key not in elsewhere]


def _owner(live: Live) -> lock.Owner | None:
    """In the lane's thread: who has started it; if nobody has, nobody can from now on."""
    try:
        owner = lock.owner(live.control) or lock.revoke(live.control)
    except (OSError, BadRecord) as error:
        log.warning("job %d: its run lock cannot be taken: %s", live.job_id, error)
        return None
    return owner if isinstance(owner, lock.Owner) else None


async def closed(lane: Lane, board: Board, decided: Decided) -> list[tuple[Live, Verdict]]:
    """Those of the attempts that no further run can follow. Of the others one has begun, or it cannot be told now."""
    if not any(live.requeue for live, _ in decided):
        return list(decided)
    open_ = [live for live, _ in decided if live.requeue and not live.closed]
    if open_:
        board.database.assert_current()  # whoever was superseded ends nothing
    held = await lane.files(lambda: [_close(board, live) for live in open_])
    point("examine.closed")
    for live, holder in zip(open_, held, strict=True):
        if isinstance(holder, lock.Owner):
            live.record = live.in_stderr = live.last_word = live.first_sign = None
            live.lives = False
            board.look(live)
        elif isinstance(holder, Unreadable):
            board.see(live, live.state, f"it is over, and that it does not start again cannot be settled: {holder.why}")
            board.look(live, AGAIN_S)
        else:
            live.closed = True
    return [(live, decision) for live, decision in decided if live.closed or not live.requeue]


def _close(board: Board, live: Live) -> lock.Revoked | lock.Owner | Unreadable:
    """In the lane's thread: take the lock of the run after the last that counts."""
    if not board.layout.spool.is_dir():
        return Unreadable(f"{board.layout.jobs} is not there: is its file system mounted?")
    try:
        Path(live.control).mkdir(parents=True, exist_ok=True)
        return lock.revoke(live.control, live.run + 1)
    except OSError as error:
        return Unreadable(trouble(error))
    except BadRecord as error:
        return Unreadable(str(error))
