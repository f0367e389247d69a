"""The engine's side of the connection."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from abell import address
from abell.backends.contract import Answered, Ask, Reply, TimedOut, Unreachable
from abell.hosts.supervisor import SupervisorPeer

from .harness import LONG, OVER, Supervised, is_alive, soon


class Engine:
    """A peer, and what it was told."""

    def __init__(self, root: Path, *options: str) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.news = asyncio.Event()
        self.reconnects = 0
        self.peer = SupervisorPeer(root, self._told, self._back, options)

    def _told(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        self.news.set()

    def _back(self) -> None:
        self.reconnects += 1
        self.news.set()

    async def ask(self, verb: str, **data: Any) -> Mapping[str, Any]:
        reply: Reply = await self.peer.ask(Ask("supervisor", verb, data, timeout_s=LONG))
        assert isinstance(reply, Answered), reply
        return reply.data

    async def until(self, fact: Any) -> None:
        async with asyncio.timeout(LONG):
            while not fact():
                self.news.clear()
                await self.news.wait()

    async def ended(self, key: str) -> Mapping[str, Any]:
        def found() -> Mapping[str, Any] | None:
            return next((e for e in self.events if e["key"] == key and e["word"] in OVER), None)

        await self.until(found)
        return found() or {}


def pid_of(root: Path) -> int:
    found = address.read(root, "supervisor")
    assert found is not None and found.alive
    return found.pid


def test_it_starts_one_and_jobs_outlive_it(supervised: Supervised) -> None:
    root = supervised.root

    async def first() -> None:
        engine = Engine(root)
        answer = await engine.ask("start", jobs=[supervised.job("a0", "while ! [ -e go ]; do sleep 0.05; done")])
        assert "id" in answer["jobs"]["a0"]
        await engine.until(lambda: any(e["word"] == "running" for e in engine.events))
        await engine.peer.close()

    async def second() -> None:
        engine = Engine(root)
        (native_id,) = (await engine.ask("find", keys=["a0"]))["ids"].values()
        (report,) = (await engine.ask("status", ids=[native_id]))["jobs"]
        assert report["word"] == "running"
        (root / "go").touch()
        assert (await engine.ended("a0"))["word"] == "done"
        assert engine.reconnects == 0
        await engine.peer.close()

    asyncio.run(first())
    serving = pid_of(root)
    asyncio.run(second())
    soon(lambda: not is_alive(serving))  # told that nobody is coming, it does not wait


def test_what_ended_while_nobody_listened_is_learned(supervised: Supervised) -> None:
    async def first() -> str:
        engine = Engine(supervised.root)
        answer = await engine.ask(
            "start", jobs=[supervised.job("a0", "while ! [ -e go ]; do sleep 0.05; done; exit 3")]
        )
        await engine.peer.close()
        return str(answer["jobs"]["a0"]["id"])

    async def second(native_id: str) -> None:
        engine = Engine(supervised.root)
        (report,) = (await engine.ask("status", ids=[native_id]))["jobs"]
        assert (report["word"], report["exit"]) == ("failed", 3)
        await engine.peer.close()

    native_id = asyncio.run(first())
    (supervised.root / "go").touch()
    soon(lambda: not supervised.processes("a0"))
    asyncio.run(second(native_id))


def test_a_killed_supervisor_is_replaced_and_the_engine_told(supervised: Supervised) -> None:
    async def main() -> None:
        engine = Engine(supervised.root)
        work = "mkdir lock || exit 75; while ! [ -e go ]; do sleep 0.05; done; touch finished"
        answer = await engine.ask("start", jobs=[supervised.job("a0", work), supervised.job("a1", "exit 0")])
        await engine.ended("a1")
        before = pid_of(supervised.root)
        os.kill(before, signal.SIGKILL)
        await engine.until(lambda: engine.reconnects == 1)  # without a question
        assert pid_of(supervised.root) != before
        native_id = answer["jobs"]["a0"]["id"]
        (report,) = (await engine.ask("status", ids=[native_id]))["jobs"]
        assert report["word"] == "running"
        (supervised.root / "go").touch()
        assert (await engine.ended("a0"))["word"] == "gone"
        assert (supervised.root / "finished").exists()
        await engine.peer.close()

    asyncio.run(main())


def test_a_question_cut_off_is_asked_again(supervised: Supervised) -> None:
    async def main() -> None:
        engine = Engine(supervised.root)
        await engine.ask("find", keys=[])
        pid = pid_of(supervised.root)
        os.kill(pid, signal.SIGSTOP)
        asking = asyncio.create_task(engine.ask("start", jobs=[supervised.job("a0", "exit 0")]))
        await asyncio.sleep(0.1)
        assert not asking.done()
        os.kill(pid, signal.SIGKILL)
        assert "id" in (await asking)["jobs"]["a0"]
        assert (await engine.ended("a0"))["word"] == "done"
        await engine.peer.close()

    asyncio.run(main())


def test_no_answer_in_time(supervised: Supervised) -> None:
    async def main() -> None:
        engine = Engine(supervised.root)
        await engine.ask("find", keys=[])
        pid = pid_of(supervised.root)
        os.kill(pid, signal.SIGSTOP)
        assert isinstance(await engine.peer.ask(Ask("supervisor", "find", {"keys": []}, timeout_s=0.2)), TimedOut)
        os.kill(pid, signal.SIGCONT)
        assert await engine.ask("find", keys=[]) == {"ids": {}}
        await engine.peer.close()

    asyncio.run(main())


def test_two_engines_start_one_supervisor(supervised: Supervised) -> None:
    async def main() -> None:
        engines = [Engine(supervised.root) for _ in range(3)]
        await asyncio.gather(*(engine.ask("find", keys=[]) for engine in engines))
        await engines[0].ask("start", jobs=[supervised.job("a0", "exit 0")])
        for engine in engines:
            assert (await engine.ended("a0"))["word"] == "done"
            await engine.peer.close()

    asyncio.run(main())


def test_a_wrong_question_is_answered_as_wrong(supervised: Supervised) -> None:
    async def main() -> None:
        engine = Engine(supervised.root)
        assert "no such verb" in (await engine.ask("dance"))["error"]
        await engine.peer.close()
        reply = await engine.peer.ask(Ask("supervisor", "find", {"keys": []}))
        assert isinstance(reply, Unreachable) and not reply.began

    asyncio.run(main())


@pytest.mark.parametrize("spoil", ["missing", "locked"])
def test_no_supervisor_says_why(tmp_path: Path, spoil: str) -> None:
    import fcntl

    async def main() -> Reply:
        root = tmp_path / "root"
        if spoil == "locked":
            root.mkdir()
            fcntl.flock(os.open(root / "supervisor.lock", os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
        return await SupervisorPeer(root, print).ask(Ask("supervisor", "find", {"keys": []}))

    reply = asyncio.run(main())
    assert isinstance(reply, Unreachable) and not reply.began
    assert ("No such file" if spoil == "missing" else "another supervisor serves this root") in reply.reason
