"""The library host, as tests use it: in a loop of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from abell.backends.contract import Answered, Ask, Reply
from abell.hosts.library import Libraries
from abell.hosts.library_limits import Limits

LONG = 60.0  # seconds: for what is always sooner


def eventually(true: Callable[[], Any], what: str = "the condition") -> Any:
    """Its first true value; for what nothing tells."""
    deadline = time.monotonic() + LONG
    while not (value := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
    return value


class Host:
    """The server's side, in a loop of its own, with what tests want to know of a library's folder."""

    def __init__(self, folder: Path, library: Path, limits: Limits, environ: Mapping[str, str]) -> None:
        self.folder, self.library, self.limits = folder, library, limits
        self.root, self.drm = folder / "root", folder / "drm"
        self.environ = {**environ, "DRMAA_HOSTILE_DIR": str(self.drm)}
        for each in (self.root / "jobs", self.drm):
            each.mkdir(parents=True, exist_ok=True)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.libraries = self.make()

    def make(self) -> Libraries:
        return Libraries(self.root, self.environ, self.limits)

    def start_asking(self, verb: str, timeout_s: float = LONG, **data: Any) -> Any:
        """A concurrent.futures.Future of the reply."""
        question = Ask("drmaa", verb, {"library": str(self.library), **data}, timeout_s)
        return asyncio.run_coroutine_threadsafe(self.libraries.ask(question), self.loop)

    def ask(self, verb: str, timeout_s: float = LONG, **data: Any) -> Reply:
        reply: Reply = self.start_asking(verb, timeout_s, **data).result(LONG)
        return reply

    def answer(self, verb: str, timeout_s: float = LONG, **data: Any) -> Mapping[str, Any]:
        reply = self.ask(verb, timeout_s, **data)
        assert isinstance(reply, Answered), reply
        return reply.data

    def look(self, *ids: str) -> Any:
        return self.answer("look", ids=list(ids))["answers"]

    def submit(self, *jobs: Mapping[str, Any]) -> list[Any]:
        answers: list[Any] = self.answer("submit", jobs=list(jobs))["answers"]
        return answers

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.libraries.close(), self.loop).result(LONG)

    def restart(self) -> None:
        self.close()
        self.libraries = self.make()

    def stop(self) -> None:
        self.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LONG)
        self.loop.close()

    def order(self, *orders: str) -> None:
        """From now on; in one step, as the library may be reading."""
        draft = self.drm / "orders.new"
        draft.write_text("".join(f"{order}\n" for order in orders))
        draft.replace(self.drm / "orders")

    @property
    def calls(self) -> list[tuple[int, str, str]]:
        """(process, function, whom it is about), in order."""
        file = self.drm / "calls"
        lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        return [(int(pid), function, about) for pid, function, about in (line.split(" ", 2) for line in lines)]

    def count(self, function: str, about: str = "") -> int:
        return sum(1 for _, called, whom in self.calls if called == function and about in whom)

    @property
    def pid(self) -> int:
        """The last process that called the library."""
        return self.calls[-1][0]

    def template(self, native_id: str) -> dict[str, list[str]]:
        """What arrived of a job's attributes."""
        words = (self.drm / "jobs" / native_id / "template").read_bytes().decode(errors="surrogateescape").split("\0")
        found: dict[str, list[str]] = {}
        for name, value in zip(words[:-1:2], words[1::2], strict=True):
            found.setdefault(name, []).append(value)
        return found


def job(item: str = "job 1", command: str = "exit 0", **more: Any) -> dict[str, Any]:
    """Its name is the item's."""
    start = {"remoteCommand": "/bin/sh", "args": ["-c", command], "jobName": item, "workingDirectory": "/tmp"}
    return {"item": item, "attributes": {**start, **more}}
