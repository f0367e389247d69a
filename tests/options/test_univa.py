"""Options of Univa runners and destinations, by real jobs on the real Grid Engine of clusters/gridengine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from abell.config import load
from tests.clusters.gridengine.clusters import environ, one, using, why_down
from tests.options.conftest import MakeSite
from tests.options.site import Site


@pytest.fixture(autouse=True)
def clusters() -> Iterator[None]:
    if why := why_down("main"):
        pytest.skip(why)
    with using("main"):
        yield


def started(make_site: MakeSite, **params: str) -> Site:
    config = {
        "runners": {"u": {"load": "galaxy.jobs.runners.univa:UnivaJobRunner", "asks_per_minute": 90}},
        "execution": {"default": "a", "environments": {"a": {"runner": "u", **params}}},
    }
    return make_site(json.dumps(config, indent=1), **environ("main"))


def test_asks_per_minute(make_site: MakeSite) -> None:
    site = started(make_site)
    assert load(str(site.config)).configuration.runners["u"].params["asks_per_minute"] == 90
    assert site.output("echo $SGE_CELL") == "main\n"


SAY = "echo $PE $GALAXY_SLOTS $GALAXY_MEMORY_MB $GALAXY_MEMORY_MB_PER_SLOT; qstat -j $JOB_ID"


def test_requests_become_options(make_site: MakeSite) -> None:
    """As with `gridengine`: slots, memory for each, GPUs by the site's name for them; and the job knows what it got."""
    site = started(make_site, parallel_environment="threads", memory_resource="mem_free", gpu_resource=one())
    path = {"PATH": environ("main")["PATH"]}
    first, *rest = site.output(SAY, slots=2, mem="300M", time="90s", env=path).splitlines()
    assert first.split() == ["threads", "2", "300", "150"]
    assert asked(rest) == {"mem_free=150M", "h_rt=90"}
    assert asked(site.output(SAY, gpus=1, env=path).splitlines()) == {f"{one()}=1"}


def asked(lines: list[str]) -> set[str]:
    """The resources in the output of `qstat -j`."""
    [found] = [line for line in lines if line.startswith("hard resource_list:")]
    return set(found.split()[-1].split(","))


def test_more_slots_than_one_need_a_parallel_environment(make_site: MakeSite, tmp_path: Path) -> None:
    job = started(make_site).run("true", slots=2)
    assert job.cause == "rejected" and "parallel_environment" in job.message
