"""Limits on how many jobs: the surplus waits in Abell with Slurm's own words, and all of it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.slurm.clusters import conf, service, slurm, unused, whole
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause, Job, State

pytestmark = pytest.mark.timeout(500)
JOBS = 5  # beyond a limit of two


def fill(site: ScenarioSite, to: str, word: str) -> list[Job]:
    """Two jobs fill the place, and the others say why they wait. They end when `site.open("first-0", "first-1")`."""
    first = [site.gated(f"first-{n}", to=to) for n in range(2)]
    site.running(*first)
    surplus = [site.submit(site.counted(f"surplus-{n}"), to=to) for n in range(JOBS)]
    eventually(lambda: word in said(site, surplus), f"a waiting job or a notice that says {word}", 30)
    for job in surplus:
        site.until(job, State.WAITING)
    return [*first, *surplus]


def said(site: ScenarioSite, jobs: list[Job]) -> str:
    return "\n".join((*(job.refresh().row["why"] for job in jobs), site.notices()))


def expect_all_ran(site: ScenarioSite, jobs: list[Job]) -> None:
    site.open("first-0", "first-1")
    site.wait(jobs, 150)
    assert {job.cause for job in jobs} == {Cause.OK}
    assert set(site.ran().values()) == {1}


@pytest.mark.breaks("limited")
@pytest.mark.parametrize(
    ("to", "word"), [("tight", "QOSMaxSubmitJobPerUserLimit"), ("limited", "AssocMaxSubmitJobLimit")]
)
def test_a_limit_of_a_qos_or_an_account(site: ScenarioSite, to: str, word: str) -> None:
    """It holds up its own destination, and no other of the same runner."""
    unused("limited")
    jobs = fill(site, to, word)
    assert site.run(site.counted("elsewhere"), to="main").cause is Cause.OK
    expect_all_ran(site, jobs)
    assert len(site.ran()) == len(jobs) + 1


@pytest.fixture
def crowded(parts: None) -> Iterator[int]:
    """bare has room for two more jobs than the controller remembers, which are so many, until `restart`."""
    remembered = len(slurm("bare", "squeue", "--noheader", "--states=all").splitlines())
    restart(f"MaxJobCount={remembered + 3}")  # Slurm keeps one back
    yield remembered
    restart()


def restart(setting: str = "") -> None:
    """The controller of bare, with that setting instead of its own, which stays in the file for the next start."""
    file = Path(conf("bare"))
    before = file.read_text()
    service("stop", "slurmctld", "bare")
    if setting:
        name = setting.partition("=")[0]
        file.write_text(re.sub(rf"^{name}=.*$", setting, before, flags=re.MULTILINE))
    try:
        service("start", "slurmctld", "bare")
    finally:
        file.write_text(before)
    whole("bare")


@pytest.mark.breaks("bare")
def test_a_controller_that_has_as_many_jobs_as_it_may(crowded: int, site: ScenarioSite) -> None:
    """slurm.conf's MaxJobCount: sbatch itself tries again for two minutes, and then Abell does."""
    first = [site.gated(f"first-{n}", to="bare") for n in range(2)]
    site.running(*first)
    surplus = [site.submit(site.counted(f"surplus-{n}"), to="bare") for n in range(crowded + JOBS)]
    eventually(lambda: any(job.refresh().state is State.SUBMITTING for job in surplus), "a submission that hangs")
    restart()
    expect_all_ran(site, [*first, *surplus])
    assert len(site.ran()) == len(surplus) + 2
