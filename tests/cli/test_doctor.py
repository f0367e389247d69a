"""`abell doctor` as a command: no server has to run, none is started, and one that runs says what holds up its jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_end_to_end import Abell, until
from tests.contract.site import EngineProcess

LOCAL = "runners: {local: {load: local}}\nexecution: {environments: {here: {runner: local}}}\n"
# No Slurm can be reached: its commands are not on the PATH of the tests that use it.
SLURM = "runners: {far: {load: slurm}}\nexecution: {environments: {far: {runner: far}}}\n"


@pytest.fixture
def abell(tmp_path: Path) -> Abell:
    work = tmp_path / "work"
    work.mkdir()
    return Abell(tmp_path / "root", work)


@pytest.fixture
def poor(abell: Abell) -> Abell:
    """Without any command on its PATH."""
    (abell.cwd / "bin").mkdir()
    abell.environ["PATH"] = str(abell.cwd / "bin")
    return abell


def written(abell: Abell, text: str) -> str:
    path = abell.cwd / "job_conf.yml"
    path.write_text(text)
    return str(path)


def findings(said: str) -> dict[str, list[dict[str, Any]]]:
    return {check["about"]: check["findings"] for check in json.loads(said)["checks"]}


def test_all_is_well_and_nothing_is_written(abell: Abell) -> None:
    done = abell("doctor", "-c", written(abell, LOCAL))
    assert (done.returncode, done.stderr) == (0, "")
    assert "runner local: here\n" in done.stdout
    assert done.stdout.endswith("all is well\n")
    assert not abell.root.exists()


def test_without_a_configuration(abell: Abell) -> None:
    done = abell("doctor")
    assert done.returncode == 0
    assert "none is named: jobs run on this machine" in done.stdout


def test_missing_commands(poor: Abell) -> None:
    config = written(poor, SLURM)
    done = poor("doctor", "-c", config)
    assert done.returncode == 125
    assert "not on PATH: sbatch, squeue, scancel, scontrol, sacct" in done.stdout
    assert "install the client commands of slurm" in done.stdout
    said = json.loads(poor("doctor", "-c", config, "--json").stdout)
    assert said["ok"] is False
    assert [(check["about"], check["ok"]) for check in said["checks"]] == [
        ("configuration", True),
        ("server", True),
        ("runner", False),
    ]


def test_a_configuration_that_cannot_be_used(abell: Abell) -> None:
    config = written(abell, LOCAL.replace("runner: local}", "runner: locale}"))
    done = abell("doctor", "-c", config, "--json")
    assert done.returncode == 125
    [problem] = findings(done.stdout)["configuration"]
    assert not problem["ok"]
    assert f"{config}:2" in problem["text"]
    assert list(findings(done.stdout)) == ["configuration"]


def test_a_destination_that_nobody_has(abell: Abell) -> None:
    done = abell("doctor", "-c", written(abell, LOCAL), "her")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'here'" in done.stderr


def test_a_root_that_cannot_be_used(abell: Abell) -> None:
    abell.root.write_text("a file")
    done = abell("doctor")
    assert done.returncode == 125
    assert done.stdout.count(f"✗ {abell.root} is not a directory\n") == 1, "for the root and all that is below it"
    assert "--root DIR" in done.stdout


@pytest.fixture
def server(poor: Abell) -> Iterator[EngineProcess]:
    """A server whose Slurm cannot be reached."""
    config = Path(written(poor, SLURM))
    engine = EngineProcess(poor.root, config, {"PATH": poor.environ["PATH"]})
    engine.wait_until_it_serves()
    yield engine
    engine.process.kill()
    engine.wait()


def test_a_server_tells_its_configuration_and_what_holds_up_its_jobs(poor: Abell, server: EngineProcess) -> None:
    quiet = findings(poor("doctor", "--json").stdout)
    assert f"a server runs (process {server.pid}) with {poor.cwd / 'job_conf.yml'}" in quiet["server"][-1]["text"]
    assert "not on PATH" in quiet["runner"][0]["text"], "the server's configuration is the one that counts"
    assert all(each["ok"] for each in quiet["server"])
    before = set(poor.root.iterdir())
    assert poor("submit", "--", "true").returncode == 0

    def notices() -> list[str]:
        return [each["text"] for each in findings(poor("doctor", "--json").stdout)["server"] if not each["ok"]]

    until(lambda: any("runner far waits: sbatch" in notice for notice in notices()))
    assert set(poor.root.iterdir()) == before
    poor("cancel", "--all")


def test_a_configuration_that_has_changed_under_the_server(poor: Abell, server: EngineProcess) -> None:
    config = written(poor, SLURM + "# more\n")
    changed = findings(poor("doctor", "--json").stdout)["server"][-1]
    assert not changed["ok"]
    assert "which has changed since" in changed["text"]
    assert "restart it" in changed["remedy"]
    other = Path(config).with_name("other.yml")
    other.write_text(LOCAL)
    [*_, another] = findings(poor("doctor", "-c", str(other), "--json").stdout)["server"]
    assert another["ok"]
    assert "restart it" in another["remedy"]
