"""The engine is killed and started again while a job is in each state: nothing is lost, nothing runs twice."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.contract.backends import Row
from tests.contract.site import Cause, Site, State, wait_for_end


def test_while_waiting_queued_and_running(fresh: Site, row: Row) -> None:
    gate = fresh.gate("first")
    first = fresh.submit(fresh.counted("0", gate.wait), to="one_at_a_time")
    fresh.until(first, State.RUNNING)
    rest = fresh.cluster.submit_many(
        [fresh.request(fresh.counted(str(n)), to="one_at_a_time") for n in range(1, (row.ahead or 0) + 6)]
    )
    fresh.until(rest[0], State.QUEUED)
    last = State.QUEUED if row.ahead is None else State.WAITING
    fresh.until(rest[-1], last)
    fresh.restart()
    assert first.refresh().state is State.RUNNING
    assert rest[0].refresh().state is State.QUEUED
    fresh.until(rest[-1], last)
    gate.open()
    fresh.wait([first, *rest])
    assert {j.cause for j in (first, *rest)} == {Cause.OK}
    assert fresh.ran() == {str(n): 1 for n in range(len(rest) + 1)}


@pytest.mark.parametrize(("then", "cause"), [("true", Cause.OK), ("exit 3", Cause.EXIT), ("kill -9 $$", Cause.SIGNAL)])
def test_a_job_that_ends_while_no_engine_runs(fresh: Site, then: str, cause: Cause) -> None:
    gate, path = fresh.gate("gate"), fresh.directory / "out"
    command = fresh.counted("it", f'{gate.wait}; echo x > "$ABELL_OUTPUT_text"; echo done >> {fresh.runs}; {then}')
    job = fresh.submit(command, to="apart", outputs={"text": path})
    fresh.until(job, State.RUNNING)
    fresh.kill()
    gate.open()
    fresh.start()
    job.wait(60)
    assert job.cause is cause, job.row
    assert fresh.ran() == {"it": 1, "done": 1}
    assert path.exists() == (cause is Cause.OK)


def test_while_outputs_are_awaited(fresh: Site) -> None:
    """The node saw an output that this machine does not see yet."""
    gate, path = fresh.gate("gate"), fresh.directory / "out"
    job = fresh.submit(f"{gate.wait}; echo x > $ABELL_OUTPUT_text; exit 0", outputs={"text": path})
    fresh.until(job, State.RUNNING)
    assert fresh.engine is not None
    fresh.kill()
    gate.open()
    _wait_for_record(fresh, job.row["directory"])
    path.rename(path.with_suffix(".hidden"))
    fresh.start()
    fresh.until(job, State.FINISHING)
    assert "out" in job.row["why"]
    fresh.restart()
    fresh.until(job, State.FINISHING)
    path.with_suffix(".hidden").rename(path)
    job.wait(60)
    assert job.cause is Cause.OK
    assert job.row["outputs"][0]["size"] == 2


def _wait_for_record(site: Site, directory: str) -> None:
    """The job's main process writes it last; a DRM may run a copy of the script from a place of its own."""
    for pid, command in site.processes().items():
        with contextlib.suppress(OSError):
            if directory in command or directory in str(Path(f"/proc/{pid}/cwd").readlink()):
                assert wait_for_end(pid, 60)


def test_after_the_end(fresh: Site) -> None:
    jobs = [fresh.run(fresh.counted("a")), fresh.run(fresh.counted("b", "exit 3"))]
    before = [fresh.story(job) for job in jobs]
    fresh.restart()
    assert [fresh.story(job.refresh()) for job in jobs] == before
    assert [job.cause for job in jobs] == [Cause.OK, Cause.EXIT]
    assert fresh.ran() == {"a": 1, "b": 1}


def test_a_cancellation_survives(fresh: Site) -> None:
    """It was asked for and is durable, but the DRM may not have been told."""
    job = fresh.submit(fresh.counted("it", "sleep 600"))
    fresh.until(job, State.RUNNING)
    fresh.kill()
    with fresh.database() as db:
        db.execute("UPDATE abell_job SET cancel_by = 'maria' WHERE id = ?", (job.id,))
    fresh.start()
    job.wait(60)
    assert job.cause is Cause.CANCELLED and "maria" in job.message


def test_stopping_the_engine_leaves_its_jobs_alone(fresh: Site) -> None:
    gate = fresh.gate("gate")
    job = fresh.submit(fresh.counted("it", gate.wait))
    fresh.until(job, State.RUNNING)
    fresh.stop()
    fresh.start()
    assert job.refresh().state is State.RUNNING
    gate.open()
    assert job.wait(60).cause is Cause.OK
    assert fresh.ran() == {"it": 1}


@pytest.mark.needs("forget")
def test_a_drm_that_has_forgotten_a_job_that_ended_well(fresh: Site, row: Row) -> None:
    assert row.forget is not None
    gate = fresh.gate("gate")
    job = fresh.submit(fresh.counted("it", gate.wait))
    fresh.until(job, State.RUNNING)
    fresh.kill()
    row.forget(fresh)
    gate.open()
    fresh.start()
    job.wait(60)
    assert job.cause is Cause.OK
    assert fresh.ran() == {"it": 1}


@pytest.mark.needs("forget")
def test_a_drm_that_has_forgotten_a_job_of_which_nothing_is_left(fresh: Site, row: Row) -> None:
    """Never ok: nobody can say how it ended."""
    assert row.forget is not None
    started = fresh.gate("started")
    job = fresh.submit(fresh.counted("it", f"echo >{started.path}; sleep 600"))
    started.path.read_text()
    fresh.kill()
    row.forget(fresh)
    for pid in fresh.processes():
        os.kill(pid, signal.SIGKILL)
    fresh.start()
    job.wait(60)
    assert job.cause is Cause.LOST
    assert "no longer knows it" in job.message
    assert fresh.ran() == {"it": 1}
