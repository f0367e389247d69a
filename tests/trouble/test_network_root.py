"""A root on a network file system: sshfs on loopback is a real one, with a real cache and without other hosts' locks.

`clusters/sshfs/up` installs and starts what these tests need; without it they are skipped, except in CI.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abell.client.connection import Connection
from abell.client.wire import answer
from abell.errors import RefusedError
from abell.store import file_system
from tests.trouble.conftest import Site, lines, needs_root, until

STATUS = Path(__file__).parents[2] / "clusters" / "sshfs" / "status"
SSH = Path("/run/abell-sshfs")
PORT = "2299"


def _up() -> bool:
    return os.geteuid() == 0 and subprocess.run([STATUS], capture_output=True, check=False).returncode == 0


pytestmark = [
    needs_root,
    pytest.mark.skipif(not os.environ.get("CI") and not _up(), reason="needs clusters/sshfs/up"),
]


class Mount:
    """One host's view of a directory on the file server."""

    def __init__(self, server: Path, point: Path) -> None:
        point.mkdir()
        self.point = point
        options = f"IdentityFile={SSH}/key,UserKnownHostsFile={SSH}/known_hosts,BatchMode=yes"
        self.process = subprocess.Popen(
            ["sshfs", "-f", "-F", "none", "-p", PORT, "-o", options, f"root@127.0.0.1:{server}", str(point)]
        )
        until(lambda: self.process.poll() is not None or os.path.ismount(point), what="the mount")
        assert self.process.poll() is None

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        subprocess.run(["umount", "-l", str(self.point)], check=False)
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Mount]]:
    server = tmp_path / "server"
    server.mkdir()
    mounts: list[Mount] = []

    def make(name: str) -> Mount:
        mounts.append(Mount(server, tmp_path / name))
        return mounts[-1]

    yield make
    for each in mounts:
        each.end()


@pytest.fixture
def other_host() -> Iterator[Callable[[], tuple[str, ...]]]:
    """How to start a process on another host: another name, and a /tmp/abell-0 that nobody here can reach."""
    holders: list[subprocess.Popen[bytes]] = []

    def make() -> tuple[str, ...]:
        setup = "hostname elsewhere && mkdir -p /tmp/abell-0 && mount -t tmpfs -o mode=0700 none /tmp/abell-0"
        holder = subprocess.Popen(
            ["unshare", "--mount", "--uts", "sh", "-c", f"{setup} && echo up && exec sleep 1000"],
            stdout=subprocess.PIPE,
        )
        holders.append(holder)
        assert holder.stdout is not None and holder.stdout.readline() == b"up\n"
        return ("nsenter", f"--target={holder.pid}", "--mount", "--uts", "--")

    yield make
    for holder in holders:
        holder.kill()
        holder.wait()


def assert_sound(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() != ("wal",)


def test_jobs_run_and_survive_a_crash(tmp_path: Path, mounted: Callable[[str], Mount]) -> None:
    far = mounted("far")
    assert file_system.kind(far.point) == "fuse.sshfs"
    site = Site(far.point / "root", tmp_path / "work")
    try:
        assert site("run", "--", "echo hello; exit 3").returncode == 3
        jobs = [
            site.submit("--", f"until [ -e {site.work}/go ]; do sleep 0.1; done; echo j{n} >> {site.work}/ran")
            for n in range(6)
        ]
        until(lambda: [row["state"] for row in site.rows().values()].count("running") == 4)
        engine = site.published()
        assert engine is not None
        os.kill(engine.pid, signal.SIGKILL)
        (site.work / "go").touch()
        until(lambda: site.ended(*jobs))
        assert [site.rows()[job]["cause"] for job in jobs] == ["ok"] * 6
        assert lines(site.work / "ran") == [f"j{n}" for n in range(6)]
        assert site("stop").returncode == 0
        assert_sound(tmp_path / "server" / "root" / "abell.sqlite")
        began = time.monotonic()
        assert site("ps").returncode == 0
        assert time.monotonic() - began < 6, "after a clean end nobody waits for a beat"
    finally:
        site.end()


def test_two_hosts_on_one_root(
    tmp_path: Path, mounted: Callable[[str], Mount], other_host: Callable[[], tuple[str, ...]]
) -> None:
    """Neither sees the other's lock. The second is refused while the first lives, and takes over when it does not."""
    near, far = mounted("near"), mounted("far")
    here = Site(near.point / "root", tmp_path / "work")
    there = Site(far.point / "root", tmp_path / "work-there", other_host())
    try:
        first = here.serve()
        assert here("run", "--", f"echo one >> {here.work}/ran").returncode == 0

        refused = there("serve")
        assert refused.returncode == 125
        assert f"process {first.pid} on {os.uname().nodename}" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert here("run", "--", f"echo two >> {here.work}/ran").returncode == 0

        first.send_signal(signal.SIGSTOP)
        second = there.serve(wait=False)
        until(lambda: "serves (epoch" in there.log.read_text(), what="the takeover")
        first.send_signal(signal.SIGCONT)
        assert first.wait(20) == 125, "it acts no more"
        text = here.log.read_text()
        assert "another engine has taken over" in text and "Traceback" not in text

        done = there("run", "--", f"echo three >> {here.work}/ran")
        assert done.returncode == 0, done.stderr + there.log.read_text()
        assert second.poll() is None
        assert lines(here.work / "ran") == ["one", "three", "two"]
        assert there("stop").returncode == 0
        assert_sound(tmp_path / "server" / "root" / "abell.sqlite")
    finally:
        there.end()
        here.end()


def test_the_engine_answers_while_job_directories_hang(
    tmp_path: Path, site: Site, mounted: Callable[[str], Mount]
) -> None:
    far = mounted("far")
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  job_working_directory: {far.point}/jobs\n")
    server = site.serve("--config", str(config))
    running = site.submit(
        "--own-workdir", "--", f"until [ -e {site.work}/go ]; do sleep 0.1; done; echo a >> {site.work}/ran"
    )
    until(lambda: site.job(running)["state"] == "running")
    os.kill(far.process.pid, signal.SIGSTOP)
    waiting = site.submit("--", f"echo b >> {site.work}/ran")
    (site.work / "go").touch()
    for verb in (("ps",), ("show", str(waiting)), ("cancel", str(10**6))):
        began = time.monotonic()
        site(*verb)
        assert time.monotonic() - began < 5, verb
    assert not site.ended(running) and not site.ended(waiting)

    server.terminate()  # what hangs must not keep it from leaving
    assert server.wait(15) == 0
    os.kill(far.process.pid, signal.SIGCONT)
    site.serve("--config", str(config))
    until(lambda: site.ended(running, waiting))
    assert [site.rows()[job]["cause"] for job in (running, waiting)] == ["ok", "ok"]
    assert lines(site.work / "ran") == ["a", "b"]


def test_a_submission_whose_directory_hangs_holds_up_nobody(
    tmp_path: Path, site: Site, mounted: Callable[[str], Mount]
) -> None:
    far = mounted("far")
    site.serve()
    os.kill(far.process.pid, signal.SIGSTOP)
    published = site.published()
    assert published is not None
    with Connection(published.socket) as hanging:
        hanging.send("submit", jobs=[{"command": "true", "inputs": [f"{far.point}/input"]}], token="t")
        began = time.monotonic()
        assert site("ps").returncode == 0
        assert time.monotonic() - began < 5
        os.kill(far.process.pid, signal.SIGCONT)
        with pytest.raises(RefusedError, match="there is no such file"):
            answer(hanging.receive())
