"""Grid Engine's daemons stop, hang or die while jobs are submitted, wait, run and end: nothing is lost or runs twice."""

from __future__ import annotations

import time

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.gridengine.clusters import without
from tests.clusters.gridengine.site import KINDS, GridSite
from tests.contract.site import Cause, State

pytestmark = [pytest.mark.timeout(400), pytest.mark.breaks("frail")]
NEW = 2


@pytest.mark.parametrize(("how", "outage_s"), [("stop", 30.0), ("kill", 5.0), ("freeze", 5.0)])
def test_the_qmaster_is_away(site: GridSite, how: str, outage_s: float) -> None:
    """Its jobs run on and end meanwhile, new ones wait and say why, and jobs elsewhere do not notice."""
    runs, ends, fails = site.each_gated("runs"), site.each_gated("ends"), site.each_gated("fails", "exit 3")
    dies = site.each_gated("dies", "kill -9 $PPID")  # the script, before it can write its record
    blocks = site.gated("blocks", to="grid-one")
    site.running(blocks, *(job for jobs in (runs, ends, fails, dies) for job in jobs.values()))
    queued = site.each("queued", "true", "one")
    for job in queued.values():
        site.until(job, State.QUEUED)
    with without(how, "qmaster", "frail"):
        began = time.monotonic()
        new = {(kind, n): site.submit(site.counted(f"new-{kind}-{n}"), to=kind) for kind in KINDS for n in range(NEW)}
        site.open_each("ends", "fails", "dies")
        for job in ends.values():
            assert job.wait(30).cause is Cause.OK, "its bell and its record need no daemon"
        for n in range(2):
            for place in ("main", "here"):
                assert site.run(site.counted(f"{place}-{n}"), to=place).cause is Cause.OK
        assert time.monotonic() - began < 30, "jobs elsewhere were held up"
        if how != "freeze":  # which answers nobody, and so says nothing for long
            for kind in KINDS:
                eventually(lambda kind=kind: "qmaster" in new[kind, 0].refresh().row["why"], f"why {kind} waits")
        eventually(lambda: time.monotonic() - began > outage_s, "the end of the outage")
        rest = [blocks, *runs.values(), *dies.values(), *queued.values(), *new.values()]
        assert all(job.refresh().cause is None for job in rest), [job.row for job in rest if job.cause]
    site.open("blocks")
    site.open_each("runs")
    jobs = {"ok": [blocks, *(job for some in (runs, queued, new) for job in some.values())]}
    site.wait([*jobs["ok"], *fails.values(), *dies.values()], 200)
    assert {job.cause for job in jobs["ok"]} == {Cause.OK}
    for job in fails.values():
        assert (job.cause, job.exit_code) == (Cause.EXIT, 3), job.row
    for job in dies.values():
        assert job.cause is Cause.SIGNAL and "9 (KILL)" in job.message, job.row
    names = [f"{name}-{kind}" for name in ("runs", "ends", "fails", "dies", "queued") for kind in KINDS]
    names += [f"new-{kind}-{n}" for kind, n in new]
    assert site.ran() == dict.fromkeys((*names, "blocks", "main-0", "main-1", "here-0", "here-1"), 1)
    eventually(lambda: site.notices() == "", "ps says no more that anything is wrong")


def test_an_execd_dies_and_comes_back(site: GridSite) -> None:
    """Its jobs go on. Of one that is taken out by force Grid Engine's accounting says that it went well."""
    goes_on, ok, bad = site.each_gated("goes-on"), site.each_gated("ok"), site.each_gated("bad", "exit 3")
    deleted, forced = site.each_gated("deleted"), site.each_gated("forced")
    site.running(*(job for jobs in (goes_on, ok, bad, deleted, forced) for job in jobs.values()))
    with without("kill", "execd", "frail"):
        site.open_each("ok", "bad")
        for job in ok.values():
            assert job.wait(30).cause is Cause.OK
        site.grid("qdel", *(site.number(job) for job in deleted.values()))
        site.grid("qdel", "-f", *(site.number(job) for job in forced.values()))
        assert site.run(site.counted("main"), to="main").cause is Cause.OK
    site.open_each("goes-on")
    jobs = (goes_on, bad, deleted, forced)
    site.wait([job for some in jobs for job in some.values()], 200)
    told = {
        name: {kind: (job.cause, job.message) for kind, job in some.items()}
        for name, some in zip(("goes-on", "bad", "deleted", "forced"), jobs)
    }
    print(told)
    assert {job.cause for job in goes_on.values()} == {Cause.OK}
    for job in bad.values():
        assert (job.cause, job.exit_code) == (Cause.EXIT, 3), job.row
    for kind, job in deleted.items():
        assert job.cause in (Cause.CANCELLED, Cause.SIGNAL), (kind, job.row)
    for kind, job in forced.items():
        assert job.cause is not Cause.OK, (kind, job.row)
    names = ("goes-on", "ok", "bad", "deleted", "forced")
    assert site.ran() == dict.fromkeys(("main", *(f"{name}-{kind}" for name in names for kind in KINDS)), 1)
