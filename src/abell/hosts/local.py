"""Runs commands on this machine: argv only, a time limit, bounded output, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from abell.backends.contract import Call, Exited, Reply, TimedOut, Unreachable

MOST_OUTPUT = 64 * 2**20  # bytes; a status command that says more has gone mad


MOST_SAID = 300  # characters of a complaint that a person is shown
EVERYBODYS = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ")


@dataclass(eq=False)
class Running:
    """A command under way."""

    program: str
    since: float = field(default_factory=time.monotonic)
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)


class LocalHost:
    """This machine."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = dict(os.environ if env is None else env)
        self._running: set[Running] = set()

    def slow(self, after_s: float) -> list[str]:
        """The commands that have run for longer than that, and what they complained of, for people."""
        told = []
        for each in sorted(self._running, key=lambda running: running.since):
            if (seconds := time.monotonic() - each.since) > after_s:
                said = " ".join(_text(each.err).split())[-MOST_SAID:]
                told.append(f"{each.program} has not answered for {seconds:.0f} s" + (f": {said}" if said else ""))
        return told

    async def run(self, call: Call) -> Reply:
        """The command's exit and output. A command over its time is killed with its process group."""
        try:
            process = await asyncio.create_subprocess_exec(
                *call.argv,
                stdin=asyncio.subprocess.PIPE if call.stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=variables(self._env, call),
                start_new_session=True,
            )
        except OSError as error:
            return Unreachable(f"{call.argv[0]}: {error.strerror or error}")
        running = Running(call.argv[0])
        out, err = running.out, running.err
        self._running.add(running)
        try:
            async with asyncio.timeout(call.timeout_s):
                streams = _read(process.stdout, out), _read(process.stderr, err), _write(process, call.stdin)
                await asyncio.gather(*streams)
                code = await process.wait()
        except TimeoutError:
            return TimedOut(call.timeout_s, _text(out), _text(err))
        finally:
            self._running.discard(running)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return Exited(code, _text(out), _text(err))


def variables(server: Mapping[str, str], call: Call) -> dict[str, str]:
    """The environment of a command. Its messages are in English, because they are matched."""
    if call.keep is None:
        return {**server, "LC_ALL": "C", **call.env}
    names = frozenset((*EVERYBODYS, *call.keep))
    patterns = [name for name in names if name.endswith("*")]
    kept = {k: v for k, v in server.items() if k in names or any(fnmatchcase(k, name) for name in patterns)}
    if everything := kept.pop("LC_ALL", ""):  # a job that gets these variables shall keep its characters
        kept["LANG"] = everything
    return {**kept, "LC_MESSAGES": "C", **call.env}


async def _read(stream: asyncio.StreamReader | None, into: bytearray) -> None:
    assert stream is not None
    while chunk := await stream.read(2**16):
        if len(into) < MOST_OUTPUT:
            into += chunk


async def _write(process: asyncio.subprocess.Process, text: bytes) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(text)
            await process.stdin.drain()
        process.stdin.close()


def _text(data: bytearray) -> str:
    return data.decode(errors="replace")
