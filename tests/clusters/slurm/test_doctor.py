"""The doctor's checks of real Slurm clusters: in order, gone, unknown, frozen, half installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clusters.slurm.clusters import conf, without
from tests.clusters.slurm.conftest import clean
from tests.contract.site import SRC

pytestmark = pytest.mark.usefixtures("parts")

Findings = list[dict[str, Any]]


def config(directory: Path, runners: Mapping[str, str], destinations: Mapping[str, tuple[str, str]]) -> Path:
    """`runners`: id -> slurm.conf. `destinations`: id -> runner, native options."""
    path = directory / "job_conf.yml"
    places = {
        name: {"runner": runner, "native_specification": native} for name, (runner, native) in destinations.items()
    }
    path.write_text(
        json.dumps(
            {
                "runners": {name: {"load": "slurm", "slurm_conf": where} for name, where in runners.items()},
                "execution": {"default": next(iter(places)), "environments": places},
            }
        )
    )
    return path


def doctor(path: Path, *more: str, **environ: str) -> tuple[int, dict[str, Findings]]:
    """The exit code, and the findings by `runner/cluster`."""
    done = subprocess.run(
        [sys.executable, "-m", "abell", "doctor", "-c", str(path), "--json", *more],
        env={**clean(os.environ), "PYTHONPATH": str(SRC), "ABELL_ROOT": str(path.parent / "root"), **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = json.loads(done.stdout)
    assert said["ok"] == (done.returncode == 0)
    assert not (path.parent / "root").exists(), "it only looks"
    runners = [check for check in said["checks"] if check["about"] == "runner"]
    return done.returncode, {f"{each['name']}/{each['cluster']}": each["findings"] for each in runners}


def crosses(findings: Findings) -> list[str]:
    return [f"{each['text']} → {each['remedy']}" for each in findings if not each["ok"]]


def elsewhere(directory: Path, old: str, new: str) -> str:
    """A slurm.conf as main's, but for this."""
    text = Path(conf("main")).read_text()
    assert old in text
    path = directory / "slurm.conf"
    path.write_text(text.replace(old, new))
    return str(path)


@pytest.mark.uses("accounting", "other")
def test_clusters_in_order(tmp_path: Path) -> None:
    path = config(tmp_path, {"west": conf("main")}, {"west": ("west", ""), "east": ("west", "-M other")})
    code, found = doctor(path)
    assert (code, set(found)) == (0, {"west/", "west/other"})
    for findings in found.values():
        texts = "\n".join(each["text"] for each in findings)
        assert "on PATH: sbatch" in texts
        assert "slurm-wlm " in texts
        assert "is UP" in texts
        assert "accounting is on" in texts
    assert set(doctor(path, "east")[1]) == {"west/other"}


@pytest.mark.uses("accounting")
def test_a_cluster_that_the_accounting_does_not_know(tmp_path: Path) -> None:
    path = config(tmp_path, {"west": conf("main")}, {"west": ("west", ""), "lost": ("west", "-M nowhere")})
    code, found = doctor(path)
    assert (code, crosses(found["west/"])) == (125, [])
    [cross] = crosses(found["west/nowhere"])
    assert "'nowhere'" in cross
    assert "-M nowhere" in cross


def test_a_controller_that_is_not_there(tmp_path: Path) -> None:
    gone = elsewhere(tmp_path, "SlurmctldPort=16817", "SlurmctldPort=9")
    path = config(tmp_path, {"gone": gone, "here": conf("main")}, {"gone": ("gone", ""), "here": ("here", "")})
    code, found = doctor(path)
    assert (code, crosses(found["here/"])) == (125, [])
    [cross] = crosses(found["gone/"])
    assert "DOWN" in cross
    assert "start slurmctld" in cross


@pytest.mark.breaks("bare")
def test_a_frozen_controller_delays_only_its_own_lines(tmp_path: Path) -> None:
    path = config(tmp_path, {"bare": conf("bare"), "main": conf("main")}, {"bare": ("bare", ""), "main": ("main", "")})
    environ = {**clean(os.environ), "PYTHONPATH": str(SRC), "ABELL_ROOT": str(tmp_path / "root")}
    argv = [sys.executable, "-u", "-m", "abell", "doctor", "-c", str(path)]
    with without("freeze", "slurmctld", "bare"):
        process = subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        at = {line.strip(): time.monotonic() for line in process.stdout}
        assert process.wait(60) == 125
    assert at["runner bare: bare"] - at["runner main: main"] > 2.0, at
    assert any(line.startswith("✗") and "DOWN" in line for line in at), at


def test_commands_that_are_missing(tmp_path: Path) -> None:
    """sacct was forgotten: that is told, and what can be checked is."""
    (tmp_path / "bin").mkdir()
    for name in ("sbatch", "squeue", "scancel", "scontrol"):
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(found)
    path = config(tmp_path, {"west": conf("main")}, {"west": ("west", "")})
    code, findings = doctor(path, PATH=str(tmp_path / "bin"))
    assert code == 125
    [cross] = crosses(findings["west/"])
    assert cross.startswith("not on PATH: sacct → install")
    assert any("is UP" in each["text"] for each in findings["west/"])
