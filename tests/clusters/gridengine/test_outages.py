"""Grid Engine's daemons stop, hang or die while jobs are submitted, wait, run and end.

Nothing is lost, nothing runs twice, and no job is `ok` that was not.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.gridengine.clusters import FRAIL, service, whole, without
from tests.clusters.gridengine.site import KINDS, GridSite
from tests.contract.site import Cause, Job, State

pytestmark = [pytest.mark.timeout(900, func_only=True), pytest.mark.breaks(FRAIL)]


@contextlib.contextmanager
def qmaster_away(how: str) -> Iterator[None]:
    """Back with a fresh execd: one that has lost its qmaster keeps the ends of jobs to itself for ten minutes."""
    if how == "freeze":
        with without(how, "qmaster", FRAIL):
            yield
        return
    service(how, "qmaster", FRAIL)
    try:
        yield
    finally:
        service("stop", "execd", FRAIL)
        service("start", "qmaster", FRAIL)
        service("start", "execd", FRAIL)
        whole(FRAIL)


@pytest.mark.parametrize(
    ("how", "outage_s", "killed"), [("stop", 30.0, True), ("kill", 0.0, False), ("freeze", 0.0, False)]
)
def test_the_qmaster_is_away(site: GridSite, how: str, outage_s: float, killed: bool) -> None:
    """Its jobs run on and end meanwhile, new ones wait and say why, and jobs elsewhere do not notice."""
    runs, ends, fails = site.each_gated("runs"), site.each_gated("ends"), site.each_gated("fails", "exit 3")
    # The script, before it can write its record: all that is slow.
    dies = site.each_gated("dies", "kill -9 $PPID") if killed else {}
    queued = site.each("queued", "true", "held")
    site.running(*(job for jobs in (runs, ends, fails, dies) for job in jobs.values()))
    for job in queued.values():
        site.until(job, State.HELD)
    with qmaster_away(how):
        began = time.monotonic()
        new = site.each("new", "true")
        site.open_each("ends", "fails", *(["dies"] if killed else []))
        for job in ends.values():
            assert job.wait(30).cause is Cause.OK, "its bell and its record need no daemon"
        for place in ("main", "here"):
            assert site.run(site.counted(place), to=place).cause is Cause.OK
        assert time.monotonic() - began < 25, "jobs elsewhere were held up"
        if how != "freeze":  # which says nothing, for as long as a command waits
            for kind, job in new.items():
                eventually(lambda job=job: "qmaster" in said(site, job), f"why a job of {kind} waits", 30)
        eventually(lambda: time.monotonic() - began >= outage_s, "the end of the outage")
        rest = [*runs.values(), *dies.values(), *queued.values(), *new.values()]
        assert all(job.refresh().cause is None for job in rest), [job.row for job in rest if job.cause]
    site.grid("qrls", *(site.number(job) for job in queued.values()))
    site.open_each("runs")
    well = [job for some in (runs, queued, new) for job in some.values()]
    site.wait([*well, *fails.values(), *dies.values()], 200)
    assert [job.row for job in well if job.cause is not Cause.OK] == []
    for job in fails.values():
        assert (job.cause, job.exit_code) == (Cause.EXIT, 3), job.row
    for kind, job in dies.items():  # after an outage the library may say that a job is over, and no more
        assert job.cause is Cause.SIGNAL or (kind == "drmaa" and job.cause is Cause.LOST), job.row
    names = [f"{name}-{kind}" for name in ("runs", "ends", "fails", "queued", "new") for kind in KINDS]
    names += [f"dies-{kind}" for kind in dies]
    assert site.ran() == dict.fromkeys((*names, "main", "here"), 1)
    eventually(lambda: site.notices() == "", "ps says no more that anything is wrong")


def said(site: GridSite, job: Job) -> str:
    """Why it waits. A submission of which nobody knows whether it has arrived is in the job's story."""
    return f"{job.refresh().row['why']} {site.story(job)}"


def test_an_execd_dies_and_comes_back(site: GridSite) -> None:
    """Its jobs go on. Of one that is taken out by force Grid Engine's accounting says that it went well."""
    goes_on, ok, bad = site.each_gated("goes-on"), site.each_gated("ok"), site.each_gated("bad", "exit 3")
    deleted, forced = site.each_gated("deleted"), site.each_gated("forced")
    site.running(*(job for jobs in (goes_on, ok, bad, deleted, forced) for job in jobs.values()))
    with without("kill", "execd", FRAIL):
        site.open_each("ok", "bad")
        for job in ok.values():
            assert job.wait(30).cause is Cause.OK
        # Which says that it cannot reach the execd, and marks them.
        site.grid("qdel", *(site.number(job) for job in deleted.values()), ok=False)
        for job in forced.values():  # one by one: of several at once the qmaster of 8.1.9 may die
            site.grid("qdel", "-f", site.number(job))
        assert site.run(site.counted("main"), to="main").cause is Cause.OK
    site.open_each("goes-on")
    site.wait([job for some in (goes_on, bad, deleted, forced) for job in some.values()], 250)
    assert {job.cause for job in goes_on.values()} == {Cause.OK}
    for job in bad.values():
        assert (job.cause, job.exit_code) == (Cause.EXIT, 3), job.row
    assert {kind: job.cause for kind, job in deleted.items()} == {
        "grid": Cause.CANCELLED,
        "univa": Cause.CANCELLED,
        "drmaa": Cause.SIGNAL,  # it has no word for that
    }, [job.row for job in deleted.values()]
    assert {job.cause for job in forced.values()} == {Cause.LOST}, [job.row for job in forced.values()]
    names = ("goes-on", "ok", "bad", "deleted", "forced")
    assert site.ran() == dict.fromkeys(("main", *(f"{name}-{kind}" for name in names for kind in KINDS)), 1)
