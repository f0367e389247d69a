"""The other verbs against a real engine process."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from abell.client.request import make_request

from .conftest import Abell, Engine, until

EVIL = "\x1b]0;owned\x07\ttab [red]markup[/red]"


def at_terminal(abell: Abell, *args: str) -> str:
    """What `abell` prints when stdout and stderr are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        abell.argv(*args),
        cwd=abell.cwd,
        env={**abell.environ, "COLUMNS": "120", "TERM": "xterm"},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    printed = b""
    try:
        while data := os.read(ours, 65536):
            printed += data
    except OSError:
        pass  # EIO: the other end has closed
    os.close(ours)
    process.wait(timeout=30)
    return printed.decode()


def test_submit_prints_the_number_and_wait_tells_the_end(abell: Abell) -> None:
    assert abell("submit", "--", "exit 0").stdout == "1\n"
    assert json.loads(abell("submit", "--json", "--", "exit 4").stdout) == {"id": 2}
    done = abell("wait", "2", "1")
    assert done.returncode == 4
    assert sorted(done.stdout.splitlines()) == ["1\tok\t", "2\texit\texit code 4"]
    assert abell("wait", "1").returncode == 0


def test_wait_ends_as_the_first_that_failed_in_the_order_given(abell: Abell) -> None:
    for code in (5, 6):
        abell("submit", "--", f"exit {code}")
    assert abell("wait", "1", "2").returncode == 5
    assert abell("wait", "2", "1").returncode == 6
    rows = [json.loads(line) for line in abell("wait", "--json", "1", "2").stdout.splitlines()]
    assert {row["exit_code"] for row in rows} == {5, 6}


@pytest.mark.parametrize("args", [["wait", "9"], ["show", "9"], ["logs", "9"], ["logs", "-f", "9"], ["cancel", "9"]])
def test_a_job_that_nobody_knows(abell: Abell, args: list[str]) -> None:
    done = abell(*args)
    assert done.returncode == 125
    assert "no such job" in done.stdout or "no job 9" in done.stderr


def test_a_refusal_is_passed_on_safely(engine: Engine, tmp_path: Path) -> None:
    engine.serve(fault="refuse")
    done = Abell(engine.root, tmp_path)("submit", "--", "x")
    assert (done.returncode, done.stderr) == (122, "abell: not today \\x1b[31m (come back)\n")


def test_ps_in_a_pipe_has_tabs_and_no_control_characters(abell: Abell) -> None:
    abell("submit", "--name", "held", "--slots", "3", "--", EVIL)
    abell("run", "--name", EVIL, "--", "true")
    lines = abell("ps", "--all").stdout.splitlines()
    assert [line.split("\t")[:3] for line in lines] == [
        ["ID", "STATE", "NAME"],
        ["2", "ok", r"\x1b]0;owned\x07\ttab [red]markup[/red]"],
        ["1", "waiting", "held"],
    ]
    done = abell("ps")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["ID", "1"]
    assert done.stderr == "not shown: 1 ended (--all, --limit N)\n"


def test_ps_at_a_terminal_is_a_table_and_as_safe(abell: Abell) -> None:
    abell("run", "--name", EVIL, "--", "true")
    shown = at_terminal(abell, "ps", "--all")
    assert r"\x1b]0;owned\x07\ttab [red]markup[/red]" in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize("verb", ["show", "ps"])
def test_show_at_a_terminal_is_safe(abell: Abell, verb: str) -> None:
    abell("run", "--name", EVIL, "--param", "cause=lost", "--", EVIL)
    shown = at_terminal(abell, verb, *(["1"] if verb == "show" else ["--all"]))
    assert "\x1b]0" not in shown
    assert "\x1b[2J" not in shown
    assert "owned" in shown


def test_the_status_line_at_a_terminal_is_erased(abell: Abell) -> None:
    abell("submit", "--name", "held", "--", "true")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        abell.argv("logs", "-f", "1"), env=abell.environ, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    printed = b""
    while b"waiting: a worker" not in printed:
        printed += os.read(ours, 4096)
    abell("cancel", "1")
    assert process.wait(timeout=30) == 130
    try:
        while data := os.read(ours, 4096):
            printed += data
    except OSError:
        pass
    os.close(ours)
    assert printed.endswith(b"\r\x1b[K")


