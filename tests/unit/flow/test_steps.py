"""The engine's steps against a supervisor that answers when the test lets it: what comes late, twice or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from abell.backends.contract import Answered, Ask, Reply, Unreachable
from abell.config import load
from abell.engine.board import Board
from abell.engine.claim import claim
from abell.engine.examine import examine
from abell.engine.flow import Engine
from abell.engine.for_good import closed
from abell.engine.inbox import Unclaim
from abell.engine.live import Live
from abell.engine.prepare import Layout
from abell.engine.record import record
from abell.engine.server import Server
from abell.engine.submit import _cancel, resolve
from abell.engine.verdict import Verdict
from abell.engine.watch import Rung, hear, heard, poll, watch
from abell.job import Cause, Request, Sighting, State, Unknown
from abell.script import bell, lock
from abell.store import statements as st
from abell.store.sqlite import Database

Answer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Supervisor:
    """Each verb answers as the test says; `asked` has the questions."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.answers: dict[str, Answer] = {}

    async def ask(self, want: Ask) -> Reply:
        self.asked.append((want.verb, want.data))
        answer = self.answers.get(want.verb)
        return Answered(await answer(want.data)) if answer else Unreachable("not in this test")


@pytest.fixture
def supervisor() -> Supervisor:
    return Supervisor()


@pytest.fixture
def board(tmp_path: Path, supervisor: Supervisor) -> Iterator[Board]:
    configuration = load(None).configuration
    database = Database(tmp_path / "db")
    database.take_over()
    layout = Layout.of(tmp_path, configuration.settings)
    layout.make()
    board = Board(database, configuration, layout, {}, {"supervisor": supervisor.ask})
    yield board
    for lane in board.lanes.values():
        lane.close()
    database.close()


def engine_of(board: Board) -> Engine:
    return Engine(board, changed=lambda ids: None)


def claimed(board: Board, count: int) -> list[Live]:
    engine_of(board).accept([Request("true") for _ in range(count)], "")
    lane = board.lane_of("local")
    assert lane is not None
    lives = claim(board, lane, ["local"])
    lane.in_flight.clear()  # their submission was interrupted
    return lives


def bound(board: Board, count: int) -> list[Live]:
    lives = claimed(board, count)
    for live in lives:
        live.native_id = f"host:boot:{live.key}"
    return lives


def report(live: Live, word: str) -> dict[str, Any]:
    return {"id": live.native_id, "key": live.key, "word": word}


def over(live: Live, cause: Cause) -> Sighting:
    return Sighting(live.native_id, "WORD", cause=cause, key=live.key)


# -- words of the DRM ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [("running", "cancelled"), ("queued", "running")])
def test_what_was_pushed_while_a_poll_was_under_way_is_newer(
    board: Board, supervisor: Supervisor, old: str, new: str
) -> None:
    async def story() -> Live:
        (live,) = bound(board, 1)

        async def status(_: Mapping[str, Any]) -> Mapping[str, Any]:
            answer = {"jobs": [report(live, old)]}
            heard(board, "local", [report(live, new)])
            return answer

        supervisor.answers["status"] = status
        await poll(board.lanes["local"], board)
        return live

    live = asyncio.run(story())
    if new == "running":
        assert live.state is State.RUNNING
    else:
        assert isinstance(live.last_word, Sighting) and live.last_word.cause is Cause.CANCELLED


def test_a_job_that_lives_after_all_is_not_over(board: Board) -> None:
    """As when the DRM has requeued it."""

    async def story() -> Live:
        (live,) = bound(board, 1)
        hear(board, live, over(live, Cause.NODE))
        hear(board, live, Sighting(live.native_id, "RUNNING", state=State.RUNNING, key=live.key))
        return live

    live = asyncio.run(story())
    assert live.last_word is None and live.first_sign is None and live.state is State.RUNNING


def test_a_drm_that_has_given_the_id_to_another_job_knows_this_one_no_longer(board: Board) -> None:
    async def story() -> Live:
        (live,) = bound(board, 1)
        hear(board, live, Sighting(live.native_id, "WORD", cause=Cause.OK, key="another"))
        return live

    live = asyncio.run(story())
    assert isinstance(live.last_word, Unknown) and "another" in live.last_word.word
    assert live.look_again is not None


