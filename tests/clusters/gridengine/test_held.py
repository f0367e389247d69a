"""Jobs that Grid Engine has and does not start or lets rest, and those that it does not take."""

from __future__ import annotations

import pytest

from tests.clusters.gridengine.clusters import state
from tests.clusters.gridengine.site import KINDS, TELLS, GridSite
from tests.contract.site import Cause, State

pytestmark = pytest.mark.timeout(300, func_only=True)


def test_held_by_an_administrator_and_released(site: GridSite) -> None:
    blocks = site.gated("blocks", to="grid-one")
    site.running(blocks)
    jobs = site.each("held", "true", "one")
    for job in jobs.values():
        site.until(job, State.QUEUED)
    numbers = [site.number(job) for job in jobs.values()]
    site.grid("qhold", "-h", "s", *numbers)
    for job in jobs.values():
        site.until(job, State.HELD)
    assert "held by the DRM or its administrator" in jobs["drmaa"].row["why"]
    site.grid("qrls", "-h", "s", *numbers)
    for job in jobs.values():
        site.until(job, State.QUEUED)
    site.open("blocks")
    site.wait([blocks, *jobs.values()])
    assert {job.cause for job in (blocks, *jobs.values())} == {Cause.OK}
    assert site.ran() == dict.fromkeys(("blocks", *(f"held-{kind}" for kind in KINDS)), 1)


def test_suspended_and_resumed(site: GridSite) -> None:
    jobs = site.each_gated("rests")
    site.running(*jobs.values())
    numbers = [site.number(job) for job in jobs.values()]
    site.grid("qmod", "-sj", *numbers)
    for job in jobs.values():
        site.until(job, State.SUSPENDED)
    site.grid("qmod", "-usj", *numbers)
    site.running(*jobs.values())
    site.open_each("rests")
    site.wait(jobs.values())
    assert {job.cause for job in jobs.values()} == {Cause.OK}, [job.row for job in jobs.values()]
    assert site.ran() == {f"rests-{kind}": 1 for kind in KINDS}


def test_what_can_never_start_waits_and_says_why_and_can_be_cancelled(site: GridSite) -> None:
    """Where Grid Engine is not told to refuse it (`-w e`), as its library does by itself."""
    jobs = site.each("never", "true", "never")
    site.until_why(jobs["grid"], "no queue could ever run it", "cancel it")
    assert jobs["grid"].state is State.HELD
    for kind in ("univa", "drmaa"):
        assert jobs[kind].refresh().state is State.QUEUED, kind
    site.cluster.cancel(list(jobs.values()))
    site.wait(jobs.values(), 90)
    assert {job.cause for job in jobs.values()} == {Cause.CANCELLED}
    assert not site.ran()


def test_what_grid_engine_does_not_take_is_rejected_in_its_own_words(site: GridSite) -> None:
    jobs = site.each("unknown", "true", "unknown")
    good = site.each("good", "true")
    site.wait([*jobs.values(), *good.values()])
    for kind, job in jobs.items():
        assert job.cause is Cause.REJECTED, (kind, job.row)
        assert 'unknown resource "nosuch"' in job.message, (kind, job.message)
    assert {job.cause for job in good.values()} == {Cause.OK}
    assert site.ran() == {f"good-{kind}": 1 for kind in KINDS}


def test_what_a_node_cannot_start(site: GridSite) -> None:
    """By qsub it would stay in the queue in error; by the library it is aborted."""
    jobs = site.each("nowhere", "true", "nowhere")
    site.wait(jobs.values(), 120)
    for kind in TELLS:
        assert jobs[kind].cause is Cause.REJECTED, (kind, jobs[kind].row)
    assert "can't chdir to /nonexistent/directory" in jobs["grid"].message
    assert jobs["drmaa"].cause is Cause.LOST and "could not start it" in jobs["drmaa"].message, jobs["drmaa"].row
    assert not site.ran()
    assert not any(state("main", site.number(job)) for job in jobs.values()), "it is out of the queue"
