"""Which waiting jobs go now: as many as their runner has room for, in order, claimed durably before anything else."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

from abell.engine.board import Board
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.faults import point
from abell.job import State, new_key
from abell.request_json import from_json
from abell.script.bell import new_token
from abell.store import statements as st


def claim(board: Board, runner_id: str) -> list[Live]:
    """The attempts claimed for this runner now; none while an earlier submission of it is under way."""
    runner = board.configuration.runners[runner_id]
    lane = board.lane(runner)
    if lane is None:
        board.waiting.discard(runner_id)
        return []
    room = lane.room()
    if not room or "submit" in lane.tasks:
        return []
    now = time.time()
    rows = st.next_waiting(board.database.reader, runner_id, room)
    if not rows:
        board.waiting.discard(runner_id)
        return []
    lives = [_attempt(board, row, lane) for row in rows]
    claims = [
        st.Claim(
            v.job_id,
            v.number,
            v.key,
            board.snapshot(v.destination.id),
            str(v.directory),
            v.bell,
        )
        for v in lives
    ]
    with board.database.transaction() as db:
        st.claim(db, claims, now)
    point("claim.committed")
    if len(rows) < room:  # known only now: had the commit failed, they would still be waiting
        board.waiting.discard(runner_id)
    for live in lives:
        board.adopt(live)
    return lives


def _attempt(board: Board, row: sqlite3.Row, lane: Lane) -> Live:
    """A new attempt, or one that was claimed before and certainly never submitted."""
    before = st.unsubmitted_attempt(board.database.reader, row["id"]) if row["attempt"] else None
    number = row["attempt"] if before else row["attempt"] + 1
    return Live(
        job_id=row["id"],
        number=number,
        key=before["key"] if before else new_key(),
        runner=lane.runner.id,
        destination=board.configuration.destinations[row["destination_id"]],
        request=from_json(json.loads(row["request"])),
        directory=Path(before["directory"]) if before else board.layout.attempt(row["id"], number),
        state=State.SUBMITTING,
        bell=new_token() if lane.backend.rings else "",
    )
