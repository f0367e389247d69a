"""`abell route`: no engine, no root, nothing runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("abell.route.static")

from abell.cli.app import abell

CONFIG = """\
runners:
  local: {load: local}
execution:
  default: local
  environments:
    local: {runner: local}
    big: {runner: local, tags: [many]}
tools:
  - {id: bwa, environment: many}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "job_conf.yml"
    path.write_text(CONFIG)
    return str(path)


def route(*args: str) -> Result:
    return CliRunner().invoke(abell, ["route", *args], standalone_mode=False)


def test_without_a_configuration_everything_is_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABELL_ROOT", str(tmp_path / "root"))
    done = route("--", "sort", "x")
    assert done.return_value == 0
    assert done.output.startswith("local (runner local)\n  ")
    assert not (tmp_path / "root").exists()


def test_it_says_why_and_says_it_safely(config: str) -> None:
    done = route("-c", config, "--tool", "bwa")
    assert done.output.startswith("big (runner local)\n")
    assert f"{config}:9" in done.output
    hostile = route("-c", config, "--to", "no\x1b[31mwhere")
    assert "no\\x1b[31mwhere" in hostile.output
    assert "\x1b" not in hostile.output


def test_json(config: str) -> None:
    said = json.loads(route("-c", config, "--tool", "bwa", "--json").output)
    assert (said["destination"], said["runner"]) == ("big", "local")
    assert said["why"]


def test_a_job_that_would_be_rejected(config: str) -> None:
    done = route("-c", config, "--to", "nowhere")
    assert done.return_value == 122
    assert done.output.startswith("rejected: ")
    assert json.loads(route("-c", config, "--to", "nowhere", "--json").output)["destination"] is None


def test_a_configuration_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from abell.__main__ import main

    path = tmp_path / "job_conf.yml"
    path.write_text("runners: {a: {load: nonsense}}\nexecution: {default: b, environments: {}}\n")
    assert main(["route", "-c", str(path)]) == 125
    problems = capsys.readouterr().err
    assert f"{path}:1" in problems
    assert f"{path}:2" in problems


def test_a_metadata_command_where_none_may_run_is_told_beforehand(tmp_path: Path) -> None:
    path = tmp_path / "none.yml"
    path.write_text(CONFIG.replace("local: {runner: local}", "local: {runner: local, embed_metadata_in_job: false}"))
    assert route("-c", str(path)).return_value == 0
    done = route("-c", str(path), "--metadata", "echo m")
    assert done.return_value == 122
    assert done.output.startswith("rejected: embed_metadata_in_job is false for the destination local")


def test_a_requeue_that_cannot_be_is_told_beforehand(tmp_path: Path) -> None:
    path = tmp_path / "again.yml"
    path.write_text(CONFIG.replace("local: {runner: local}", "local: {runner: local, requeue: true}"))
    done = route("-c", str(path))
    assert done.return_value == 122
    assert done.output.startswith("rejected: requeue is true for the destination local")
    assert "remedy" in done.output


def test_slots_say_who_gave_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slots.yml"
    path.write_text(
        "runners: {local: {load: local}}\n"
        "execution:\n  default: any\n  environments:\n"
        "    any: {runner: local}\n    one: {runner: local, local_slots: 1}\n"
    )
    monkeypatch.delenv("GALAXY_SLOTS", raising=False)

    def said(*args: str) -> str:
        return route("-c", str(path), *args).output.splitlines()[-1].strip()

    assert said() == "slots: 1, the default"
    assert said("--to", "one") == "slots: 1, by the destination one"
    assert said("--to", "one", "--slots", "2").endswith("the options of the destination one win")
    monkeypatch.setenv("GALAXY_SLOTS", "3")
    assert said() == "slots: 3, by the server's environment"
    assert said("--to", "one") == "slots: 1, by the destination one"
    assert f"{path}:3: the default is 'any'" in route("-c", str(path)).output


def test_more_slots_than_there_are_cores_are_rejected_as_they_would_be(tmp_path: Path) -> None:
    path = tmp_path / "cores.yml"
    path.write_text("runners: {local: {load: local, cores: 2}}\nexecution: {environments: {a: {runner: local}}}\n")
    assert route("-c", str(path), "--slots", "2").return_value == 0
    done = route("-c", str(path), "--slots", "3")
    assert done.return_value == 122
    assert done.output.startswith("rejected: it asks for 3 slots, and runner local has 2 cores\n  ")
