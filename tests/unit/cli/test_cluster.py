"""The Python API, on a real engine process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from abell import AsyncCluster, Cluster, State, make_request
from abell.errors import AbellError, OptionError, RefusedError
from abell.job import Cause

from .conftest import Engine, until


@pytest.fixture
def cluster(server: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.chdir(tmp_path)
    return Cluster(server.root)


def test_submit_wait_read(cluster: Cluster) -> None:
    with cluster:
        job = cluster.submit("echo $X; exit 3", slots=2, mem="4G", time="30m", env={"X": "a b"})
        assert job.state is State.NEW
        assert job.cause is None
        with pytest.raises(AbellError, match="not known yet"):
            _ = job.stdout
        assert job.wait(20) is job
        assert (job.state, job.cause, job.exit_code, job.ok) == (State.ENDED, Cause.EXIT, 3, False)
        assert job.stdout.read_text() == "a b\n"
        assert job.row["memory_mb"] == 4096
        assert repr(job) == "<Job 1 exit>"


def test_many_in_one_message_and_wait_for_all(cluster: Cluster) -> None:
    jobs = cluster.submit_many([make_request(["sh", "-c", f"exit {n % 2}"]) for n in range(40)])
    assert cluster.wait(jobs, timeout=60) == jobs
    assert [job.ok for job in jobs] == [n % 2 == 0 for n in range(40)]
    assert cluster.submit_many([]) == []
    assert cluster.wait([]) == []


def test_wait_gives_up_in_time_and_cancel_ends(cluster: Cluster) -> None:
    job = cluster.submit("sleep 60")
    with pytest.raises(TimeoutError, match="1 of 1 jobs"):
        job.wait(0.2)
    assert job.refresh().state is not State.ENDED
    job.cancel()
    assert job.wait(20).cause is Cause.CANCELLED
    assert cluster.cancel([job]) == {job.id: "ended"}


def test_jobs_are_listed(cluster: Cluster) -> None:
    held = [cluster.submit("true", name="held") for _ in range(3)]
    cluster.submit("true").wait(20)
    assert [job.id for job in cluster.jobs()] == [4, 3, 2, 1]
    assert [job.id for job in cluster.jobs(states=[State.WAITING], order="oldest", limit=2)] == [1, 2]
    assert [job.id for job in cluster.jobs(ids=[2])] == [held[1].id]
    assert cluster.jobs(user="nobody@example.org") == []


def test_two_handles_of_one_job_both_learn_its_end(cluster: Cluster) -> None:
    first = cluster.submit("true")
    (second,) = cluster.jobs()
    cluster.wait([first, second], 20)
    assert first.ok
    assert second.ok


def test_any_thread_may_use_it(cluster: Cluster) -> None:
    def one(number: int) -> int | None:
        return cluster.submit(f"exit {number}").wait(60).exit_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(24))) == list(range(24))


def test_errors_are_python_errors(cluster: Cluster) -> None:
    with pytest.raises(OptionError):
        cluster.submit("x", mem="lots")
    with pytest.raises(ValueError, match="--time"):
        cluster.submit("x", time="5")
    job = cluster.submit("true").wait(20)
    job.row["id"] = 99
    with pytest.raises(RefusedError, match="no job 99"):
        job.refresh()


def run_async(body: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(body(), 60))


def test_async(server: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def body() -> None:
        async with AsyncCluster(server.root) as cluster:
            jobs = await asyncio.gather(*(cluster.submit(f"echo {n}; exit {n}") for n in range(6)))
            await asyncio.gather(*(job.wait(30) for job in jobs))
            assert [job.exit_code for job in jobs] == list(range(6))
            assert jobs[3].stdout.read_text() == "3\n"
            slow = await cluster.submit("sleep 60")
            with pytest.raises(TimeoutError):
                await slow.wait(0.2)
            await slow.cancel()
            assert (await slow.wait(20)).cause is Cause.CANCELLED
            assert (await slow.refresh()).cause is Cause.CANCELLED
            assert await cluster.cancel([slow]) == {slow.id: "ended"}
            assert [job.id for job in await cluster.jobs(limit=1)] == [slow.id]
            with pytest.raises(RefusedError, match="no job 99"):
                await cluster.client_ask("job", job=99)
            assert await cluster.submit_many([]) == []

    run_async(body)


def test_async_wait_goes_on_across_a_restart(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server = engine.serve()

    async def body() -> None:
        async with AsyncCluster(engine.root) as cluster:
            job = await cluster.submit("while ! [ -e go ]; do sleep 0.02; done; exit 3")
            waiting = asyncio.create_task(job.wait())
            await asyncio.to_thread(until, lambda: job.state is State.RUNNING)
            server.kill()
            server.wait()
            (tmp_path / "go").touch()
            await asyncio.to_thread(engine.serve)
            assert (await waiting).exit_code == 3
            assert (await job.refresh()).exit_code == 3

    run_async(body)


def test_an_abandoned_question_does_not_spoil_the_next(server: Engine) -> None:
    async def body() -> None:
        async with AsyncCluster(server.root) as cluster:
            asking = asyncio.create_task(cluster.jobs())
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await cluster.jobs() == []

    run_async(body)
