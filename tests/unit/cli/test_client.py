"""The client across lost answers, restarts and crashes of the engine."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from abell.client import client as client_module
from abell.client.request import make_request
from abell.client.wire import JobRow
from abell.errors import NoEngineError, RefusedError
from abell.job import State

from .conftest import Engine, until


def watch_all(engine: Engine, ids: list[int], rows: list[JobRow]) -> None:
    with engine.client() as client, client.watch(ids) as watch:
        while watch.live:
            rows += watch.rows()


def test_a_lost_answer_does_not_make_a_second_job(engine: Engine) -> None:
    engine.serve(fault="lose-reply")
    with engine.client() as client:
        assert client.submit([make_request("true", workdir="/"), make_request("true", workdir="/")]) == [1, 2]
        assert client.jobs()["counts"].keys() <= {"waiting", "running", "ended"}
        assert len(client.jobs()["jobs"]) == 2


def test_waiting_goes_on_across_a_restart_of_a_server(engine: Engine, tmp_path: Path) -> None:
    server = engine.serve()
    with engine.client() as client:
        ids = client.submit([make_request("while ! [ -e go ]; do sleep 0.02; done; exit 3", workdir=tmp_path)])
    rows: list[JobRow] = []
    waiting = threading.Thread(target=watch_all, args=(engine, ids, rows))
    waiting.start()
    until(lambda: any(row["state"] == State.RUNNING for row in rows))
    server.kill()
    server.wait()
    (tmp_path / "go").touch()
    assert waiting.is_alive()
    engine.serve()
    waiting.join(timeout=20)
    assert not waiting.is_alive()
    assert (rows[-1]["state"], rows[-1]["exit_code"]) == ("ended", 3)
    assert len(engine.starts()) == 2, "a server is its administrator's to restart"


def test_an_engine_that_a_client_started_is_started_again_by_who_waits(engine: Engine, tmp_path: Path) -> None:
    server = engine.serve(transient=True)
    with engine.client() as client:
        ids = client.submit([make_request("while ! [ -e go ]; do sleep 0.02; done", workdir=tmp_path)])
        rows: list[JobRow] = []
        with client.watch(ids) as watch:
            until(lambda: rows.extend(watch.rows(0.1)) or any(row["state"] == State.RUNNING for row in rows))
            server.kill()
            server.wait()
            (tmp_path / "go").touch()
            while watch.live:
                rows += watch.rows()
        assert rows[-1]["cause"] == "ok"
        assert client.job(ids[0])["job"]["cause"] == "ok"  # the other connection recovers as well
    assert len(engine.starts()) == 2


def test_who_submits_is_not_handed_to_another_configuration(engine: Engine, tmp_path: Path) -> None:
    other = tmp_path / "job_conf.yml"
    other.write_text("another")
    with engine.client() as client:
        held = client.submit([make_request("true", name="held", workdir="/")])
        (pid,) = engine.starts()
        os.kill(pid, signal.SIGKILL)
        until(lambda: engine.pid() is None)
        engine.client(str(other), any_config=True).connect()
        with client.watch(held) as watch:
            until(lambda: watch.rows(0.1))  # to wait, any engine will do
        with pytest.raises(NoEngineError, match=f"still has 1 job with {other}"):
            client.submit([make_request("true", workdir="/")])


def test_a_server_that_stays_away_is_reported(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RECONNECT_WITHIN_S", 0.3)
    server = engine.serve()
    with engine.client() as client:
        ids = client.submit([make_request("true", name="held", workdir="/")])
        with client.watch(ids) as watch:
            assert [row["state"] for row in watch.rows(5)] == ["waiting"]
            server.kill()
            server.wait()
            with pytest.raises(NoEngineError, match="has not come back"):
                while True:
                    watch.rows()
        with pytest.raises(NoEngineError, match="has not come back"):
            client.jobs()


def test_watch_tells_each_change_once_and_honours_its_time_limit(server: Engine) -> None:
    with server.client() as client:
        ids = client.submit([make_request("true", name="held", workdir="/") for _ in range(300)])
        with client.watch(ids) as watch:
            rows: list[JobRow] = []
            until(lambda: rows.extend(watch.rows(0.1)) or len(rows) == 300)
            assert watch.rows(0.05) == []
            assert set(client.cancel(ids).values()) == {"cancelling"}
            while watch.live:
                rows += watch.rows()
    assert sorted(row["id"] for row in rows if row["state"] == "ended") == ids
    assert len(rows) == 600


def test_watching_what_nobody_knows(server: Engine) -> None:
    with server.client() as client, client.watch([99]) as watch, pytest.raises(RefusedError, match="no job 99"):
        while watch.live:
            watch.rows()


def test_the_user_is_the_systems_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert client_module.user_name() != "somebody-else"
