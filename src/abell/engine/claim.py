"""Which waiting jobs go now: as many as their runner has room for, in order, claimed durably before anything else."""

from __future__ import annotations

import json
import operator
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from abell.engine.board import Board
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.faults import point
from abell.job import State, new_key
from abell.request_json import from_json
from abell.script.bell import new_token
from abell.store import statements as st


def claim(board: Board, lane: Lane, destinations: Iterable[str]) -> list[Live]:
    """The attempts claimed in this lane now, for these of its destinations."""
    room = lane.room()
    if not room:
        return []
    now = time.time()
    rows: list[sqlite3.Row] = []
    asked: dict[str, int] = {}
    for destination in destinations:
        if most := lane.room_for(destination):
            found = st.next_waiting(board.database.reader, destination, most, lane.trying)
            rows += found
            asked[destination] = most - len(found)
    rows = sorted(rows, key=operator.itemgetter(*(("attempt", "id") if lane.trying else ("id",))))[:room]
    if not rows:
        board.waiting -= asked.keys()
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
        board.waiting -= {destination for destination, left in asked.items() if left}
    for live in lives:
        board.adopt(live)
        lane.in_flight.add(live.key)
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
        lane=lane.id,
        destination=board.configuration.destinations[row["destination_id"]],
        request=from_json(json.loads(row["request"])),
        directory=Path(before["directory"]) if before else board.layout.attempt(row["id"], number),
        state=State.SUBMITTING,
        bell=new_token() if lane.backend.rings else "",
    )
