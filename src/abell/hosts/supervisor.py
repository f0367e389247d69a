"""The way to the supervisor of local jobs: starts it when it is absent, and comes back to it when it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from abell import address
from abell.backends.contract import Answered, Ask, Reply, TimedOut, Unreachable
from abell.supervisor.launch import Launch, NoSupervisorError

_LONGEST_LINE = 64 << 20  # bytes; a status of many thousand jobs is one line
_RETRY_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # between looks while another one starts or leaves
_CLOSED = "the connection to the supervisor of local jobs is closed"

OnEvent = Callable[[Mapping[str, Any]], None]


class SupervisorPeer:
    """One engine's connection. Every verb may be repeated without harm, so a question cut off is simply asked again."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        on_event: OnEvent,
        on_reconnect: Callable[[], None] = lambda: None,
        options: tuple[str, ...] = (),
        launched: Launch | None = None,
    ) -> None:
        """`on_event` is given each report pushed; `on_reconnect` is called when some may have been missed, so that all

        live jobs are polled. `options` are for a supervisor that has to be started, `launched` is one that is starting.
        """
        self._root = str(Path(root).absolute())
        self._on_event = on_event
        self._on_reconnect = on_reconnect
        self._options = options
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._returning: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._last = 0
        self._connected_before = False
        self._closed = False
        self._launched = launched
        self._earlier: Launch | None = None

    async def ask(self, question: Ask) -> Reply:
        """The answer's data; {"error": text} for a question that the supervisor finds wrong."""
        sent = False
        if self._closed:
            return Unreachable(_CLOSED)
        try:
            async with asyncio.timeout(question.timeout_s):
                while True:
                    try:
                        await self._connect()
                        sent = True
                        return Answered(await self._converse(question.verb, question.data))
                    except ConnectionError:
                        await asyncio.sleep(_RETRY_S[0])
                        if self._closed:
                            return Unreachable(_CLOSED, began=sent)
        except TimeoutError:
            return TimedOut(question.timeout_s) if sent else Unreachable("no supervisor of local jobs within the time")
        except (NoSupervisorError, address.AddressError, OSError) as error:
            return Unreachable(str(error), began=sent)

    async def close(self) -> None:
        """Go. Jobs go on; the supervisor leaves by itself when there are none."""
        if self._writer is not None:
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._converse("leave", {})
        self._closed = True
        tasks = [task for task in (self._returning, self._reading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lost()
        for launch in (self._launched, self._earlier):
            if launch is not None:
                launch.abandon()

    async def _converse(self, verb: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises ConnectionError if the connection breaks first."""
        if self._writer is None:
            raise ConnectionResetError("not connected")
        self._last += 1
        number = self._last
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self._writer.write(json.dumps({"id": number, "verb": verb, "data": data}).encode() + b"\n")
            await self._writer.drain()
            return await answer
        finally:
            self._answers.pop(number, None)

    async def _connect(self) -> None:
        """Be connected and subscribed. Raises NoSupervisorError, AddressError, OSError."""
        async with self._connecting:
            if self._writer is not None:
                return
            reader, self._writer = await self._reach()
            self._reading = asyncio.create_task(self._read(reader, self._writer))
            try:
                await self._converse("hello", {"subscribe": True})
            except BaseException:  # a cancelled question, too, leaves no half connection
                self._lost()
                raise
        if self._connected_before:
            self._on_reconnect()
        self._connected_before = True

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the one that serves the root, started if there is none. Raises NoSupervisorError."""
        pauses = iter(_RETRY_S)
        while True:
            found = address.read(self._root, "supervisor")
            if found is not None:
                with contextlib.suppress(FileNotFoundError, ConnectionError):
                    return await _open(found.socket)
            held = await asyncio.to_thread(self._launch)
            if held:  # by one that is not there yet, or just leaving
                pause = next(pauses, None)
                if pause is None:
                    raise NoSupervisorError(held)
                await asyncio.sleep(pause)

    def _launch(self) -> str:
        """Start one unless that has begun, and wait until it serves. Empty; or that another one holds the root.

        Raises NoSupervisorError.
        """
        launch, self._launched = self._launched or Launch.begin(self._root, self._options), None
        if self._earlier is not None:
            self._earlier.abandon()
        self._earlier = launch
        return launch.wait()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand out what comes in, until the connection ends; then come back."""
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if "event" in message:
                    self._on_event(message["event"])
                    continue
                waiting = self._answers.get(message["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(message["data"] if message["ok"] else {"error": message["error"]})
        except (ConnectionError, ValueError):
            pass
        writer.close()
        self._lost()
        if not self._closed:
            self._returning = asyncio.create_task(self._return())

    def _lost(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the supervisor of local jobs has gone"))

    async def _return(self) -> None:
        """A supervisor with a client does not leave: it was killed, and its jobs need another."""
        pause = 0.1
        while not self._closed:
            try:
                await self._connect()
                return
            except (NoSupervisorError, address.AddressError, OSError):
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)


async def _open(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_LINE)
    try:
        address.check_peer(writer.get_extra_info("socket"))
    except address.AddressError:
        writer.close()
        raise
    return reader, writer
