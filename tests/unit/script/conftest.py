"""A job made ready as a server would, and run by a real shell."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from abell.script import ending
from abell.script.builder import build
from abell.script.plan import ScriptPlan

SHELLS = {"bash": "/bin/bash", "dash": "/bin/dash", "busybox": "/bin/busybox sh"}
NODE_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root"}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell that job scripts must work with."""
    line = SHELLS[request.param]
    if not Path(line.split()[0]).exists():
        pytest.skip(f"{line} is not installed here")
    return line


@dataclass
class Job:
    """One job's directories and script."""

    base: Path
    plan: ScriptPlan

    @property
    def script(self) -> Path:
        return self.base / "job.sh"

    @property
    def control(self) -> Path:
        return Path(self.plan.control)

    def start(self, env: Mapping[str, str] = NODE_ENV, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([str(self.script)], env=dict(env), cwd="/", stderr=subprocess.PIPE, **options)

    def run(self, env: Mapping[str, str] = NODE_ENV) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([str(self.script)], env=dict(env), cwd="/", capture_output=True, timeout=60, check=False)

    def ending(self) -> ending.Ending:
        found = ending.read(self.plan.control)
        assert found is not None, "no ending record"
        return found

    @property
    def stdout(self) -> bytes:
        return (self.base / "outputs" / "tool_stdout").read_bytes()

    @property
    def stderr(self) -> bytes:
        return (self.base / "outputs" / "tool_stderr").read_bytes()


class Workshop:
    """Makes jobs: `make(command, **fields of ScriptPlan)`."""

    def __init__(self, base: Path, shell: str) -> None:
        self.base, self.shell, self.count = base, shell, 0

    def make(self, command: str | tuple[str, ...] = ("true",), *, directory: str = "", **fields: Any) -> Job:
        self.count += 1
        base = self.base / (directory or f"job {self.count}")
        control = self.base / f"control {self.count}"
        for made in (base / "working", base / "outputs", base / "home", base / "tmp", control):
            made.mkdir(parents=True)
        fields = {"shell": self.shell, "record_patience_s": 1} | fields
        plan = ScriptPlan(
            job_id=self.count,
            attempt=1,
            key="akey",
            directory=str(base),
            control=str(control),
            command=command,
            **fields,
        )
        for name, content in build(plan).items():
            (base / name).write_bytes(content)
            (base / name).chmod(0o755)
        return Job(base, plan)


@pytest.fixture
def workshop(tmp_path: Path, shell: str) -> Workshop:
    return Workshop(tmp_path, shell)


@pytest.fixture
def one_workshop(tmp_path: Path) -> Workshop:
    """For what does not depend on the shell."""
    return Workshop(tmp_path, "/bin/sh")
