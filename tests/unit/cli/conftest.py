"""A real engine process for each test that wants one, and `abell` as a real command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abell.client.client import Client
from abell.client.connect import Wish, find

TOY = Path(__file__).with_name("toy_engine.py")
SRC = Path(__file__).parents[3] / "src"


def toy_argv(wish: Wish) -> list[str]:
    argv = [sys.executable, str(TOY), "--root", str(wish.root), "--transient"]
    return argv if not wish.config else [*argv, "--config", wish.config]


def until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    """Return as soon as it is true; fail when it has not become so."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class Engine:
    """The toy engine on a root: as a server (`serve`), or as the client starts it (`client`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.servers: list[subprocess.Popen[bytes]] = []

    def serve(self, *, config: str = "", transient: bool = False, fault: str = "") -> subprocess.Popen[bytes]:
        self.root.mkdir(exist_ok=True)
        argv = [sys.executable, str(TOY), "--root", str(self.root), "--config", config]
        argv += ["--transient"] if transient else []
        server = subprocess.Popen(argv, env={**os.environ, "TOY_FAULT": fault})
        self.servers.append(server)
        until(lambda: self.pid() == server.pid)
        return server

    def pid(self) -> int | None:
        found = find(self.root)
        if found is None:
            return None
        found[0].close()
        return found[1].pid

    def client(self, config: str | None = None, *, any_config: bool = False) -> Client:
        return Client(Wish(self.root, config, any_config), toy_argv)

    def starts(self) -> list[int]:
        return [int(pid) for pid in (self.root / "starts").read_text().split()]

    def end(self) -> None:
        if not self.root.is_dir():
            return
        for server in self.servers:
            server.kill()
            server.wait()
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            until(lambda: self.pid() is None)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("PYTHONPATH", str(SRC))
    engine = Engine(tmp_path / "root")
    yield engine
    engine.end()


@pytest.fixture
def server(engine: Engine) -> Engine:
    engine.serve()
    return engine


class Abell:
    """`abell` as a process on the engine's root, in a directory of its own."""

    def __init__(self, root: Path, cwd: Path) -> None:
        self.root, self.cwd = root, cwd
        self.environ = {**os.environ, "ABELL_ROOT": str(root), "PYTHONPATH": str(SRC), "PWD": str(cwd)}

    def argv(self, *args: str | Path) -> list[str]:
        return [sys.executable, "-m", "abell", *map(str, args)]

    def __call__(self, *args: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*args), cwd=self.cwd, env=self.environ, capture_output=True, text=True, timeout=60, check=False
        )

    def begin(self, *args: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.argv(*args), cwd=self.cwd, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )


@pytest.fixture
def abell(server: Engine, tmp_path: Path) -> Abell:
    work = tmp_path / "work"
    work.mkdir()
    return Abell(server.root, work)
