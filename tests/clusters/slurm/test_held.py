"""Jobs that Slurm has and will not start, and those that it does not take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clusters.slurm.clusters import slurm
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause, Job, State

pytestmark = pytest.mark.timeout(500)


def test_held_by_its_user_and_released(site: ScenarioSite) -> None:
    job = site.submit(site.counted("it"), to="hold")
    site.until(job, State.HELD)
    assert "JobHeldUser" in job.row["why"] and "scontrol release" in job.row["why"]
    slurm("main", "scontrol", "release", site.number(job))
    assert job.wait(60).cause is Cause.OK
    assert site.ran() == {"it": 1}


def test_held_by_an_administrator_and_released(site: ScenarioSite) -> None:
    job = site.submit(site.counted("it"), to="tomorrow")
    site.until_why(job, "BeginTime")
    assert job.state is State.QUEUED
    slurm("main", "scontrol", "hold", site.number(job))
    site.until(job, State.HELD)
    assert "JobHeldAdmin" in job.row["why"]
    slurm("main", "scontrol", "release", site.number(job))
    change(site, job, "StartTime=now")
    assert job.wait(60).cause is Cause.OK
    assert site.ran() == {"it": 1}


@pytest.fixture
def shrinking() -> Iterator[str]:
    """A partition whose time limit can be lowered while jobs wait."""
    name = f"shrinking-{os.getpid()}"
    slurm("main", "scontrol", "create", f"PartitionName={name}", "Nodes=n4", "MaxTime=1-0")
    yield name
    slurm("main", "scontrol", "delete", f"PartitionName={name}")


def test_what_can_never_start_is_held_and_can_be_cancelled(site: ScenarioSite, shrinking: str) -> None:
    failed = site.run("exit 1")
    depends = site.submit(site.counted("depends"), to="tomorrow")
    too_long = site.submit(site.counted("too-long"), to="tomorrow", queue=shrinking, time="2h")
    site.until(depends, State.QUEUED)
    site.until(too_long, State.QUEUED)
    slurm("main", "scontrol", "update", f"PartitionName={shrinking}", "MaxTime=1")
    change(site, depends, f"Dependency=afterok:{site.number(failed)}", "StartTime=now")
    change(site, too_long, "StartTime=now")
    site.until(depends, State.HELD)
    site.until(too_long, State.HELD)
    assert "DependencyNeverSatisfied" in depends.row["why"] and "cancel it" in depends.row["why"]
    assert "PartitionTimeLimit" in too_long.row["why"] and "cancel it" in too_long.row["why"]
    site.cluster.cancel([depends, too_long])
    site.wait([depends, too_long])
    assert {depends.cause, too_long.cause} == {Cause.CANCELLED}
    assert "by " in depends.message and "not through" not in depends.message
    assert not site.ran()


def change(site: ScenarioSite, job: Job, *fields: str) -> None:
    slurm("main", "scontrol", "update", f"jobid={site.number(job)}", *fields)


@pytest.mark.uses("bare")
@pytest.mark.parametrize("to", ["main", "bare"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"mem": "900G"}, "Requested node configuration is not available"),
        ({"slots": 500}, "More processors requested than permitted"),
        ({"time": "30d"}, "Requested time limit is invalid"),
        ({"queue": "nowhere"}, "invalid partition specified: nowhere"),
    ],
)
def test_what_slurm_does_not_take_is_rejected_in_its_own_words(
    site: ScenarioSite, to: str, asked: dict[str, Any], said: str
) -> None:
    bad = site.submit(site.counted("bad"), to=to, **asked)
    good = site.submit(site.counted("good"), to=to)
    site.wait([bad, good])
    assert bad.cause is Cause.REJECTED, bad.row
    assert said in bad.message
    assert good.cause is Cause.OK
    assert site.ran() == {"good": 1}
