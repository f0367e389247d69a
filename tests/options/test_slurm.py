"""Options of Slurm's runners and destinations, by real jobs on the real clusters of clusters/slurm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from abell import Cause
from abell.config import load
from tests.clusters.slurm.clusters import using, why_down
from tests.clusters.slurm.conftest import CONF, admin
from tests.options.conftest import MakeSite

CONFIG = f"""\
runners:
  main: {{{{load: slurm, slurm_conf: {CONF.format("main")}}}}}
  other: {{{{load: galaxy.jobs.runners.slurm:SlurmJobRunner, slurm_conf: {CONF.format("other")}, asks_per_minute: 30}}}}
execution:
  default: a
  environments:
    a: {{{{runner: main, {{}}}}}}
    other: {{{{runner: other}}}}
"""


def config(params: str = "") -> str:
    return CONFIG.format(params)


@pytest.fixture(autouse=True)
def clusters() -> Iterator[None]:
    if why := why_down("main", "other"):
        pytest.skip(why)
    with using("other"):
        yield


def test_slurm_conf_says_which_cluster(make_site: MakeSite) -> None:
    site = make_site(config())
    assert site.output("echo $SLURM_CLUSTER_NAME").strip() == "main"
    assert site.output("echo $SLURM_CLUSTER_NAME", to="other").strip() == "other"


def test_asks_per_minute_is_a_number(make_site: MakeSite) -> None:
    site = make_site(config())
    assert load(str(site.config)).configuration.runners["other"].params["asks_per_minute"] == 30
    assert site.run("true", to="other").cause is Cause.OK


@pytest.mark.parametrize("name", ["native_specification", "nativeSpecification"])
def test_native_specification(make_site: MakeSite, name: str) -> None:
    """The administrator's options win over the request, and the job knows what it got."""
    site = make_site(config(f"{name}: '-p short --ntasks=2 --mem=200'"))
    said = site.output("echo $SLURM_JOB_PARTITION $GALAXY_SLOTS $GALAXY_MEMORY_MB", slots=9, mem="9G")
    assert said.split() == ["short", "2", "200"]


def test_native_template(make_site: MakeSite) -> None:
    site = make_site(
        config("native_template: '-c {slots:2} [--mem={mem_mb}] [-t {minutes}] --comment=\"for {minutes:any}\"'")
    )
    said = "echo $GALAXY_SLOTS $GALAXY_MEMORY_MB; scontrol show job $SLURM_JOB_ID | grep Comment="
    assert site.output(said, slots=3, mem="300M").split() == ["3", "300", "Comment=for", "any"]
    assert site.output(said, time="90s").split() == ["2", "128", "Comment=for", "2"]


@pytest.mark.parametrize("requeue", [True, False])
def test_requeue(make_site: MakeSite, requeue: bool) -> None:
    """Whether Slurm may run the job again by itself."""
    site = make_site(config(f"requeue: {str(requeue).lower()}"))
    job = site.run("scontrol show job $SLURM_JOB_ID | grep -o Requeue=.")
    assert job.cause is Cause.OK
    assert job.stdout.read_text().strip() == f"Requeue={int(requeue)}"
    assert admin("scontrol", "ping")
