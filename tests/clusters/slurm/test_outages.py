"""Slurm's daemons stop, hang or die while jobs are submitted, wait, run and end: nothing is lost or runs twice."""

from __future__ import annotations

import time

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.slurm.clusters import shown, slurm, without
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause, Job, State

pytestmark = pytest.mark.timeout(500)
OUTAGE_S = 20.0


@pytest.mark.breaks("bare")
@pytest.mark.parametrize(("how", "daemon"), [("stop", "slurmctld"), ("freeze", "slurmctld"), ("stop", "munged")])
def test_a_cluster_that_cannot_be_reached(site: ScenarioSite, how: str, daemon: str) -> None:
    """Its jobs run on and end meanwhile, new ones wait and say why, and another cluster's jobs do not notice."""
    runs = site.gated("runs", to="bare")
    ends = site.gated("ends", to="bare")
    queued = site.submit(site.counted("queued"), to="bare_tomorrow")
    site.running(runs, ends)
    site.until(queued, State.QUEUED)
    with without(how, daemon, "bare"):
        began = time.monotonic()
        new = [site.submit(site.counted(f"new-{n}"), to="bare") for n in range(3)]
        site.open("ends")
        assert ends.wait(30).cause is Cause.OK, "its bell and its record need no daemon"
        for n in range(2):
            assert site.run(site.counted(f"main-{n}"), to="main").cause is Cause.OK
        assert time.monotonic() - began < OUTAGE_S, "the other cluster's jobs were held up"
        eventually(lambda: "bare" in site.notices(), "ps says what is wrong with the runner")
        assert "main" not in site.notices()
        eventually(lambda: time.monotonic() - began > OUTAGE_S, "the end of the outage")
        assert all(job.refresh().cause is None for job in (runs, queued, *new))
    slurm("bare", "scontrol", "update", f"jobid={site.number(queued)}", "StartTime=now")
    site.open("runs")
    site.wait([runs, queued, *new], 150)
    assert {job.cause for job in (runs, queued, *new)} == {Cause.OK}
    assert site.ran() == dict.fromkeys(
        ("runs", "ends", "queued", *(f"new-{n}" for n in range(3)), "main-0", "main-1"), 1
    )
    assert site.notices() == ""


@pytest.mark.breaks("bare")
def test_what_a_waiting_job_says_while_its_cluster_is_away(site: ScenarioSite) -> None:
    with without("stop", "slurmctld", "bare"):
        job = site.submit(site.counted("it"), to="bare")
        eventually(lambda: "Unable to contact slurm controller" in job.refresh().row["why"], "Slurm's own words", 30)
        assert job.state is State.WAITING
        job.cancel()
        assert job.wait(30).cause is Cause.CANCELLED
    assert not site.ran()


@pytest.mark.breaks("accounting")
def test_accounting_that_is_away(site: ScenarioSite) -> None:
    """What needs none ends at once; what it knows better waits for it, and then takes the controller's word."""
    lost = site.gated("cancelled", to="main")
    site.running(lost)
    with without("stop", "slurmdbd"):
        assert site.run(site.counted("ok")).cause is Cause.OK
        failed = site.run(site.counted("exit", "exit 3"))
        assert (failed.cause, failed.exit_code) == (Cause.EXIT, 3)
        slurm("main", "scancel", site.number(lost))
        eventually(lambda: shown("main", site.number(lost)).get("JobState") == "CANCELLED", "the controller's word")
        assert site.run(site.counted("after")).cause is Cause.OK
    lost.wait(90)
    assert lost.cause is Cause.CANCELLED, lost.row
    assert "not through Abell" in lost.message  # by whom is told if the accounting is back in time
    assert site.ran() == {"cancelled": 1, "ok": 1, "exit": 1, "after": 1}


@pytest.mark.parametrize(
    ("to", "name", "node"),
    [
        pytest.param("frail", "main", "n6", marks=pytest.mark.breaks("frail")),
        pytest.param("b2", "bare", "b2", marks=pytest.mark.breaks("bare")),
    ],
)
def test_a_node_daemon_that_dies_and_comes_back(site: ScenarioSite, to: str, name: str, node: str) -> None:
    """Its jobs run on, and Slurm is told of their ends when it is back."""
    jobs = {
        text: site.gated(text, then, to=to) for text, then in (("goes-on", "true"), ("ok", "true"), ("bad", "exit 3"))
    }
    site.running(*jobs.values())
    with without("kill", "slurmd", name, node):
        site.open("ok", "bad")
        assert jobs["ok"].wait(30).cause is Cause.OK
    assert (jobs["bad"].wait(90).cause, jobs["bad"].exit_code) == (Cause.EXIT, 3)
    site.open("goes-on")
    assert jobs["goes-on"].wait(60).cause is Cause.OK
    assert site.ran() == dict.fromkeys(jobs, 1)
    eventually(lambda: all(over(name, site, job) for job in jobs.values()), "Slurm knows it, too", 90)


def over(name: str, site: ScenarioSite, job: Job) -> bool:
    return shown(name, site.number(job)).get("JobState", "") not in ("PENDING", "RUNNING", "COMPLETING")


@pytest.mark.breaks("other")
def test_the_other_clusters_controller_is_down(site: ScenarioSite) -> None:
    """`-M other`: only the jobs there wait for it."""
    runs = site.gated("runs", to="other")
    site.running(runs)
    with without("stop", "slurmctld", "other"):
        new = site.submit(site.counted("new"), to="other")
        for n in range(2):
            assert site.run(site.counted(f"main-{n}")).cause is Cause.OK
        eventually(lambda: "(other)" in site.notices(), "ps says what is wrong with it")
        assert new.refresh().cause is None
    site.open("runs")
    site.wait([runs, new], 150)
    assert {runs.cause, new.cause} == {Cause.OK}
    assert site.ran() == {"runs": 1, "new": 1, "main-0": 1, "main-1": 1}
