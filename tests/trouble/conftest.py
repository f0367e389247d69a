"""A root in trouble: real engines on real file systems that are full, read-only, far away or gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from abell import address, machine

SRC = Path(__file__).parents[2] / "src"
ABELL = (sys.executable, "-m", "abell")
LONG = 30.0

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount file systems and to change user")

# Reading is left to it, because the interpreter may be in root's home; it is writing that these tests are about.
_READ = "-all,+dac_read_search"
AS_NOBODY = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *(f"--inh-caps={_READ}", f"--ambient-caps={_READ}"),
)


def until(condition: Callable[[], object], limit_s: float = LONG, what: str = "it") -> None:
    """Return as soon as it is true; fail when it has not become so."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {limit_s} s"
        time.sleep(0.02)


class Site:
    """A root, `abell` as real commands on it, and the engine as a server that this test started."""

    def __init__(self, root: Path, work: Path, prefix: Sequence[str] = ()) -> None:
        self.root, self.work = root, work
        self.prefix = tuple(prefix)  # how every process of this site is started: another user, another clock, ...
        self.environ = {**os.environ, "PYTHONPATH": str(SRC), "ABELL_ROOT": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        self.servers: list[subprocess.Popen[bytes]] = []
        work.mkdir(exist_ok=True, parents=True)

    @property
    def log(self) -> Path:
        return self.work / "server.log"  # not in the root, which may be full

    def begin(self, *args: str) -> subprocess.Popen[str]:
        argv = [*self.prefix, *ABELL, *args]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, cwd=self.work, env=self.environ, stdout=pipe, stderr=pipe, text=True)

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*args)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def serve(self, *args: str, wait: bool = True) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            server = subprocess.Popen(
                [*self.prefix, *ABELL, "serve", *args], cwd=self.work, env=self.environ, stdout=log, stderr=log
            )
        self.servers.append(server)
        if wait:
            until(lambda: server.poll() is not None or self.published(), what="the start of the server")
            assert server.poll() is None, self.log.read_text()
        return server

    def published(self) -> address.Address | None:
        said = address.read(self.root, "engine")
        return said if said and said.alive and Path(said.socket).exists() else None

    def submit(self, *args: str) -> int:
        done = self("submit", *args)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def job(self, job: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("show", "--json", str(job)).stdout)["job"]
        return found

    def rows(self) -> dict[int, dict[str, Any]]:
        page = json.loads(self("ps", "--all", "--limit", "0", "--json").stdout)
        return {row["id"]: row for row in page["jobs"]}

    def notices(self) -> str:
        return " ".join(json.loads(self("ps", "--json").stdout)["notices"])

    def ended(self, *jobs: int) -> bool:
        rows = self.rows()
        return all(rows[job]["state"] == "ended" for job in jobs)

    def end(self) -> None:
        """Kill what was started here, by its id: servers, and engines and supervisors that they and clients began."""
        for server in self.servers:
            server.kill()
            server.wait()
        for role in ("engine", "supervisor"):
            try:
                found = address.read(self.root, role)
            except OSError:
                continue
            if found is not None and found.alive:
                os.kill(found.pid, signal.SIGKILL)
                until(lambda pid=found.pid, start=found.start: not machine.is_running(pid, start))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "root", tmp_path / "work")
    yield site
    site.end()


class Disk:
    """A small file system in memory."""

    def __init__(self, point: Path, size: str) -> None:
        self.point = point
        point.mkdir(parents=True)
        mount("-t", "tmpfs", "-o", f"size={size},mode=0755", "none", str(point))

    def fill(self) -> None:
        """To the last byte."""
        with (self.point / "ballast").open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(65536))
            except OSError:
                pass
        for block in (4096, 512, 1):
            try:
                with (self.point / "ballast").open("ab", buffering=0) as ballast:
                    while True:
                        ballast.write(bytes(block))
            except OSError:
                continue

    def free(self) -> None:
        (self.point / "ballast").unlink()


def mount(*args: str) -> None:
    subprocess.run(["mount", *args], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str, str], Disk]]:
    disks: list[Disk] = []

    def make(name: str, size: str) -> Disk:
        disks.append(Disk(tmp_path / name, size))
        return disks[-1]

    yield make
    for each in disks:
        subprocess.run(["umount", "-l", str(each.point)], check=True)


def lines(path: Path) -> list[str]:
    """What jobs have appended, sorted."""
    return sorted(path.read_text().split()) if path.exists() else []
