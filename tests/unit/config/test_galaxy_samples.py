"""Galaxy's own samples, from the installed package galaxy-config."""

from __future__ import annotations

from importlib.metadata import distribution

import pytest

from abell.config import load
from abell.config.check import check
from abell.config.load_names import when
from abell.job import Request
from abell.route.static import Refusal, Route, StaticRouter

SAMPLES = distribution("galaxy-config").locate_file("galaxy/config/sample")
ADVANCED = ("job_conf.sample.yml", "job_conf.xml.sample_advanced")


def sample(name: str) -> str:
    return str(SAMPLES / name)


def test_basic_is_the_default_configuration() -> None:
    assert load(sample("job_conf.xml.sample_basic")).configuration == load(None).configuration


def test_galaxy_yml_sample_is_the_default_configuration() -> None:
    loaded = load(sample("galaxy.yml.sample"))
    assert loaded.warnings == ()
    assert loaded.configuration.destinations == load(None).configuration.destinations


@pytest.mark.parametrize("name", ADVANCED)
def test_advanced_loads_and_says_what_it_finds(name: str) -> None:
    loaded = load(sample(name))
    configuration = loaded.configuration
    assert configuration.default_destination == "local"
    assert {"local", "multicore_local", "java_cluster", "dynamic", "ssh_torque"} <= set(configuration.destinations)
    assert configuration.destinations["multicore_local"].params["local_slots"] == 4
    assert [e.kind for e in configuration.destinations["java_cluster"].env] == [
        "variable",
        "variable",
        "file",
        "execute",
    ]
    assert configuration.destinations["java_cluster"].env[1].raw
    assert [r.destination for r in configuration.destinations["short_fast"].resubmit] == ["long_slow"]
    assert len(configuration.limits) == 10
    assert configuration.resources.groups["all"] == ("processors", "memory", "time", "project")
    warnings = "\n".join(str(w) for w in loaded.warnings)
    assert "no runner is named 'drmma' (did you mean 'drmaa'?)" in warnings  # a slip in Galaxy's sample
    assert "does not support galaxy.jobs.runners.kubernetes:KubernetesJobRunner" in warnings
    assert check(sample(name)).ok


@pytest.mark.parametrize("name", ADVANCED)
def test_every_destination_of_the_samples_is_routed_or_refused_with_a_reason(name: str) -> None:
    configuration = load(sample(name)).configuration
    router = StaticRouter(configuration)
    for destination in configuration.destinations.values():
        outcome = router.route(Request("true", destination=destination.id))
        runner = configuration.runners.get(destination.runner)
        if runner is not None and when(runner.backend) == "active":
            assert isinstance(outcome, Route)
        else:
            assert isinstance(outcome, Refusal)
            assert repr(destination.id) in outcome.reason


def test_macros_of_the_sample() -> None:
    destinations = load(sample("job_conf.xml.sample_advanced")).configuration.destinations
    assert destinations["foo_medium"].params["job_Resource_List"] == "walltime=4:00:00,ncpus=2"
    assert destinations["foo_medium"].runner == "cli"


def test_containers_of_the_samples_are_alike() -> None:
    yaml, xml = (load(sample(n)).configuration.destinations["customized_container"] for n in ADVANCED)
    assert yaml.params["container"][0]["identifier"] == "busybox:1.36.1-glibc"
    assert xml.params["container"] == yaml.params["container"]
