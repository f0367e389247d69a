"""Destinations with `requeue: true`: the DRM starts a job again by itself, and it is one job with one ending."""

from __future__ import annotations

import pytest

from abell.script import lock
from tests.contract.again import Again, begin, begun, control, native, take_back
from tests.contract.backends import Row
from tests.contract.site import Cause, Site, State

pytestmark = pytest.mark.needs("again")


@pytest.fixture
def again(row: Row) -> Again:
    assert row.again
    return row.again


def test_twice(site: Site, again: Again) -> None:
    """Nothing of an earlier run counts: not its record, its bell, its files or its outputs."""
    gate, out = site.gate("twice"), site.directory / "twice"
    before = site.ran()["it"]
    command = (
        f'echo seen >> file; wc -l < file; echo x >> "$ABELL_OUTPUT_text"; echo it >> {site.runs}; {gate.wait}; '
        f'cat "$ABELL_OUTPUT_text"'
    )
    job = site.submit(command, to="again", outputs={"text": out})
    for run in (1, 2):
        site.until(job, State.RUNNING)
        site.runs_until(before + run)
        take_back(site, again, job)
        if run == 1:
            site.run("sleep 5")  # longer than the engine waits for a better word
            assert job.refresh().state is State.HELD
        again.release(site, native(job))
    site.until(job, State.RUNNING)
    site.runs_until(before + 3)
    gate.open()
    site.wait([job])
    assert (job.cause, job.exit_code) == (Cause.OK, 0)
    assert job.stdout.read_text().split() == ["1", "x"]
    assert out.read_text() == "x\n"
    assert begun(site, job) == [
        "started: ",
        "started: run 2 began (the DRM started it again)",
        "started: run 3 began (the DRM started it again)",
        "ended: ok",
    ]
    assert lock.last_start(control(site, job)) == 3


def test_a_node_that_fails(site: Site, again: Again) -> None:
    gate, out = site.gate("node"), site.directory / "node"
    before = site.ran()["it"]
    command = f'echo it >> {site.runs}; echo x >> "$ABELL_OUTPUT_text"; {gate.wait}'
    job = site.submit(command, to="again_apart", outputs={"text": out})
    site.until(job, State.RUNNING)
    site.runs_until(before + 1)
    again.fail(site, native(job))
    site.until(job, State.HELD)
    again.release(site, native(job))
    site.runs_until(before + 2)
    gate.open()
    site.wait([job])
    assert job.cause is Cause.OK and out.read_text() == "x\n"
    assert begun(site, job)[1:] == ["started: run 2 began (the DRM started it again)", "ended: ok"]


def test_the_last_run_fails(fresh: Site, again: Again) -> None:
    gate = fresh.gate("fails")
    job = begin(fresh, gate, "exit 3")
    take_back(fresh, again, job)
    again.release(fresh, native(job))
    fresh.runs_until(2)
    gate.open()
    fresh.wait([job])
    assert (job.cause, job.exit_code) == (Cause.EXIT, 3)
    assert lock.owner(control(fresh, job)) == lock.Revoked(3), "whatever the DRM does now, it is over"
    fresh.stop()
    fresh.check_database()
    assert not fresh.untidied()


def test_cancelled_while_it_is_queued_again(fresh: Site, again: Again) -> None:
    job = begin(fresh, fresh.gate("cancelled"))
    take_back(fresh, again, job)
    job.cancel()
    fresh.wait([job])
    assert job.cause is Cause.CANCELLED
    assert lock.owner(control(fresh, job)) == lock.Revoked(2)
    assert len([line for line in begun(fresh, job) if line.startswith("ended")]) == 1
    assert fresh.ran() == {"it": 1}


def test_cancelled_in_its_second_run(fresh: Site, again: Again) -> None:
    job = begin(fresh, fresh.gate("cancelled"))
    take_back(fresh, again, job)
    again.release(fresh, native(job))
    fresh.runs_until(2)
    job.cancel()
    fresh.wait([job])
    assert job.cause is Cause.CANCELLED
    assert lock.owner(control(fresh, job)) == lock.Revoked(3)


@pytest.mark.needs("forget")
def test_cancelled_when_the_drm_has_forgotten_it(fresh: Site, row: Row, again: Again) -> None:
    """It had queued it again."""
    job = begin(fresh, fresh.gate("forgotten"))
    take_back(fresh, again, job)
    fresh.kill()
    assert row.forget
    row.forget(fresh)
    fresh.start()
    job.cancel()
    fresh.wait([job])
    assert job.cause is Cause.CANCELLED
    assert lock.owner(control(fresh, job)) == lock.Revoked(2)


def test_the_engine_is_killed_between_the_runs(fresh: Site, again: Again) -> None:
    gate = fresh.gate("killed")
    job = begin(fresh, gate)
    take_back(fresh, again, job)
    fresh.kill()
    again.release(fresh, native(job))
    fresh.runs_until(2)
    fresh.start()
    fresh.until(job, State.RUNNING)
    fresh.restart()
    gate.open()
    fresh.wait([job])
    assert job.cause is Cause.OK and job.stdout.read_text() == "1\n"
    assert begun(fresh, job)[1:] == ["started: run 2 began (the DRM started it again)", "ended: ok"]


def test_all_of_it_happens_while_no_engine_runs(fresh: Site, again: Again) -> None:
    gate = fresh.gate("all")
    job = begin(fresh, gate)
    fresh.kill()
    again.fail(fresh, native(job))
    again.release(fresh, native(job))
    fresh.runs_until(2)
    gate.open()
    fresh.start()
    fresh.wait([job])
    assert job.cause is Cause.OK and job.stdout.read_text() == "1\n"
    assert begun(fresh, job)[1:] == ["started: run 2 began (the DRM started it again)", "ended: ok"]


def test_the_engine_dies_after_it_took_the_next_runs_lock(fresh: Site, again: Again) -> None:
    fresh.stop()
    fresh.start("examine.closed")
    gate = fresh.gate("closed")
    job = begin(fresh, gate, "exit 3")
    take_back(fresh, again, job)
    again.release(fresh, native(job))
    fresh.runs_until(2)
    gate.open()
    assert fresh.engine
    assert fresh.engine.wait() == -9
    fresh.forget_engine()
    assert lock.owner(control(fresh, job)) == lock.Revoked(3)
    fresh.start()
    fresh.wait([job])
    assert (job.cause, job.exit_code) == (Cause.EXIT, 3)
    assert len([line for line in begun(fresh, job) if line.startswith("ended")]) == 1
