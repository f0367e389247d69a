"""The command line with the real engine: nothing runs beforehand, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("abell.engine.serve")

from abell.client.cluster import Cluster
from abell.client.connect import find

SRC = Path(__file__).parents[2] / "src"


def until(condition: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Abell:
    def __init__(self, root: Path, cwd: Path) -> None:
        self.root, self.cwd = root, cwd
        self.environ = {**os.environ, "ABELL_ROOT": str(root), "PYTHONPATH": str(SRC), "PWD": str(cwd)}

    def begin(self, *args: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "abell", *args]
        return subprocess.Popen(
            argv, cwd=self.cwd, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*args)
        out, err = process.communicate(timeout=90)
        return subprocess.CompletedProcess(args, process.returncode, out, err)


@pytest.fixture
def abell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Abell]:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(SRC))
    monkeypatch.chdir(work)
    abell = Abell(tmp_path / "root", work)
    yield abell
    if abell.root.is_dir() and find(abell.root):
        abell("cancel", "--all")
        abell("stop")


def test_the_first_job(abell: Abell) -> None:
    (abell.cwd / "words.txt").write_text("b\na\nb\n")
    done = abell("run", "--", "sort", "-u", "words.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\nb\n", "")


def test_exit_codes(abell: Abell) -> None:
    assert abell("run", "--", "exit 7").returncode == 7
    assert abell("run", "--", "kill -9 $$").returncode == 137
    walltime = abell("run", "--time", "1s", "--", "sleep 60")
    assert walltime.returncode == 124
    assert "walltime" in walltime.stderr
    missing = abell("run", "--output", "x=out.txt", "--", "true")
    assert missing.returncode == 123
    assert abell("run", "--to", "nowhere", "--", "true").returncode == 122


def test_several_at_once_on_a_root_without_a_server(abell: Abell) -> None:
    processes = [abell.begin("run", "--", "echo", str(number)) for number in range(6)]
    said = [process.communicate(timeout=90)[0] for process in processes]
    assert said == [f"{number}\n" for number in range(6)]
    assert len(json.loads(abell("ps", "--all", "--json").stdout)["jobs"]) == 6


def test_interruption_cancels(abell: Abell) -> None:
    process = abell.begin("run", "--", "touch begun; sleep 60")
    until((abell.cwd / "begun").exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cancelled" in err


def test_outputs_arrive(abell: Abell) -> None:
    done = abell("run", "--output", "sorted=out.txt", "--", 'echo x > "$ABELL_OUTPUT_sorted"')
    assert done.returncode == 0, done.stderr
    assert (abell.cwd / "out.txt").read_text() == "x\n"
    (output,) = json.loads(abell("show", "1", "--json").stdout)["job"]["outputs"]
    assert (output["name"], output["size"]) == ("sorted", 2)


def test_submit_wait_logs_show(abell: Abell) -> None:
    job = abell("submit", "--slots", "2", "--", "echo out; echo err >&2; exit 3").stdout.strip()
    assert abell("wait", job).returncode == 3
    assert abell("logs", job).stdout == "out\n"
    assert abell("logs", "--stderr", job).stdout == "err\n"
    story = abell("show", job).stdout
    assert story.startswith(f"job {job}: exit")
    assert "asked 2" in story


def test_script_and_route_run_nothing(abell: Abell) -> None:
    script = abell("script", "--slots", "2", "--", "touch ran")
    assert script.returncode == 0, script.stderr
    assert "touch ran" in script.stdout
    assert abell("route", "--", "x").stdout.startswith("local ")
    assert not (abell.cwd / "ran").exists()
    assert not abell.root.exists()


def test_python_api(abell: Abell) -> None:
    with Cluster(abell.root) as cluster:
        jobs = [cluster.submit(["sh", "-c", f"echo {number}; exit {number}"]) for number in range(4)]
        cluster.wait(jobs, timeout=60)
        assert [job.exit_code for job in jobs] == [0, 1, 2, 3]
        assert jobs[2].stdout.read_text() == "2\n"


def test_waiting_survives_a_killed_engine(abell: Abell) -> None:
    process = abell.begin("run", "--", "touch begun; while ! [ -e go ]; do sleep 0.1; done; echo done; exit 3")
    until((abell.cwd / "begun").exists)
    found = find(abell.root)
    assert found is not None
    found[0].close()
    os.kill(found[1].pid, signal.SIGKILL)
    (abell.cwd / "go").touch()
    out, _ = process.communicate(timeout=90)
    assert (process.returncode, out) == (3, "done\n")
