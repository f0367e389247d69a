"""Back ends that answer, hang, ask a peer or fail, with real commands: each has its own lines, and its own time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from abell.backends.contract import (
    Answered,
    Ask,
    Backend,
    Call,
    Exited,
    Finding,
    Reply,
    Sighting,
    Steps,
    Submission,
    SubmitSteps,
    TimedOut,
    Unknown,
)
from abell.config.model import default_configuration
from abell.doctor.checkup import Checkup
from abell.doctor.drm import Limits
from abell.doctor.examine import NOTHING, examine
from abell.doctor.patients import Patient
from abell.hosts.peers import Peers

SLOW = Limits(question=60.0, all=60.0)


class Quiet(Backend):
    """Has nothing to check."""

    name = "quiet"
    own_id = "$ID"

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        yield from ()

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        yield from ()
        return {}

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        yield from ()


class Runs(Quiet):
    """Runs the commands that its runner names, and says how each went."""

    name = "runs"

    def check(self) -> Steps[list[Finding]]:
        found = []
        for script in self.runner_params["scripts"]:
            reply = yield Call(("sh", "-c", script))
            found.append(Finding(isinstance(reply, Exited) and reply.code == 0, type(reply).__name__))
        return found


class Needy(Runs):
    tools = ("sh", "abell-no-such-tool")


class Poor(Runs):
    tools = ("abell-no-such-tool",)


class Asks(Quiet):
    def check(self) -> Steps[list[Finding]]:
        reply = yield Ask("library", "about", {})
        return [Finding(isinstance(reply, Answered), str(getattr(reply, "data", "") or getattr(reply, "reason", "")))]


class Fails(Quiet):
    def check(self) -> Steps[list[Finding]]:
        yield Call(("true",))
        raise KeyError("a defect")


def patient(backend: Backend) -> Patient:
    return Patient(type(backend).__name__, backend.name, backend=backend, destinations=["d"])


def checked(*backends: Backend, peers: Peers | None = None, limits: Limits = SLOW) -> tuple[list[Checkup], list[str]]:
    """What was found, and the runners in the order in which they were told."""
    told: list[str] = []
    found = asyncio.run(
        examine(
            [patient(each) for each in backends],
            default_configuration(),
            os.environ,
            peers or {},
            lambda checkup: told.append(checkup.name),
            limits,
        )
    )
    return found, told


def only(*backends: Backend, **more: Any) -> tuple[Finding, ...]:
    [[checkup], _] = checked(*backends, **more)
    return checkup.findings


def test_one_that_hangs_delays_only_its_own_lines_and_leaves_nothing_behind(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hangs = Runs({"scripts": [f"echo $$ > '{pid}'; exec sleep 600"]})
    began = time.monotonic()
    [first, second], told = checked(hangs, Needy({"scripts": ["exit 0"]}), limits=Limits(question=1.0, all=30.0))
    assert time.monotonic() - began < 25
    assert told == ["Needy", "Runs"]
    assert (first.name, first.findings) == ("Runs", (Finding(False, TimedOut.__name__),))
    assert second.findings[-1] == Finding(True, Exited.__name__)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_one_that_never_comes_to_an_end() -> None:
    [found] = only(Runs({"scripts": ["sleep 0.2"] * 1000}), limits=Limits(question=60.0, all=1.0))
    assert not found.ok
    assert found.text == "its check has not ended within 1 s; the last it did was: sh -c sleep 0.2"


def test_a_tool_that_is_missing_is_told_and_the_rest_is_checked_anyhow() -> None:
    missing, checked_anyhow = only(Needy({"scripts": ["exit 0"]}))
    assert (missing.ok, missing.text) == (False, "not on PATH: abell-no-such-tool")
    assert checked_anyhow.ok


def test_with_no_tool_at_all_nothing_is_run(tmp_path: Path) -> None:
    [missing] = only(Poor({"scripts": [f"touch '{tmp_path}/ran'"]}))
    assert not missing.ok
    assert not list(tmp_path.iterdir())


def test_a_question_goes_to_its_peer() -> None:
    async def library(want: Ask) -> Reply:
        return Answered({"verb": want.verb})

    assert only(Asks(), peers={"library": library}) == (Finding(True, "{'verb': 'about'}"),)
    assert only(Asks()) == (Finding(False, "there is no library here"),)


def test_a_back_end_with_a_defect_is_a_finding() -> None:
    [found] = only(Fails())
    assert not found.ok
    assert "KeyError: 'a defect'" in found.text


def test_nothing_to_check_is_said() -> None:
    assert only(Quiet()) == (NOTHING,)


def test_obstacles_are_findings() -> None:
    told: list[Checkup] = []
    blocked = Patient("r", "pbs", destinations=["d"], obstacles=["it is not active"])
    found = asyncio.run(examine([blocked], default_configuration(), os.environ, {}, told.append))
    assert found == told
    assert found[0].findings == (Finding(False, "it is not active"),)
