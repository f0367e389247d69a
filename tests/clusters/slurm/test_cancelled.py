"""Jobs that somebody cancels: through Abell, or with Slurm's own command; one, or hundreds at once."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.clusters.slurm.clusters import slurm
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause, State

pytestmark = pytest.mark.timeout(500)
MANY = 300


@pytest.fixture
def operator() -> Iterator[str]:
    """A user who may cancel the jobs of others, and nobody else's account than that of the clusters' jobs."""
    name = "slurmt"
    slurm("main", "sacctmgr", "-i", "modify", "user", name, "set", "AdminLevel=Operator")
    yield name
    slurm("main", "sacctmgr", "-i", "modify", "user", name, "set", "AdminLevel=None")


@pytest.mark.uses("accounting", "bare", "frail")
def test_not_through_abell_is_said_with_the_name_where_slurm_knows_it(site: ScenarioSite, operator: str) -> None:
    running = {to: site.submit(site.counted(to, "sleep 900"), to=to) for to in ("main", "bare", "frail")}
    queued = {to: site.submit(site.counted(to), to=to) for to in ("tomorrow", "bare_tomorrow")}
    site.running(*running.values())
    for job in queued.values():
        site.until(job, State.QUEUED)
    jobs = running | queued
    for to, job in jobs.items():
        name = "bare" if to.startswith("bare") else "main"
        slurm(name, "scancel", site.number(job), user=operator if to == "frail" else "")
    site.wait(jobs.values())
    for to, job in jobs.items():
        assert job.cause is Cause.CANCELLED, job.row
        assert "not through Abell" in job.message, to
    for to in ("main", "tomorrow"):
        assert "by root" in jobs[to].message
    assert f"by {operator}" in jobs["frail"].message
    assert site.ran() == dict.fromkeys(running, 1)


@pytest.mark.counts("scancel", "squeue", "sacct", "scontrol")
def test_many_jobs_cost_few_commands(site: ScenarioSite) -> None:
    """They are watched by one squeue a poll, and cancelled by few scancel, within the budget of a careful runner."""
    began = time.monotonic()
    jobs = site.cluster.submit_many([site.request(site.counted(str(n)), to="modest_tomorrow") for n in range(MANY)])
    for job in jobs:
        site.until_why(job, "BeginTime")
    asked = site.commands()
    assert asked["squeue"] >= 1 and asked["sacct"] == asked["scontrol"] == 0
    assert asked["squeue"] <= 4 + 12 * (time.monotonic() - began) / 60
    before = asked["scancel"]
    site.cluster.cancel(jobs)
    site.wait(jobs)
    assert {job.cause for job in jobs} == {Cause.CANCELLED}
    assert all("not through Abell" not in job.message for job in jobs)
    asked = site.commands()
    assert 1 <= asked["scancel"] - before <= 5
    assert asked["squeue"] + asked["sacct"] + asked["scontrol"] <= 6 + 12 * (time.monotonic() - began) / 60
    assert not site.ran()