def test_a_cancellation_is_announced_also_below_the_jobs_output(abell: Abell) -> None:
    ours, theirs = pty.openpty()
    line = "trap '' TERM; echo begun; while ! [ -e go ]; do sleep 0.05; done"
    process = subprocess.Popen(
        abell.argv("run", "--", line), cwd=abell.cwd, env=abell.environ, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    printed = b""
    while b"begun" not in printed:
        printed += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    while b"to end by itself" not in printed:
        printed += os.read(ours, 4096)
    assert "\tbeing cancelled by " in abell("ps").stdout
    assert "job 1: running - being cancelled by " in abell("show", "1").stdout
    (abell.cwd / "go").touch()
    assert process.wait(timeout=30) == 130
    os.close(ours)
    assert b"\r\nabell: job 1: cancelling; Ctrl-C again leaves it to end by itself" in printed


def test_ps_shows_work_before_queue_and_counts_the_rest(abell: Abell, server: Engine) -> None:
    with server.client() as client:
        client.submit([make_request("true", name="held", workdir=abell.cwd) for _ in range(1200)])
    abell("submit", "--", "touch begun; sleep 60")
    until((abell.cwd / "begun").exists)
    done = abell("ps", "--limit", "3")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["ID", "1201", "1", "2"]
    assert done.stderr == "not shown: 1,198 waiting (--all, --limit N)\n"
    everything = json.loads(abell("ps", "--limit", "0", "--json").stdout)
    assert [row["id"] for row in everything["jobs"]] == [1201, *range(1, 1201)]
    assert everything["counts"] == {"waiting": 1200, "running": 1}
    running = abell("ps", "--state", "running")
    assert len(running.stdout.splitlines()) == 2
    assert len(abell("cancel", "--all").stdout.splitlines()) == 1201


def test_show_tells_resources_files_and_story(abell: Abell) -> None:
    abell("run", "--slots", "2", "--mem", "1.5G", "--time", "90m", "--", "exit 3")
    text = abell("show", "1").stdout
    assert text.startswith("job 1: exit - exit code 3\n")
    for said in ("asked 2", "asked 1536M", "asked 1h30m", str(abell.root / "jobs/1/stdout"), "created: accepted"):
        assert said in text
    assert json.loads(abell("show", "1", "--json").stdout)["job"]["memory_mb"] == 1536


def test_logs(abell: Abell) -> None:
    abell("run", "--", "echo out; echo err >&2")
    assert abell("logs", "1").stdout == "out\n"
    assert abell("logs", "--stderr", "1").stdout == "err\n"
    around = abell("logs", "--job", "1")
    assert (around.stdout, around.stderr) == ("set up\n", "module load\n")
    assert json.loads(abell("logs", "--json", "1").stdout)["stderr"] == str(abell.root / "jobs/1/stderr")


def test_logs_of_a_job_that_has_not_begun(abell: Abell) -> None:
    abell("submit", "--name", "held", "--", "true")
    done = abell("logs", "1")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "abell: job 1 has written nothing yet (waiting)\n"
    assert "files" not in abell("show", "1").stdout


def test_logs_follow_until_the_end(abell: Abell) -> None:
    abell("submit", "--", "echo first; while ! [ -e go ]; do sleep 0.02; done; echo second; exit 3")
    process = abell.begin("logs", "-f", "1")
    assert process.stdout is not None
    assert process.stdout.readline() == b"first\n"
    (abell.cwd / "go").touch()
    assert process.communicate(timeout=30)[0] == b"second\n"
    assert process.returncode == 3


def test_cancel(abell: Abell) -> None:
    abell("submit", "--", "sleep 60")
    abell("run", "--", "true")
    done = abell("cancel", "1", "2")
    assert (done.returncode, done.stdout) == (0, "1\tcancelling\n2\thad ended already\n")
    assert abell("wait", "1").returncode == 130
    assert json.loads(abell("cancel", "--json", "1", "7").stdout) == {"results": {"1": "ended", "7": "unknown"}}


def test_stop_and_nothing_to_stop(abell: Abell, server: Engine) -> None:
    assert json.loads(abell("stop", "--json").stdout)["when"] == "now"
    assert server.pid() is None
    done = abell("stop")
    assert (done.returncode, done.stdout) == (0, f"no engine runs for {server.root}\n")


def test_stop_when_idle_lets_jobs_end(abell: Abell, server: Engine) -> None:
    abell("submit", "--", "while ! [ -e go ]; do sleep 0.02; done")
    assert "when its jobs have ended" in abell("stop", "--when-idle").stdout
    assert server.pid() is not None
    (abell.cwd / "go").touch()
    until(lambda: server.pid() is None)


def test_output_to_a_closed_pipe_is_no_traceback(abell: Abell) -> None:
    for _ in range(3):
        abell("submit", "--name", "held", "--", "x" * 100_000)
    process = abell.begin("ps", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
