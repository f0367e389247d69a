"""A real supervisor in a root of its own, and a plain client of it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from abell import address, machine
from abell.supervisor import tree

LONG = 30.0  # seconds: the longest that anything here may take on a busy machine
OVER = {"done", "failed", "killed", "walltime", "memory", "cancelled", "node", "rejected", "gone"}


class Client:
    """Asks, and keeps every event."""

    def __init__(self, path: str, subscribe: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.events: list[dict[str, Any]] = []
        self._buffer = b""
        self._last = 0
        if subscribe:
            self.hello = self.ask("hello", subscribe=True)

    def send(self, line: bytes) -> None:
        self.socket.sendall(line + b"\n")

    def read(self, seconds: float = LONG) -> dict[str, Any]:
        """The next message; ConnectionError if the connection ends, TimeoutError if none comes."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self.socket], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            data = self.socket.recv(1 << 20)
            if not data:
                raise ConnectionResetError
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def answer(self) -> dict[str, Any]:
        """The next answer; events before it are kept."""
        while "event" in (message := self.read()):
            self.events.append(message["event"])
        return message

    def ask(self, verb: str, **data: Any) -> dict[str, Any]:
        self._last += 1
        self.send(json.dumps({"id": self._last, "verb": verb, "data": data}).encode())
        answer = self.answer()
        assert answer["id"] == self._last
        assert answer["ok"], answer
        return answer["data"]

    def start(self, *jobs: dict[str, Any]) -> list[str]:
        """Native ids, in order."""
        answers = self.ask("start", jobs=jobs)["jobs"]
        return [answers[job["key"]]["id"] for job in jobs]

    def status(self, native_id: str) -> dict[str, Any]:
        return self.ask("status", ids=[native_id])["jobs"][0]

    def until(self, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event, past or to come, that is good."""
        seen = 0
        while True:
            for event in self.events[seen:]:
                if good(event):
                    return event
            seen = len(self.events)
            message = self.read()
            if "event" in message:
                self.events.append(message["event"])

    def ended(self, key: str) -> dict[str, Any]:
        return self.until(lambda e: e["key"] == key and e["word"] in OVER)

    def running(self, key: str) -> dict[str, Any]:
        return self.until(lambda e: e["key"] == key and e["word"] == "running")


class Supervised:
    """A root with its supervisor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: list[Client] = []

    def up(self, *options: str, fault: str = "", wait: bool = True) -> Supervised:
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "abell.supervisor", "--root", str(self.root), "--ready-fd", str(writer), *options],
            env={**os.environ, "ABELL_FAULT": fault},
            pass_fds=(writer,),
            start_new_session=True,
        )
        os.close(writer)
        with os.fdopen(reader, "rb") as said:
            text = said.read().decode()
        assert not wait or text == "ready", text
        return self

    def client(self, subscribe: bool = True) -> Client:
        found = address.read(self.root, "supervisor")
        assert found is not None
        client = Client(found.socket, subscribe)
        self.clients.append(client)
        return client

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(LONG)

    def job(self, key: str, command: str, **more: Any) -> dict[str, Any]:
        return {
            "key": key,
            "pool": "local",
            "workers": 4,
            "argv": ["/bin/sh", "-c", command],
            "cwd": str(self.root),
            "env": {"PATH": "/usr/bin:/bin"},
            "stdout": f"{self.root}/{key}.o",
            "stderr": f"{self.root}/{key}.e",
            **more,
        }

    def processes(self, key: str) -> set[int]:
        """Whatever runs of this job: by its id, and in this root, because other tests use the same keys."""
        return {p.pid for p in tree.everything() if not p.dead and self._key_of(p.pid) == key}

    def _key_of(self, pid: int) -> str:
        try:
            here = Path(f"/proc/{pid}/cwd").readlink() == self.root
        except OSError:
            return ""
        return (tree.native_id(pid) or "").rpartition(":")[2] if here else ""

    def down(self) -> None:
        for client in self.clients:
            client.socket.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for process in tree.everything():
            if self._key_of(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    process = machine.look(pid)
    return process is not None and not process.dead


def soon(fact: Callable[[], bool]) -> None:
    """Waits for what no event tells."""
    deadline = time.monotonic() + LONG
    while not fact():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
