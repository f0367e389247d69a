"""One child process with a DRM's library: started, spoken to, watched, and ended, if need be by force."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import abell
from abell.hosts.library_limits import Limits
from abell.hosts.library_output import Output
from abell.library.frames import Frames, NonsenseError, pack
from abell.library.page import Begun, Page

log = logging.getLogger(__name__)

_START = "import sys; sys.path.insert(0, sys.argv[1]); from abell.library.child import main; main()"
_PIECE = 1 << 18
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class End:
    """Why a process is no more: a predicate whose subject is the library."""

    why: str
    begun: Begun | None  # the item under way
    completed: int  # calls before that
    blame: bool  # the library did it, not somebody with a kill command
    spoilt: bool = False  # what it said at last could not be read: there may have been answers in it


class Process:
    """`opened` is what the child says first: {"opened": {...}} or {"failed": {...}}.

    `on_message` gets whatever it says later, `on_end` comes last and once, when it is dead and all has been read.
    """

    def __init__(
        self,
        name: str,
        environment: Mapping[str, str],
        journal: tuple[int, int],
        start: Mapping[str, Any],
        limits: Limits,
        call_s_of: Callable[[int], float | None],
        tick_s: Callable[[], float],
        on_message: Callable[[dict[str, Any]], None],
        on_end: Callable[[End], None],
    ) -> None:
        """`journal`: descriptors, which stay the caller's. Raises OSError if no process can be started.

        `call_s_of`: how long a call for the question of that number may take; None: there is no such question.
        `tick_s`: how soon a call that has just begun is to be seen.
        """
        self._loop = asyncio.get_running_loop()
        self._limits, self._call_s_of, self._tick_s = limits, call_s_of, tick_s
        self._on_message, self._on_end = on_message, on_end
        self.opened: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self.ended = asyncio.Event()
        self._frames = Frames()
        self._out = bytearray()
        self._why = ""  # we killed it, or it said that it would go
        self._blame = True
        self._spoilt = False
        self._heard = time.monotonic()
        self._pinged: float | None = None
        self._output = Output(name)
        page = Page.make()
        self._page = Page(page)
        self._socket, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            given = theirs.fileno(), page, *journal
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, str(Path(abell.__file__).parent.parent)]
                + [str(number) for number in (os.getpid(), *given)],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                cwd="/",
                env=dict(environment),
                pass_fds=given,
                start_new_session=True,
            )
        except BaseException:
            self._socket.close()
            os.close(reading)
            raise
        finally:
            theirs.close()
            os.close(page)
            os.close(writing)
        self._pipe = reading
        self._socket.setblocking(False)
        os.set_blocking(reading, False)
        self._loop.add_reader(self._socket, self._readable)
        self._loop.add_reader(reading, self._say_output)
        threading.Thread(target=self._wait, name=f"wait-{self.pid}", daemon=True).start()
        self.send(start)
        self._watch = asyncio.create_task(self._watching())

    @property
    def pid(self) -> int:
        return self._popen.pid

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises ValueError for a message that is too long."""
        self._out += pack(message)
        self._writable()

    def kill(self, why: str, blame: bool = True) -> None:
        """`why` is told once it is dead, unless it died by itself before."""
        if not self._why:
            self._why, self._blame = why, blame
        self._popen.kill()  # which does nothing once it has been waited for

    async def close(self) -> None:
        """Let it leave the session; then it is dead in any case."""
        if self.opened.done() and not self.ended.is_set():
            self._why, self._blame = "was closed", False
            with contextlib.suppress(ValueError):
                self.send({"n": 0, "verb": "close"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.close_s):
                    await self.ended.wait()
        self.kill("was closed", blame=False)
        await self.ended.wait()

    def _writable(self) -> None:
        try:
            while self._out:
                del self._out[: self._socket.send(self._out)]
        except BlockingIOError:
            self._loop.add_writer(self._socket, self._writable)
            return
        except OSError:
            self._out.clear()  # it is dead, which is heard of elsewhere
        with contextlib.suppress(ValueError):
            self._loop.remove_writer(self._socket)

    def _readable(self) -> bool:
        """Hand on what has come. False when there is no more at the moment."""
        try:
            data = self._socket.recv(_PIECE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._socket)
            if not self._why:  # it is dying, or has lost its end, which is as bad
                self._loop.call_later(1.0, self._cut)
            return False
        self._heard, self._pinged = time.monotonic(), None
        try:
            for message in self._frames.feed(data):
                self._hand_on(message)
        except (NonsenseError, TypeError, ValueError, KeyError, IndexError) as error:
            self._loop.remove_reader(self._socket)
            self._spoilt = True
            self.kill(f"spoilt its process, which sends nonsense ({error})")
            return False
        return True

    def _cut(self) -> None:
        if not self.ended.is_set():
            self.kill("closed the connection of its process")

    def _hand_on(self, message: dict[str, Any]) -> None:
        if not self.opened.done() and ("opened" in message or "failed" in message):
            self.opened.set_result(message)
        elif "leaving" in message:
            self._why, self._blame = f"is replaced: {message['leaving']}", False
            log.warning("%s %s", self._output.name, self._why)
            self._loop.call_later(self._limits.close_s, self._popen.kill)
        elif "log" in message:
            log.warning("%s: %s", self._output.name, message["log"])
        else:
            self._on_message(message)

    def _say_output(self) -> None:
        try:
            data = os.read(self._pipe, _PIECE)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._pipe)
        self._output.feed(data)

    def _wait(self) -> None:
        self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._dead)

    def _dead(self) -> None:
        """Read what it said before it died, though what it has started may still hold the other ends."""
        while self._readable():
            pass
        self._say_output()
        self._output.close()
        self._watch.cancel()
        for source in (self._socket, self._pipe):
            self._loop.remove_reader(source)
        with contextlib.suppress(ValueError):
            self._loop.remove_writer(self._socket)
        self._socket.close()
        os.close(self._pipe)
        begun, completed = self._page.begun, self._page.completed
        self._page.close()
        blame = self._blame and not self._killed_from_outside()
        end = End(self._why or self._death(), begun, completed, blame, self._spoilt)
        if not self.opened.done():
            self.opened.set_result({"failed": {"stage": "start", "error": "", "text": f"the library {end.why}"}})
        self.ended.set()
        self._on_end(end)

    def _killed_from_outside(self) -> bool:
        return not self._why and -self._popen.returncode in _FROM_OUTSIDE

    def _death(self) -> str:
        code = self._popen.returncode
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
            return f"was ended by signal {-code}"
        if code == 70:
            return "or its process failed; what it printed is in the log"
        return f"called exit({code})"

    async def _watching(self) -> None:
        """Kill what hangs: a call over its time, or a process that does nothing and does not answer."""
        limits = self._limits
        try:
            async with asyncio.timeout(limits.init_s):
                await asyncio.shield(self.opened)
        except TimeoutError:
            self.kill(f"did not open a session within {limits.init_s:g} s")
            return
        while True:
            now, begun = time.monotonic(), self._page.begun
            if begun is not None:
                self._pinged = None
                limit = self._call_s_of(begun.question) or max(limits.submit_s, limits.look_s, limits.end_s)
                due = begun.since + limit
                if now >= due:
                    self.kill(f"did not answer within {limit:g} s")
                    return
            elif self._pinged is not None:
                due = self._pinged + limits.pong_s
                if now >= due:
                    self.kill(f"was frozen: it did nothing and did not answer within {limits.pong_s:g} s")
                    return
            else:
                due = self._heard + limits.heartbeat_s
                if now >= due:
                    self._pinged, due = now, now + limits.pong_s
                    self.send({"n": 0, "verb": "ping"})
            await asyncio.sleep(max(0.001, min(due - now, self._tick_s())))