def test_a_poll_that_fails_changes_nothing(board: Board) -> None:
    async def story() -> Live:
        (live,) = bound(board, 1)
        lane = board.lanes["local"]
        lane.start("poll", lambda: poll(lane, board))
        await lane.tasks["poll"]
        return live

    live = asyncio.run(story())
    assert (live.last_word, live.state, live.look_again) == (None, State.SUBMITTING, None)


# -- jobs that their DRM may start again ----------------------------------------------------------------------------


def may_start_again(board: Board) -> Live:
    (live,) = bound(board, 1)
    live.destination = replace(live.destination, params={"requeue": True})
    Path(live.control).mkdir(parents=True)
    return live


def start(live: Live, run: int, code: int | None = None) -> None:
    """As its job script would: the lock of a run, and the record if it has ended."""
    Path(live.control, f"lock.{run}").write_text(f"nonce{run}\n{run}\nhost\n{live.native_id}\n")
    if code is not None:
        fields = {
            "abell": 1,
            "nonce": f"nonce{run}",
            "run": run,
            "host": "host",
            "native_id": live.native_id,
            "boot": "",
        }
        fields |= {"stage": "ran", "exit": code, "metadata_exit": "", "started": "1.0", "ended": "2.0", "times": ""}
        text = "".join(f"{name}={value}\0\n" for name, value in {**fields, "signals": "", "end": 1}.items())
        Path(live.control, f"ending.{run}").write_text(text)


async def look(board: Board, live: Live) -> None:
    live.look_again, live.looking = None, True
    await examine(board.lanes["local"], board, [live])


def alive(live: Live, state: State) -> Sighting:
    return Sighting(live.native_id, "WORD", state=state, key=live.key)


def ending_of(board: Board) -> st.End:
    (end,) = [ending for _, ending in board.inbox.ended.values()]
    return end


