"""Who is examined: each runner, and each cluster of it that a destination means."""

from __future__ import annotations

from pathlib import Path

import pytest

from abell.config import load
from abell.config.model import Configuration
from abell.doctor.patients import Patient, patients
from abell.errors import OptionError

JOB_CONF = """\
runners:
  west: {load: slurm}
  local: {load: local}
  spare: {load: slurm}
  k8s: {load: kubernetes}
  never_used: {load: kubernetes}
execution:
  default: west
  environments:
    west: {runner: west, tags: [any, big]}
    short: {runner: west, native_specification: --time=1}
    east: {runner: west, native_specification: -M east, tags: [big]}
    east2: {runner: west, native_specification: --clusters=east}
    here: {runner: local, tags: [any]}
    pods: {runner: k8s}
    rules: {runner: dynamic}
    stub: {tags: [any]}
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    path = tmp_path / "job_conf.yml"
    path.write_text(JOB_CONF)
    return load(path).configuration


def who(found: list[Patient]) -> dict[tuple[str, str], list[str]]:
    return {(each.runner, each.cluster): each.destinations for each in found}


def test_each_runner_with_each_cluster_and_whom_it_serves(configuration: Configuration) -> None:
    found = patients(configuration)
    assert who(found) == {
        ("west", ""): ["west", "short"],
        ("west", "east"): ["east", "east2"],
        ("local", ""): ["here"],
        ("k8s", ""): ["pods"],
        ("dynamic", ""): ["rules"],
        ("spare", ""): [],  # nobody uses it yet
    }
    usable = {each.runner: each.backend for each in found if each.backend}
    assert set(usable) == {"west", "local", "spare"}
    [east] = [each for each in found if each.cluster == "east"]
    assert east.backend is not None
    assert east.backend.here == "east"


def test_what_can_run_no_job_says_why(configuration: Configuration) -> None:
    why = {each.runner: each.obstacles for each in patients(configuration)}
    assert why["west"] == why["local"] == []
    assert "does not support" in why["k8s"][0]
    assert "'rules' is dynamic" in why["dynamic"][0]


def test_only_what_is_named_by_id_or_tag(configuration: Configuration) -> None:
    assert who(patients(configuration, ["east2"])) == {("west", "east"): ["east2"]}
    assert who(patients(configuration, ["big"])) == {("west", ""): ["west"], ("west", "east"): ["east"]}
    [stub] = patients(configuration, ["stub"])
    assert "has no runner" in stub.obstacles[0]


def test_a_name_that_nobody_has(configuration: Configuration) -> None:
    with pytest.raises(OptionError, match="did you mean 'east'") as error:
        patients(configuration, ["west", "eats"])
    assert error.value.option == "DESTINATION"
