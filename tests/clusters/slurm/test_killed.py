"""Jobs that Slurm ends: for their time, their node, or for others; on a cluster with accounting and on one without."""

from __future__ import annotations

import pytest

from tests.clusters.slurm.clusters import slurm
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause, State

pytestmark = pytest.mark.timeout(500)  # also for the parts of the clusters that other tests have just now
FOREVER = "sleep 900"
BOTH = ("main", "bare")


@pytest.mark.uses("bare")
def test_a_time_limit_that_was_shortened(site: ScenarioSite) -> None:
    jobs = {name: site.submit(site.counted(name, FOREVER), to=name, time="10m") for name in BOTH}
    site.running(*jobs.values())
    for name, job in jobs.items():
        slurm(name, "scontrol", "update", f"jobid={site.number(job)}", "EndTime=now+1")
    site.wait(jobs.values())
    for name, job in jobs.items():
        assert job.cause is Cause.WALLTIME, job.row
        assert "600 s it was given" in job.message, name
    assert site.ran() == dict.fromkeys(BOTH, 1)


def test_a_time_limit_that_was_lengthened(site: ScenarioSite) -> None:
    """Beside a job that has its minute, and no more."""
    gate = site.gate("longer")
    longer = site.submit(site.counted("longer", gate.wait), time="1m")
    site.running(longer)
    slurm("main", "scontrol", "update", f"jobid={site.number(longer)}", "TimeLimit=10")
    minute = site.submit(site.counted("minute", FOREVER), time="1m").wait(150)  # Slurm looks at limits every 30 s
    assert minute.cause is Cause.WALLTIME, minute.row
    assert "of the 60 s it was given" in minute.message
    assert longer.refresh().state is State.RUNNING
    gate.open()
    assert longer.wait(60).cause is Cause.OK, longer.row
    assert site.ran() == {"longer": 1, "minute": 1}


@pytest.mark.parametrize(
    ("to", "name", "node"),
    [
        pytest.param("frail", "main", "n6", marks=pytest.mark.breaks("frail")),
        pytest.param("b2", "bare", "b2", marks=pytest.mark.breaks("bare")),
    ],
)
def test_a_node_that_fails(site: ScenarioSite, to: str, name: str, node: str) -> None:
    jobs = [site.submit(site.counted(str(n), FOREVER), to=to) for n in range(2)]
    site.running(*jobs)
    try:
        slurm(name, "scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        site.wait(jobs)
    finally:  # Slurm may have brought it back by itself (ReturnToService)
        slurm(name, "scontrol", "update", f"nodename={node}", "state=resume", ok=False)
    for job in jobs:
        assert job.cause is Cause.NODE, job.row
        assert node in job.message
    after = site.run(site.counted("after"), to=to)
    assert after.cause is Cause.OK, after.row
    assert site.ran() == {"0": 1, "1": 1, "after": 1}


@pytest.mark.breaks("low")
def test_a_job_that_makes_way_for_another(site: ScenarioSite) -> None:
    low = site.submit(site.counted("low", FOREVER), to="low", slots=16)
    site.running(low)
    high = site.submit(site.counted("high"), to="high", slots=16)
    site.wait([low, high], 90)
    assert low.cause is Cause.PREEMPTED, low.row
    assert "reempt" in low.message.lower()
    assert high.cause is Cause.OK, high.row
    assert site.ran() == {"low": 1, "high": 1}
