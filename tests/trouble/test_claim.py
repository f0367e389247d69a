"""A claim that could not be made durable is no claim: its jobs go on waiting, and are found again."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import time
from pathlib import Path

import pytest

from abell import configured
from abell.engine import accept
from abell.engine.board import Board
from abell.engine.claim import claim
from abell.engine.prepare import Layout
from abell.job import Request
from abell.route.static import StaticRouter
from abell.store import statements as st
from abell.store.sqlite import Database


def test_jobs_whose_claim_failed_wait_on(tmp_path: Path) -> None:
    async def scene() -> None:
        outage = False

        def guard() -> None:
            if outage:
                raise OSError(errno.EIO, "the disk is away")

        configuration = configured.load(None)
        database = Database(tmp_path / "abell.sqlite", guard)
        database.take_over()
        board = Board(database, configuration, Layout.of(tmp_path, configuration.settings), {}, {})
        rows = accept.new_jobs([Request(command="true")], StaticRouter(configuration))
        with database.transaction() as db:
            ids = st.accept(db, rows, "", time.time())
        place = rows[0].destination_id
        board.waiting.add(place)
        lane = board.lane_of(place)
        outage = True
        with pytest.raises(sqlite3.OperationalError, match="the disk is away"):
            claim(board, lane, [place])
        assert board.waiting == {place} and not board.live_count
        outage = False
        assert [live.job_id for live in claim(board, lane, [place])] == ids
        assert not board.waiting, "and then nobody waits any more"
        database.close()

    asyncio.run(scene())
