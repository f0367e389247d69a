"""Options of Grid Engine's runners and destinations, by real jobs on the real clusters of clusters/gridengine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from abell import Cause
from tests.clusters.gridengine.clusters import FRAIL, environ, one, runner, using, why_down
from tests.options.conftest import MakeSite


def config(**params: str) -> str:
    runners = {cell: {"load": "gridengine", "asks_per_minute": 120, **runner(cell)} for cell in ("main", FRAIL)}
    places = {"a": {"runner": "main", **params}, "b": {"runner": FRAIL}}
    return json.dumps({"runners": runners, "execution": {"default": "a", "environments": places}}, indent=1)


@pytest.fixture(autouse=True)
def clusters() -> Iterator[None]:
    if why := why_down("main", FRAIL):
        pytest.skip(why)
    with using("main", FRAIL):
        yield


def test_which_cluster(make_site: MakeSite) -> None:
    """Its directory, cell and ports, and where its commands are: none of it is in the server's variables."""
    site = make_site(config())
    assert site.output("echo $SGE_CELL $SGE_QMASTER_PORT").split() == ["main", "16444"]
    assert site.output("echo $SGE_CELL $SGE_QMASTER_PORT", to="b").split() == [
        FRAIL,
        environ(FRAIL)["SGE_QMASTER_PORT"],
    ]


@pytest.mark.parametrize("name", ["native_specification", "nativeSpecification"])
def test_native_specification(make_site: MakeSite, name: str) -> None:
    """The administrator's options win over the request, and the job knows what it got."""
    site = make_site(config(**{name: "-P bignodes -R y -pe threads 8 -l mem_free=100M"}))
    said = site.output("echo $PE $GALAXY_SLOTS $GALAXY_MEMORY_MB $GALAXY_MEMORY_MB_PER_SLOT", slots=2, mem="9G")
    assert said.split() == ["threads", "8", "800", "100"]


def test_a_range_of_slots(make_site: MakeSite) -> None:
    """How many there are is known when the job runs: memory is so much for each."""
    site = make_site(config(native_specification="-pe smp 2-3 -l mem_free=100M"))
    said = site.output("echo $GALAXY_SLOTS $GALAXY_MEMORY_MB $GALAXY_MEMORY_MB_PER_SLOT")
    slots, memory, per_slot = map(int, said.split())
    assert (slots in (2, 3), memory, per_slot) == (True, slots * 100, 100)


def test_native_template(make_site: MakeSite) -> None:
    template = "-pe smp {slots:1} [-l mem_free={mem_per_slot_mb}M] [-l h_rt={seconds}]"
    site = make_site(config(native_template=template))
    said = site.output("echo $GALAXY_SLOTS $GALAXY_MEMORY_MB", slots=3, mem="300M", time="90s")
    assert said.split() == ["3", "300"]
    assert site.output("echo $GALAXY_SLOTS").split() == ["1"]


def test_parallel_environment(make_site: MakeSite) -> None:
    """It is needed for several slots, and for those only."""
    site = make_site(config(parallel_environment="threads"))
    assert site.output("echo $PE $NSLOTS", slots=2).split() == ["threads", "2"]
    assert site.output("echo ${PE-none} $NSLOTS", slots=1).split() == ["none", "1"]
    refused = site.run("true", to="b", slots=2)
    assert refused.cause is Cause.REJECTED and "parallel_environment" in refused.message


def test_memory_resource(make_site: MakeSite) -> None:
    """By both, for each slot."""
    site = make_site(config(memory_resource="h_vmem,mem_free", parallel_environment="smp"))
    said = site.output("ulimit -v; echo $GALAXY_MEMORY_MB", slots=2, mem="4G")
    assert said.split() == [str(4 << 20), "4096"]


def test_gpu_resource(make_site: MakeSite) -> None:
    """By a resource of the site's; without its name a request is said, and not passed on."""
    site = make_site(config(gpu_resource=one()))
    job = site.run("true", gpus=1)
    assert job.cause is Cause.OK
    impossible = site.submit("true", gpus=2)
    site.until(impossible, *(state for state in type(impossible.state) if state.value in ("queued", "held")))
    silent = site.run("true", gpus=1, to="b")
    story = [event["text"] for event in site.cluster.client_ask("job", job=silent.id)["events"]]
    assert silent.cause is Cause.OK and any("has no way to ask for it" in text for text in story), story


@pytest.mark.parametrize("code", [99, 100])
def test_exit_codes_that_are_orders_to_grid_engine(make_site: MakeSite, code: int) -> None:
    """They start nothing again, and put nothing into the error state."""
    job = make_site(config()).run(f"exit {code}")
    assert (job.cause, job.exit_code) == (Cause.EXIT, code)
