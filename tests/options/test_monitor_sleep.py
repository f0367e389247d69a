"""`job_runner_monitor_sleep`: how often bells are listened for. A real board and spool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from abell.config.model import Settings, default_configuration
from abell.engine.board import Board
from abell.engine.live import Live
from abell.engine.prepare import Layout
from abell.engine.watch import BELLS_A_SLEEP, SHORTEST_SLEEP_S, Rung, watch
from abell.job import Request, State, new_key
from abell.script.bell import new_token
from abell.store.sqlite import Database

SLEEP = 1000.0


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    configuration = replace(default_configuration(), settings=Settings(job_runner_monitor_sleep=SLEEP))
    layout = Layout.of(tmp_path, configuration.settings)
    layout.make()
    database = Database(tmp_path / "abell.sqlite")
    board = Board(database, configuration, layout, {}, {})
    lane = board.lane(configuration.runners["local"])
    lane.rhythm.begin()
    lane.next_audit = float("inf")  # only bells can tell
    yield board
    lane.close()
    database.close()


def ringing(board: Board) -> Live:
    """A job whose bell has rung."""
    live = Live(
        job_id=1,
        number=1,
        key=new_key(),
        runner="local",
        destination=board.configuration.destinations["local"],
        request=Request("true"),
        directory=board.layout.attempt(1, 1),
        state=State.RUNNING,
        native_id="x",
        bell=new_token(),
    )
    board.adopt(live)
    (board.layout.spool / "new" / live.bell).touch()
    return live


def test_bells_are_heard_that_often(board: Board) -> None:
    async def story() -> None:
        rung = Rung()
        first = ringing(board)
        before = time.monotonic()
        watch(board, rung)
        assert rung.listening
        await rung.listening
        assert list(board.take_due()) == [first]
        # The engine sleeps until then, if nobody wakes it.
        assert before + SLEEP / BELLS_A_SLEEP <= rung.next_s <= time.monotonic() + SLEEP / BELLS_A_SLEEP

        second = ringing(board)
        watch(board, rung)
        assert not rung.listening

        rung.next_s = time.monotonic()
        watch(board, rung)
        assert rung.listening
        await rung.listening
        assert list(board.take_due()) == [second]
        rung.close()

    asyncio.run(story())


def test_no_pause_at_all_does_not_keep_a_core_busy(board: Board) -> None:
    async def story() -> None:
        board.configuration = replace(board.configuration, settings=Settings(job_runner_monitor_sleep=0.0))
        rung = Rung()
        ringing(board)
        before = time.monotonic()
        watch(board, rung)
        assert rung.listening and rung.next_s >= before + SHORTEST_SLEEP_S
        await rung.listening
        rung.close()

    asyncio.run(story())
