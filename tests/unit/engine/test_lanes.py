"""Clusters apart, destinations apart: a real board and database, a back end with two clusters and limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from abell.backends import registry
from abell.backends.contract import Backend, Bound, Later, Submission, SubmitSteps
from abell.config.model import Destination, Runner, default_configuration
from abell.engine.board import Board
from abell.engine.claim import claim
from abell.engine.flow import Engine
from abell.engine.inbox import Unclaim
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.engine.prepare import Layout
from abell.engine.record import record
from abell.engine.submit import submit
from abell.job import Request
from abell.store.sqlite import Database


class Two(Backend):
    """Takes everything, but for destinations that are full and clusters that are down."""

    name = "two"
    own_id = "$ID"
    at_once = 2
    asks_per_minute = 12.0
    says_cluster = ("server",)

    def cluster(self, params: Mapping[str, Any]) -> str:
        return str(params.get("cluster", ""))

    def overlap(self, workers: int) -> int:
        return workers

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        for job in submissions:
            if job.params.get("full"):
                yield Later(job.key, "the queue is full", "destination")
            elif job.params.get("down"):
                yield Later(job.key, "nobody answers")
            else:
                yield Bound(job.key, f"id-{job.job_id}")

    def poll(self, ids: Sequence[str]) -> Any:
        return {}
        yield

    def cancel(self, ids: Sequence[str], by: str) -> Any:
        return
        yield


PLACES: dict[str, dict[str, Any]] = {
    "plain": {},
    "full": {"full": True},
    "east": {"cluster": "east"},
    "west": {"cluster": "west", "down": True},
}


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    monkeypatch.setattr(registry, "BUILT_IN", {**registry.BUILT_IN, "local": f"{__name__}:Two"})
    plain = default_configuration()
    runner = Runner("cluster", "local", "local", workers=3)
    places = {name: Destination(name, runner.id, params=params) for name, params in PLACES.items()}
    configuration = replace(plain, runners={runner.id: runner}, destinations=places, default_destination="plain")
    layout = Layout.of(tmp_path, configuration.settings)
    layout.make()
    database = Database(tmp_path / "abell.sqlite")
    database.take_over()
    board = Board(database, configuration, layout, {}, {})
    yield board
    for lane in board.lanes.values():
        lane.close()
    database.close()


def accept(board: Board, place: str, count: int) -> None:
    engine = Engine(board, changed=lambda ids: None)
    engine.accept([Request("true", destination=place) for _ in range(count)], "")


def go(board: Board, place: str) -> list[Live]:
    lane = board.lane_of(place)
    assert lane is not None
    return claim(board, lane, [place])


def test_a_full_destination_holds_up_no_other_of_its_runner(board: Board) -> None:
    async def story() -> None:
        accept(board, "full", 3)
        accept(board, "plain", 1)
        lane = board.lane_of("full")
        assert lane is not None and lane is board.lane_of("plain")
        await submit(lane, board, go(board, "full"))
        record(board)
        assert lane.why_waiting("full") == "the queue is full"
        assert "full" in board.waiting and not go(board, "full")
        assert lane.why_waiting("plain") == "" and not lane.paused_for
        (other,) = go(board, "plain")
        await submit(lane, board, [other])
        assert other.native_id and lane.why_waiting("full"), "another's success is no news of this one"
        assert any("full waits" in told for told in lane.troubles())

    asyncio.run(story())


async def paused_and_due(board: Board) -> Lane:
    """The lane of a destination that has met a limit, jobs waiting for it, and whose pause is over."""
    accept(board, "full", 5)
    lane = board.lane_of("full")
    assert lane is not None
    await submit(lane, board, go(board, "full"))
    record(board)
    lane._destinations["full"]._until = 0.0
    return lane


def test_after_its_pause_a_destination_is_tried_with_one_job(board: Board) -> None:
    async def story() -> None:
        await paused_and_due(board)
        assert len(go(board, "full")) == 1
        assert not go(board, "full"), "while that one is under way"

    asyncio.run(story())


def test_a_try_that_has_ended_before_its_submission_was_answered(board: Board) -> None:
    """Its bell was faster."""

    async def story() -> None:
        lane = await paused_and_due(board)
        [live] = go(board, "full")
        board.drop(live)
        assert live.key in lane.in_flight
        assert lane.room_for("full") == 1

    asyncio.run(story())


def test_a_cluster_that_is_down_holds_up_no_other(board: Board) -> None:
    async def story() -> None:
        accept(board, "west", 2)
        accept(board, "east", 2)
        east, west = board.lane_of("east"), board.lane_of("west")
        assert east is not None and west is not None and east is not west
        assert (east.id, west.id) == ("cluster (east)", "cluster (west)")
        await submit(west, board, go(board, "west"))
        record(board)
        assert west.paused_for and not go(board, "west")
        lives = go(board, "east")
        await submit(east, board, lives)
        assert all(live.native_id for live in lives) and not east.paused_for

    asyncio.run(story())


def test_submissions_overlap_as_the_back_end_says(board: Board) -> None:
    async def story() -> None:
        accept(board, "plain", 20)
        lane = board.lane_of("plain")
        assert lane is not None
        under_way = []
        release = asyncio.Event()
        while name := lane.submitter():
            under_way.append(go(board, "plain"))
            lane.start(name, release.wait)
        assert [len(lives) for lives in under_way] == [Two.at_once] * 3
        assert len({live.key for lives in under_way for live in lives}) == 6
        release.set()
        await asyncio.gather(*lane.tasks.values())
        assert lane.submitter()

    asyncio.run(story())


def test_what_is_being_submitted_is_not_in_doubt(board: Board) -> None:
    from abell.engine.submit import doubtful

    async def story() -> None:
        accept(board, "plain", 2)
        lives = go(board, "plain")
        lane = board.lanes["cluster"]
        assert doubtful(lane, board) == {}
        lane.in_flight.clear()
        assert set(doubtful(lane, board)) == {live.key for live in lives}

    asyncio.run(story())


def test_the_order_of_a_runner_is_kept_over_its_destinations(board: Board) -> None:
    async def story() -> None:
        for place in ("plain", "full", "plain", "full"):
            accept(board, place, 1)
        lane = board.lane_of("plain")
        assert lane is not None
        assert [live.job_id for live in claim(board, lane, ["full", "plain"])] == [1, 2]
        assert [live.job_id for live in claim(board, lane, ["full", "plain"])] == [3, 4]

    asyncio.run(story())


def test_runners_of_one_cluster_share_its_budget_and_the_most_careful_says_how_large(board: Board) -> None:
    def lane(name: str, cluster: str, **params: Any) -> Any:
        found = board.lane(Runner(name, "local", "local", params=params), {"cluster": cluster})
        assert found is not None
        return found.rhythm

    async def story() -> None:
        first, second = lane("a", "east"), lane("b", "east", asks_per_minute=6)
        others = [lane("c", "west"), lane("d", "east", server="other")]
        for _ in range(3):
            first.asked()
        assert not second.is_due() and second.next_s() > time.monotonic() + 9
        assert all(other.is_due() for other in others)

    asyncio.run(story())


def test_while_submissions_fail_the_job_that_was_tried_least_is_tried(board: Board) -> None:
    """One whose submission always ends in doubt must not keep the others from theirs."""

    async def story() -> None:
        accept(board, "plain", 2)
        lane = board.lane_of("plain")
        assert lane is not None
        for expected in ([1, 2], [1], [2]):
            if expected != [1, 2]:
                lane.pause("doubt")
                lane.try_again()
            lives = go(board, "plain")
            assert [live.job_id for live in lives] == expected
            lane.in_flight.clear()
            for live in lives:
                board.inbox.unclaimed[live.key] = Unclaim(live, "revoked", "doubt")
            record(board)

    asyncio.run(story())