def test_a_live_word_newer_than_a_bad_record_has_the_engine_go_on(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        live = may_start_again(board)
        start(live, 1, code=3)
        await look(board, live)
        assert live.record and live.first_sign is not None and not live.decided
        hear(board, live, alive(live, State.QUEUED), None)
        assert not live.lives, "the DRM may not have known yet"
        hear(board, live, alive(live, State.QUEUED), live.record)
        monkeypatch.setattr(type(board.lanes["local"].backend), "settle_s", 0.0)
        await look(board, live)
        assert not live.decided and live.state is State.QUEUED and live.look_again is None
        start(live, 2)
        hear(board, live, alive(live, State.RUNNING), live.record)
        assert live.look_again is not None
        await look(board, live)
        assert (live.run, live.record, live.lives) == (2, None, False)
        assert [list(runs) for _, runs in board.inbox.began.values()] == [[2]]

    asyncio.run(story())


def test_a_verdict_is_given_up_if_another_start_was_faster(board: Board) -> None:
    async def story() -> None:
        live = may_start_again(board)
        start(live, 1, code=3)
        await look(board, live)
        hear(board, live, over(live, Cause.EXIT))
        start(live, 2)
        assert await closed(board.lanes["local"], board, [(live, Verdict(Cause.EXIT))]) == []
        assert (live.record, live.last_word, live.closed) == (None, None, False)
        assert live.look_again is not None
        await look(board, live)
        assert live.run == 2 and not live.decided
        start(live, 2, code=0)
        await look(board, live)
        assert live.decided and live.closed
        assert ending_of(board).cause is Cause.OK

    asyncio.run(story())


def test_nothing_is_over_while_the_next_runs_lock_cannot_be_taken(board: Board) -> None:
    async def story() -> None:
        live = may_start_again(board)
        start(live, 1, code=3)
        await look(board, live)
        hear(board, live, over(live, Cause.EXIT))
        board.layout.spool.rename(board.layout.jobs / "away")  # as if the file system were not mounted
        lane = board.lanes["local"]
        assert await closed(lane, board, [(live, Verdict(Cause.EXIT))]) == []
        assert not live.closed and live.look_again is not None and "mounted" in live.why
        (board.layout.jobs / "away").rename(board.layout.spool)
        await look(board, live)
        assert live.decided and lock.owner(live.control) == lock.Revoked(2)

    asyncio.run(story())


def test_each_run_may_ring(board: Board) -> None:
    """A bell is removed before the record is read, so that the next run's is another."""

    async def story() -> None:
        live = may_start_again(board)
        live.bell = bell.new_token()
        board.adopt(live)
        place = board.layout.spool / "new" / live.bell
        rung = Rung()
        for run in (1, 2):
            start(live, run, code=3)
            place.touch()
            await rung._listen(board)
            assert list(board.take_due()) == [live]
            await examine(board.lanes["local"], board, [live])
            assert not place.exists() and live.record and live.record.run == run and not live.rang
            live.look_again = None
        rung.close()

    asyncio.run(story())


def test_a_run_is_told_once_whoever_sees_it_again(board: Board) -> None:
    async def story() -> None:
        live = may_start_again(board)
        for run in (1, 2, 3):
            start(live, run)
        for _ in range(2):
            live.told_run = 1  # as after a restart
            await look(board, live)
            record(board)
        told = [row["text"] for row in st.events(board.database.reader, live.job_id) if row["kind"] == "started"]
        assert told == [f"run {run} began (the DRM started it again)" for run in (2, 3)]

    asyncio.run(story())


def test_a_cancellation_of_an_earlier_run_is_asked_for_again(board: Board) -> None:
    async def story() -> None:
        live, lane = may_start_again(board), board.lanes["local"]
        live.cancel_by = "ada"
        start(live, 1)
        await look(board, live)
        live.cancel_sent, lane.next_cancel = True, None
        hear(board, live, alive(live, State.QUEUED))
        assert not live.cancel_sent and lane.next_cancel is not None
        live.cancel_sent, lane.next_cancel = True, None
        hear(board, live, alive(live, State.QUEUED))
        assert live.cancel_sent, "once"
        start(live, 2)
        await look(board, live)
        assert not live.cancel_sent and lane.next_cancel is not None

    asyncio.run(story())


# -- last lines in the job's own stderr -----------------------------------------------------------------------------


def test_last_lines_of_a_run_that_was_queued_again_do_not_explain_a_later_end(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        live, lane = may_start_again(board), board.lanes["local"]
        monkeypatch.setattr(type(lane.backend), "last_words", {"NODE FAILURE": Cause.NODE})
        start(live, 1)
        await look(board, live)
        (live.directory / "job.err").write_text("CANCELLED DUE TO NODE FAILURE\n")
        hear(board, live, alive(live, State.QUEUED))
        hear(board, live, over(live, Cause.CANCELLED))
        await look(board, live)
        assert ending_of(board).cause is Cause.CANCELLED

    asyncio.run(story())


@pytest.mark.parametrize("cause", [Cause.EXIT, Cause.CANCELLED])
def test_last_lines_are_read_where_the_drm_names_no_cause(
    board: Board, monkeypatch: pytest.MonkeyPatch, cause: Cause
) -> None:
    async def story() -> None:
        (live,) = bound(board, 1)
        lane = board.lanes["local"]
        monkeypatch.setattr(type(lane.backend), "last_words", {"memory limit": Cause.MEMORY})
        Path(live.control).mkdir(parents=True)
        start(live, 1, code=137)
        (live.directory / "job.err").write_text("exceeded memory limit, being killed\n")
        hear(board, live, over(live, cause))
        await look(board, live)
        end = ending_of(board)
        assert (end.cause, end.message) == (Cause.MEMORY, "exceeded memory limit, being killed")

    asyncio.run(story())


# -- bells --------------------------------------------------------------------------------------------------------


def test_a_spool_that_hangs_holds_up_only_the_bells(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()
    listen = bell.listen

    def slow(spool: Path) -> set[str]:
        assert hangs.wait(60)
        return listen(spool)

    monkeypatch.setattr(bell, "listen", slow)

    async def story() -> None:
        (live,) = bound(board, 1)
        live.bell = bell.new_token()
        board.adopt(live)
        (board.layout.spool / "new" / live.bell).touch()
        (stray := board.layout.spool / "new" / bell.new_token()).touch()
        lane = board.lanes["local"]
        lane.rhythm.begin()
        lane.next_audit = float("inf")
        rung = Rung()
        watch(board, rung)
        listening = rung.listening
        assert listening
        rung.next_s = 0.0
        watch(board, rung)
        assert rung.listening is listening, "a second thread would hang as well"
        assert list(board.take_due()) == []
        hangs.set()
        await listening
        assert list(board.take_due()) == [live]
        assert not stray.exists()
        rung.close()

    asyncio.run(story())


def test_an_audit_finds_what_was_adopted_without_an_id(board: Board, supervisor: Supervisor) -> None:
    """Its script took the run lock, and its DRM's variable was not set."""

    async def story() -> None:
        live, other = claimed(board, 2)
        control = Path(live.control)
        control.mkdir(parents=True)
        (control / "lock.1").write_text("nonce\n1\nhost\n\n")

        async def find(_: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"ids": {}}

        supervisor.answers["find"] = find
        lane = board.lanes["local"]
        await resolve(lane, board)
        lane.unbound.add(other.key)
        lane.rhythm.begin()
        watch(board, Rung())
        assert list(board.take_due()) == [live]

    asyncio.run(story())


# -- back ends that cannot be had ---------------------------------------------------------------------------------


def test_jobs_of_a_back_end_that_cannot_be_had_are_left_alone(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its package was removed while they were live; other runners' jobs go on."""
    told = ()

    async def before() -> None:
        _, live = claimed(board, 2)
        board.bind(live, "host:boot:it")
        record(board)

    async def after() -> None:
        nonlocal told
        engine = engine_of(other)
        engine._resume()
        engine._tick()
        told = Server(engine, {}).notices()
        assert engine.cancel([1, 2], "ada") == {1: "cancelling", 2: "cancelling"}

    asyncio.run(before())
    rows = [dict(r) for r in st.live_attempts(board.database.reader)]
    with board.database.transaction() as db:
        db.execute("""UPDATE abell_attempt SET destination = replace(destination, '"local"', '"gone"')""")
        db.execute("UPDATE abell_job SET job_runner_name = 'gone'")
    other = Board(board.database, board.configuration, board.layout, {}, {})
    asyncio.run(after())
    [notice] = told
    assert notice.startswith("runner gone: no back end is named 'gone'; known: ")
    assert notice.endswith("; its jobs are left alone")
    assert [r["phase"] for r in st.live_attempts(board.database.reader)] == [r["phase"] for r in rows]


def test_an_attempt_that_never_started_is_routed_anew_if_its_runner_is_gone(board: Board) -> None:
    """The configuration has changed since it was claimed."""

    async def before() -> None:
        claimed(board, 1)

    async def after() -> None:
        engine = engine_of(other)
        engine._resume()
        (live,) = other.lanes["local"].lives.values()
        other.inbox.unclaimed[live.key] = Unclaim(live, "revoked", "its submission was interrupted")
        engine._tick()
        for lane in other.lanes.values():
            lane.close()

    asyncio.run(before())
    local = board.configuration.runners["local"]
    place = board.configuration.destinations["local"]
    changed = replace(
        board.configuration,
        runners={"new": replace(local, id="new")},
        destinations={"here": replace(place, id="here", runner="new")},
        default_destination="here",
    )
    other = Board(board.database, changed, board.layout, {}, {})
    asyncio.run(after())
    (row,) = st.jobs_by_id(board.database.reader, [1])
    assert (row["destination_id"], row["job_runner_name"], row["attempt"]) == ("here", "new", 2)


def test_a_runner_that_was_given_another_back_end_is_not_asked_about_earlier_attempts(
    board: Board, supervisor: Supervisor
) -> None:
    async def before() -> None:
        (live,) = claimed(board, 1)
        board.bind(live, "host:boot:it")
        record(board)

    async def after() -> None:
        Engine(other, changed=lambda ids: None)._resume()

    asyncio.run(before())
    gone = replace(board.configuration.runners["local"], backend="gone")
    changed = replace(board.configuration, runners={"local": gone})
    other = Board(board.database, changed, board.layout, {}, {"supervisor": supervisor.ask})
    asyncio.run(after())
    (lane,) = other.lanes.values()
    assert lane.backend.name == "local" and [live.native_id for live in lane.lives.values()] == ["host:boot:it"]
    assert other.lane(gone) is None, "new jobs of that runner are the new back end's"
    lane.close()


# -- looking ------------------------------------------------------------------------------------------------------


def test_what_is_learned_during_a_look_is_worth_another(board: Board) -> None:
    async def story() -> None:
        (live,) = bound(board, 1)
        board.look(live)
        assert list(board.take_due()) == [live]
        hear(board, live, Unknown(live.native_id, "unknown"))  # while the look is under way
        assert list(board.take_due()) == []
        board.looked(live)
        assert list(board.take_due()) == [live]
        board.looked(live)
        assert list(board.take_due()) == []
        assert live.look_again is None

    asyncio.run(story())


# -- cancelling ---------------------------------------------------------------------------------------------------


def test_a_cancellation_that_is_asked_for_during_another_is_sent(board: Board, supervisor: Supervisor) -> None:
    async def story() -> None:
        first, second, third = bound(board, 3)
        lane = board.lanes["local"]

        async def cancelled(data: Mapping[str, Any]) -> Mapping[str, Any]:
            if first.native_id in data["ids"]:
                second.cancel_by, third.cancel_by = "eve", "ada"
            return {}

        supervisor.answers["cancel"] = cancelled
        first.cancel_by = "ada"
        await _cancel(lane, board)
        assert lane.next_cancel is None
        told = [(sorted(data["ids"]), data["by"]) for verb, data in supervisor.asked if verb == "cancel"]
        assert told == [([first.native_id], "ada"), ([second.native_id], "eve"), ([third.native_id], "ada")]

    asyncio.run(story())


def test_a_cancellation_that_did_not_arrive_is_asked_for_again(board: Board) -> None:
    async def story() -> None:
        (live,) = bound(board, 1)
        lane = board.lanes["local"]
        live.cancel_by = "ada"
        lane.start("cancel", lambda: _cancel(lane, board))
        await lane.tasks["cancel"]
        assert not live.cancel_sent and lane.next_cancel is not None

    asyncio.run(story())


# -- a database that cannot be written ----------------------------------------------------------------------------


@contextmanager
def refusing(database: Database) -> Iterator[None]:
    """Somebody else holds the database's lock, and there is no time to wait for it."""
    database.reader.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def test_a_claim_that_could_not_be_kept_is_made_later(board: Board) -> None:
    async def story() -> None:
        engine_of(board).accept([Request("true") for _ in range(19)], "")
        with refusing(board.database), pytest.raises(sqlite3.OperationalError):
            claim(board, board.lane_of("local"), ["local"])
        assert not board.lanes["local"].lives
        assert board.waiting == {"local"}
        assert len(claim(board, board.lanes["local"], ["local"])) == 19
        assert board.waiting == set()

    asyncio.run(story())


def test_a_routing_that_could_not_be_kept_is_made_later(board: Board) -> None:
    async def story() -> None:
        engine = engine_of(board)
        engine.accept([Request("true") for _ in range(50)], "")
        with board.database.transaction() as db:
            st.unroute_waiting(db)
        engine._resume()
        with refusing(board.database), pytest.raises(sqlite3.OperationalError):
            engine._route()
        engine._route()
        assert st.counts(board.database.reader) == {"waiting": 50}

    asyncio.run(story())


# -- doubt --------------------------------------------------------------------------------------------------------


def test_one_lock_that_cannot_be_taken_holds_up_no_other(board: Board, supervisor: Supervisor) -> None:
    async def story() -> None:
        bad, good, known = claimed(board, 3)
        bad.directory.parent.mkdir(parents=True)
        bad.directory.write_text("in the way")

        async def find(_: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"ids": {known.key: "host:boot:known"}}

        supervisor.answers["find"] = find
        lane = board.lanes["local"]
        await resolve(lane, board)
        assert known.native_id == "host:boot:known"
        assert set(board.inbox.unclaimed) == {good.key}
        assert lane.paused_for and f"job {bad.job_id}" in lane.why_paused
        bad.directory.unlink()
        await resolve(lane, board)
        assert set(board.inbox.unclaimed) == {good.key, bad.key}
        assert not lane.paused_for

    asyncio.run(story())


def test_an_attempt_whose_bell_was_faster_stays_ended(board: Board, supervisor: Supervisor) -> None:
    """Its record was found while the DRM was asked for its id."""

    async def story() -> None:
        live, other = claimed(board, 2)

        async def find(_: Mapping[str, Any]) -> Mapping[str, Any]:
            for each in (live, other):
                board.end(each, Verdict(Cause.OK))
            record(board)
            return {"ids": {live.key: "host:boot:it"}}

        supervisor.answers["find"] = find
        await resolve(board.lanes["local"], board)
        record(board)
        phases = {row["phase"] for each in (live, other) for row in st.attempts(board.database.reader, each.job_id)}
        assert phases == {"over"}
        assert st.counts(board.database.reader) == {}

    asyncio.run(story())


def test_doubt_stays_while_the_drm_cannot_be_asked(board: Board) -> None:
    async def story() -> None:
        (live,) = claimed(board, 1)
        lane = board.lanes["local"]
        lane.start("resolve", lambda: resolve(lane, board))
        await lane.tasks["resolve"]
        assert not board.inbox and not live.native_id
        assert lane.paused_for, "it would be asked again and again"

    asyncio.run(story())


# -- a back end that fails ------------------------------------------------------------------------------------------


def test_a_back_end_that_cannot_tell_its_room_pauses_only_its_runner(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        engine_of(board).accept([Request("true")], "")
        lane = board.lane(board.configuration.runners["local"])
        assert lane is not None
        monkeypatch.setattr(lane.backend, "room", lambda workers: 1 // 0)
        assert claim(board, lane, ["local"]) == []
        assert lane.paused_for > 0
        assert "its back end failed" in lane.why_paused
        assert board.waiting == {"local"}

    asyncio.run(story())


def test_a_push_that_a_back_end_cannot_read_is_asked_for_instead(board: Board) -> None:
    async def story() -> None:
        (live,) = bound(board, 1)
        lane = board.lanes["local"]
        lane.rhythm.begin()
        assert not lane.rhythm.is_due()
        heard(board, "local", [{"no": "report"}])
        assert lane.rhythm.is_due()
        assert live.last_word is None
        heard(board, "local", [report(live, "cancelled")])
        assert isinstance(live.last_word, Sighting)

    asyncio.run(story())


# -- over, and for good --------------------------------------------------------------------------------------------


def forgotten(board: Board) -> Live:
    """Its DRM has not known it for long, and there is no record."""
    (live,) = bound(board, 1)
    Path(live.control).mkdir(parents=True)
    live.last_word, live.first_sign = Unknown(live.native_id, "never heard of it"), time.monotonic() - 1e6
    return live


def test_what_is_lost_can_never_start(board: Board) -> None:
    async def story() -> None:
        live = forgotten(board)
        await examine(board.lanes["local"], board, [live])
        assert board.inbox.ended[live.key][1].cause is Cause.LOST
        assert isinstance(lock.owner(live.control), lock.Revoked)

    asyncio.run(story())


def test_what_has_started_is_lost_as_it_is(board: Board) -> None:
    async def story() -> None:
        live = forgotten(board)
        Path(live.control, "lock.1").write_text(f"nonce\n1\nhost\n{live.native_id}\n")
        await examine(board.lanes["local"], board, [live])
        assert board.inbox.ended[live.key][1].cause is Cause.LOST

    asyncio.run(story())


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_has_started_under_another_id_goes_by_that(board: Board, cancelled: bool) -> None:
    async def story() -> None:
        live = forgotten(board)
        live.cancel_by, live.cancel_sent = ("maria", True) if cancelled else (None, False)
        Path(live.control, "lock.1").write_text("nonce\n1\nhost\nhost:boot:other\n")
        await examine(board.lanes["local"], board, [live])
        assert not board.inbox.ended and live.last_word is None
        assert live.native_id == "host:boot:other" and live.key in board.inbox.bound
        assert not live.cancel_sent, "it was another's job that was cancelled, or nobody's"

    asyncio.run(story())
