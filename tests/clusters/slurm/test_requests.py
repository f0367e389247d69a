"""What a job asks for arrives in Slurm and in the job; the destination's options win, and `abell route` says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.clusters.slurm.clusters import shown
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import SRC, Cause, Job

pytestmark = pytest.mark.timeout(500)
ENVIRON = {**os.environ, "PYTHONPATH": str(SRC)}
TOLD = "echo $GALAXY_SLOTS $GALAXY_MEMORY_MB $GALAXY_MEMORY_MB_PER_SLOT $CUDA_VISIBLE_DEVICES"


def told(job: Job) -> str:
    job.wait(60)
    assert job.cause is Cause.OK, job.row
    return job.stdout.read_text().strip()


@pytest.mark.breaks("limited")
def test_each_request(site: ScenarioSite) -> None:
    job = site.submit(TOLD, slots=3, mem="600M", time="90m", gpus=2, queue="main", account="limited", name="Étude 1/2")
    assert told(job) == "3 600 200 0,1"
    fields = shown("main", site.number(job))
    assert fields["NumCPUs"] == "3" and "cpu=3,mem=600M" in fields["TRES"]
    assert fields["TimeLimit"] == "01:30:00"
    assert fields["TresPerNode"] == "gres:gpu:2"
    assert (fields["Partition"], fields["Account"]) == ("main", "limited")
    assert "tude_1_2.a" in fields["JobName"]
    assert (fields["Requeue"], fields["WorkDir"]) == ("0", job.row["directory"])


def test_nothing_asked_for(site: ScenarioSite) -> None:
    """The destination's default, and Slurm's own."""
    job = site.submit(TOLD)
    assert told(job) == "1 100 100"
    fields = shown("main", site.number(job))
    assert (fields["NumCPUs"], fields["Partition"], fields["TimeLimit"]) == ("1", "main", "00:10:00")


def test_the_destinations_own_options_win_and_route_says_so(site: ScenarioSite) -> None:
    asked = {"slots": 2, "mem": "500M", "time": "2h", "queue": "high"}
    job = site.submit(TOLD, to="fixed", **asked)
    assert told(job) == "4 400 100"
    fields = shown("main", site.number(job))
    assert (fields["NumCPUs"], fields["Partition"], fields["TimeLimit"]) == ("4", "short", "00:01:00")
    options = [f"--{name}={value}" for name, value in asked.items()]
    argv = [sys.executable, "-m", "abell", "route", "-c", str(site.config), "--to", "fixed", *options]
    route = subprocess.run(argv, capture_output=True, text=True, check=True, env=ENVIRON).stdout
    for words in ("slots: 4, not 2", "memory_mb: 400, not 500", "walltime_s: 60, not 7200", "queue: short, not high"):
        assert f"{words} as asked for: the options of the destination fixed win" in route, route
