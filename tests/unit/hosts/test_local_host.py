"""Commands on this machine, run for real."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from abell.backends.contract import Call, Exited, Reply, TimedOut, Unreachable
from abell.hosts.local import MOST_OUTPUT, LocalHost

SECRET = {
    "PATH": os.environ["PATH"],
    "HOME": "/home/x",
    "LANG": "de_DE.UTF-8",
    "API_TOKEN": "secret",
    "SLURM_JOB_ID": "7",
}


def run(call: Call, env: dict[str, str] | None = None) -> Reply:
    return asyncio.run(LocalHost(env).run(call))


def sh(script: str, **more: object) -> Call:
    return Call(("sh", "-c", script), **more)  # type: ignore[arg-type]


def test_exit_code_and_both_streams() -> None:
    assert run(sh("echo out; echo err >&2; exit 3")) == Exited(3, "out\n", "err\n")
    assert run(sh("kill -9 $$")) == Exited(-9, "", "")


def test_standard_input() -> None:
    assert run(Call(("cat",), stdin=b"x" * 10**6)) == Exited(0, "x" * 10**6, "")
    assert run(Call(("true",), stdin=b"x" * 10**6)) == Exited(0, "", "")


def test_what_is_not_there() -> None:
    reply = run(Call(("no-such-command",)))
    assert isinstance(reply, Unreachable) and not reply.began and "no-such-command" in reply.reason


def test_over_its_time_it_is_killed_with_its_children_and_what_it_said_is_kept(tmp_path: Path) -> None:
    reply = run(sh(f"sleep 600 & echo $! >{tmp_path}/child; echo so far; echo busy >&2; wait", timeout_s=0.5))
    assert reply == TimedOut(0.5, "so far\n", "busy\n")
    child = int((tmp_path / "child").read_text())
    with pytest.raises(ProcessLookupError):
        for _ in range(500):
            os.kill(child, 0)
            time.sleep(0.01)


def test_output_without_end_is_cut() -> None:
    reply = run(Call((sys.executable, "-c", f"print('x' * {MOST_OUTPUT + 2**20})")))
    assert isinstance(reply, Exited) and MOST_OUTPUT <= len(reply.out) <= MOST_OUTPUT + 2**17


def test_messages_are_in_english_and_the_servers_variables_are_there() -> None:
    reply = run(sh("env"), SECRET)
    assert isinstance(reply, Exited)
    assert {"LC_ALL=C", "API_TOKEN=secret", "SLURM_JOB_ID=7"} <= set(reply.out.split())


def test_of_the_servers_variables_only_those_that_are_kept_are_there() -> None:
    call = sh("env", keep=("SLURM_*",), env={"SLURM_CONF": "/etc/x"})
    reply = run(call, {**SECRET, "LC_ALL": "fr_FR.UTF-8"})
    assert isinstance(reply, Exited)
    told = dict(line.split("=", 1) for line in reply.out.splitlines())
    for own in ("PWD", "SHLVL", "_", "OLDPWD"):
        told.pop(own, None)
    assert told == {
        "PATH": SECRET["PATH"],
        "HOME": "/home/x",
        "LANG": "fr_FR.UTF-8",  # LC_ALL would have meant as much, and would keep a job's messages from being English
        "LC_MESSAGES": "C",
        "SLURM_JOB_ID": "7",
        "SLURM_CONF": "/etc/x",
    }


def test_a_slow_command_is_told_of_with_its_complaint_until_it_ends() -> None:
    async def story() -> None:
        host = LocalHost()
        under_way = asyncio.create_task(
            host.run(sh("echo sleeping and retrying >&2; read line <&0; exec sleep 600", timeout_s=1))
        )
        told: list[str] = []
        while not told and not under_way.done():
            await asyncio.sleep(0.01)
            told = [line for line in host.slow(0.05) if "retrying" in line]
        assert told == ["sh has not answered for 0 s: sleeping and retrying"]
        assert host.slow(3600) == []
        assert isinstance(await under_way, TimedOut)
        assert host.slow(0.0) == []

    asyncio.run(story())
