"""The Python API for asyncio: as `Cluster`, with await.

from abell import AsyncCluster

async with AsyncCluster() as cluster:
    jobs = [await cluster.submit(["gzip", path]) for path in paths]
    await cluster.wait(jobs)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from abell.client import wire
from abell.client.client import PAUSE_S, Client, Outage, jobs_query, submission, user_name
from abell.client.cluster import AnyPath, JobView, grouped, new_row, wish_for
from abell.client.request import Asked, make_request
from abell.client.wire import JobRow
from abell.errors import DisconnectedError, NoAnswerError
from abell.job import Request, State

if TYPE_CHECKING:
    from typing import Self, Unpack

_LONGEST_LINE = 1 << 30  # bytes; StreamReader wants a limit, and a page of 100,000 jobs is one line


class AsyncJob(JobView):
    """A job of an `AsyncCluster`."""

    def __init__(self, cluster: AsyncCluster, row: JobRow) -> None:
        super().__init__(row)
        self._cluster = cluster

    async def refresh(self) -> Self:
        """Ask the engine how it is now."""
        self.row = (await self._cluster.client_ask("job", job=self.id))["job"]
        return self

    async def wait(self, timeout: float | None = None) -> Self:
        """Return when it has ended, however it has; raises TimeoutError after `timeout` seconds."""
        await self._cluster.wait([self], timeout)
        return self

    async def cancel(self) -> None:
        """Ask for it to end. Returns at once; `wait` tells when it has."""
        await self._cluster.cancel([self])


class AsyncCluster:
    """As `Cluster`. Of one event loop; any number of its tasks may use it at once.

    Each `wait` has a connection of its own; other requests take turns on one.
    """

    def __init__(self, root: AnyPath | None = None, config: AnyPath | None = None) -> None:
        self._client = Client(wish_for(root, config))
        self._lock = asyncio.Lock()
        self._line: _Line | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection. Jobs go on."""
        async with self._lock:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    async def submit(self, command: str | Sequence[str], **asked: Unpack[Asked]) -> AsyncJob:
        """Submit one job; it is durable when this returns. Options as for `abell.make_request`."""
        return (await self.submit_many([make_request(command, **asked)]))[0]

    async def submit_many(self, requests: Sequence[Request]) -> list[AsyncJob]:
        """Submit all or none, in one message: thousands are as cheap as one."""
        if not requests:
            return []
        answer = await self.client_ask("submit", **submission(requests))
        return [AsyncJob(self, new_row(int(job), asked)) for job, asked in zip(answer["ids"], requests, strict=True)]

    async def wait(self, jobs: Iterable[AsyncJob], timeout: float | None = None) -> list[AsyncJob]:
        """Return the jobs when all have ended, however they have; raises TimeoutError after `timeout` seconds."""
        waited = list(jobs)
        by_id = grouped(waited)
        async with asyncio.timeout(timeout):
            async for row in self._rows(set(by_id)):
                for job in by_id[row["id"]]:
                    job.row = row
        return waited

    async def cancel(self, jobs: Iterable[AsyncJob]) -> dict[int, str]:
        """Ask for these to end: id -> "cancelling", or "ended" for one that already had."""
        answer = await self.client_ask("cancel", jobs=[job.id for job in jobs], by=user_name())
        return {int(job): said for job, said in answer["results"].items()}

    async def jobs(
        self,
        *,
        states: Iterable[State] | None = None,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = 100,
        order: Literal["oldest", "newest"] = "newest",
    ) -> list[AsyncJob]:
        """The jobs there are, at most `limit` of them."""
        query = jobs_query(states=states, user=user, ids=ids, limit=limit, order=order)
        return [AsyncJob(self, row) for row in (await self.client_ask("jobs", **query))["jobs"]]

    async def client_ask(self, op: str, **fields: Any) -> dict[str, Any]:
        outage = Outage(self._client.wish)
        async with self._lock:
            while True:
                try:
                    if self._line is None:
                        self._line = await self._dial(outage)
                    return await self._line.ask(op, fields)
                except DisconnectedError as lost:
                    self._hang_up()
                    outage.goes_on(lost)
                    await asyncio.sleep(PAUSE_S)
                except asyncio.CancelledError:
                    self._hang_up()  # its answer may still come, and must not be taken for another's
                    raise

    async def _rows(self, live: set[int]) -> AsyncIterator[JobRow]:
        """Until all of `live` have ended, across restarts of the engine."""
        outage = Outage(self._client.wish)
        while live:
            line = await self._dial(outage, to_wait=True)
            try:
                async for row in line.rows(sorted(live)):
                    outage.is_over()
                    if row["state"] == State.ENDED:
                        live.discard(row["id"])
                    yield row
                    if not live:
                        return
                return
            except DisconnectedError as lost:
                outage.goes_on(lost)
                await asyncio.sleep(PAUSE_S)
            finally:
                line.close()

    async def _dial(self, outage: Outage, *, to_wait: bool = False) -> _Line:
        """A new connection. Finding and starting an engine blocks, and so has a thread."""
        while True:
            connection = await asyncio.to_thread(self._client.dial, to_wait=to_wait)
            if connection is not None:
                reader, writer = await asyncio.open_unix_connection(sock=connection.detach(), limit=_LONGEST_LINE)
                return _Line(reader, writer)
            outage.goes_on()
            await asyncio.sleep(PAUSE_S)


class _Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 1  # `hello` was the first

    def close(self) -> None:
        self._writer.close()

    async def ask(self, op: str, fields: dict[str, Any]) -> dict[str, Any]:
        number = await self._send(op, fields)
        try:
            async with asyncio.timeout(wire.ANSWER_WITHIN_S):
                while (message := await self._receive()).get("id") != number:
                    pass
        except TimeoutError as error:
            raise NoAnswerError(f"the engine has not answered for {wire.ANSWER_WITHIN_S:.0f} s") from error
        return wire.answer(message)

    async def rows(self, jobs: Sequence[int]) -> AsyncIterator[JobRow]:
        number = await self._send("wait", {"jobs": list(jobs)})
        while True:
            message = await self._receive()
            if message.get("id") == number and "event" in message:
                yield message["event"]
            elif message.get("id") == number:
                wire.answer(message)
                return

    async def _send(self, op: str, fields: dict[str, Any]) -> int:
        self._number += 1
        try:
            self._writer.write(wire.encode(self._number, op, fields))
            await self._writer.drain()
        except OSError as error:
            raise DisconnectedError(f"the connection to the engine was lost: {error.strerror or error}") from error
        return self._number

    async def _receive(self) -> dict[str, Any]:
        try:
            line = await self._reader.readuntil(b"\n")
        except (OSError, asyncio.IncompleteReadError) as error:
            raise DisconnectedError("the connection to the engine was lost") from error
        return wire.decode(line)
