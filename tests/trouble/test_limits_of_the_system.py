"""Too few descriptors, too few processes: jobs wait or fail clearly, the engine lives on."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from abell import address
from tests.trouble.conftest import AS_NOBODY, Site, lines, needs_root, until


def test_few_descriptors(tmp_path: Path) -> None:
    """64 for the engine and its supervisor, and more clients than that."""
    site = Site(tmp_path / "root", tmp_path / "work")
    site.prefix = ("prlimit", "--nofile=64:64", "--")
    server = site.serve()
    site.prefix = ()
    published = site.published()
    assert published is not None
    crowd = []
    try:
        for _ in range(100):
            client = socket.socket(socket.AF_UNIX)
            client.connect(published.socket)
            crowd.append(client)
        waiting = site.begin("submit", "--", f"echo late >> {site.work}/ran")
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.0)
        assert server.poll() is None
    finally:
        for client in crowd:
            client.close()
    out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, err
    jobs = [site.submit("--", f"echo j{n} >> {site.work}/ran") for n in range(8)]
    until(lambda: site.ended(int(out), *jobs))
    assert [row["cause"] for row in site.rows().values()] == ["ok"] * 9
    assert lines(site.work / "ran") == [*(f"j{n}" for n in range(8)), "late"]
    assert server.poll() is None
    site.end()


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Site]:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    site = Site(tmp_path / "home" / "root", tmp_path / "work", AS_NOBODY)
    (tmp_path / "home").mkdir()
    for path in (tmp_path / "home", site.work):
        os.chown(path, 65534, 65534)
    site.environ["HOME"] = str(tmp_path / "home")
    yield site
    site.end()


@needs_root
def test_no_more_processes(nobody: Site) -> None:
    """The engine's user may have no further process or thread: what was accepted waits, and runs once it may."""
    server = nobody.serve()
    assert nobody("run", "--", "true").returncode == 0
    supervisor = address.read(nobody.root, "supervisor")
    assert supervisor is not None
    for pid in (supervisor.pid, server.pid):
        set_limit(nobody, pid, "1:")
    jobs = [int(nobody("submit", "--", f"echo j{n} >> {nobody.work}/ran").stdout) for n in range(3)]
    until(lambda: "cannot be started" in nobody.rows()[jobs[0]]["why"])
    assert not lines(nobody.work / "ran")
    for pid in (supervisor.pid, server.pid):
        set_limit(nobody, pid, "1000:")
    until(lambda: nobody.ended(*jobs))
    assert [nobody.rows()[job]["cause"] for job in jobs] == ["ok"] * 3
    assert lines(nobody.work / "ran") == ["j0", "j1", "j2"]
    assert server.poll() is None


def set_limit(site: Site, pid: int, processes: str) -> None:
    """The soft limit alone: it may be raised again."""
    subprocess.run([*site.prefix, "prlimit", f"--pid={pid}", f"--nproc={processes}"], check=True)
