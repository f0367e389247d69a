"""The engine's door: a unix socket that only its own user (and root) may enter, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abell.address import peer_uid
from abell.engine import accept
from abell.engine.file_thread import FileThread
from abell.engine.flow import Engine
from abell.engine.rows import attempt_row, job_row
from abell.errors import RefusedError
from abell.job import LIVE, Request, State
from abell.shape import is_plain_text
from abell.store import statements as st
from abell.store.sqlite import Superseded

log = logging.getLogger(__name__)

LONGEST_LINE = 256 * 2**20  # bytes; a hundred thousand jobs in one message are some 30 MB
LOOK_WITHIN_S = 20.0  # for the files that a request names
MOST_UNSENT = 64 * 2**20  # bytes a client may leave unread before it is let go


Answer = dict[str, Any] | None  # None: it comes later


@dataclass(eq=False)
class Client:
    writer: asyncio.StreamWriter
    uid: int
    waits: set[Waiting] = field(default_factory=set)

    def send(self, message: Mapping[str, Any]) -> None:
        if self.writer.transport.get_write_buffer_size() > MOST_UNSENT:
            self.writer.transport.abort()
            return
        self.writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")


@dataclass(eq=False)
class Waiting:
    """A client's `wait`: the jobs that it waits for and that have not ended."""

    client: Client
    request_id: Any
    left: set[int]
    only_endings: bool


class Server:
    def __init__(self, engine: Engine, about: Mapping[str, Any]) -> None:
        self.engine = engine
        self.about = about
        self.clients: set[Client] = set()
        self.quiet_since = time.monotonic()
        self._waits: dict[int, set[Waiting]] = {}
        self._leave_when_idle = False
        self._files = FileThread("requests")
        self._operations: dict[str, Callable[[Client, dict[str, Any]], Answer | Awaitable[Answer]]] = {
            "hello": self._hello,
            "submit": self._submit,
            "jobs": self._jobs,
            "job": self._job,
            "wait": self._wait,
            "cancel": self._cancel,
            "stop": self._stop,
        }

    async def listen(self, path: Path) -> asyncio.AbstractServer:
        """Open the door at `path`, in a directory that only this user may enter."""
        path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(self._serve, path, limit=LONGEST_LINE, backlog=512)
        finally:
            os.umask(mask)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = peer_uid(writer.get_extra_info("socket"))
        client = Client(writer, uid)
        if uid not in (0, os.geteuid()):
            client.send(
                _error(None, RefusedError("forbidden", "only the user that runs this server may use its socket"))
            )
            writer.close()
            return
        self.clients.add(client)
        try:
            while line := await reader.readline():
                await self._answer(client, line)
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.LimitOverrunError) as error:
            log.debug("a client is gone: %s", error)
        except Superseded:
            self.engine.board.wake()  # it leaves by itself
        except asyncio.CancelledError:
            pass  # the engine leaves
        finally:
            self.clients.discard(client)
            self.quiet_since = time.monotonic()
            for wait in client.waits:
                for job_id in wait.left:
                    self._waits.get(job_id, set()).discard(wait)
            writer.close()

    async def _answer(self, client: Client, line: bytes) -> None:
        request_id = None
        try:
            message = _parse(line)
            request_id = message["id"]
            operation = self._operations.get(message["op"])
            if operation is None:
                raise _bad_message(f"there is no operation {message['op'][:40]!r}")
            answer = operation(client, message)
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer is not None:
                client.send({"id": request_id, "ok": True, **answer})
        except RefusedError as refused:
            client.send(_error(request_id, refused))
        except sqlite3.OperationalError as error:
            hint = "nothing was kept; free some space or repair the database, then try again"
            client.send(_error(request_id, RefusedError("store", f"the database cannot be written: {error}", hint)))

    # -- operations -----------------------------------------------------------------------------------------------

    def _hello(self, client: Client, message: dict[str, Any]) -> dict[str, Any]:
        return {**self.about, "live": self._live()}

    def _live(self) -> int:
        """How many jobs have not ended."""
        return sum(st.counts(self.engine.database.reader).values())

    async def _submit(self, client: Client, message: dict[str, Any]) -> Answer:
        plain = message.get("jobs")
        token = message.get("token", "")
        if not isinstance(plain, list) or not all(isinstance(p, dict) for p in plain):
            raise _bad_message("`submit` needs `jobs`, a list of requests")
        if not is_plain_text(token):
            raise _bad_message("`token` is a text")
        return {"ids": self.engine.accept(await self._read(plain), token)}

    async def _read(self, plain: Sequence[dict[str, Any]]) -> list[Request]:
        """The requests, checked. Their files are looked at in a thread: a file system that hangs must not stop us."""
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                return await self._files.do(lambda: [accept.read(p) for p in plain])
        except TimeoutError as error:
            self._files.close()
            self._files = FileThread("requests")  # the earlier one hangs with what it looks at
            raise RefusedError(
                "files_hang",
                f"the working directory or the input files could not be looked at within {LOOK_WITHIN_S:.0f} s",
                "their file system hangs: try again when it is back",
            ) from error
        except OSError as error:
            raise RefusedError("busy", f"the request cannot be looked at: {error.strerror}", "try again") from error

    def _jobs(self, client: Client, message: dict[str, Any]) -> dict[str, Any]:
        db = self.engine.database.reader
        if "ids" in message:
            rows = st.jobs_by_id(db, _ids(message["ids"]))
        else:
            user = message.get("user", "")
            if not is_plain_text(user):
                raise _bad_message("`user` is a text")
            rows = st.jobs(
                db,
                _states(message.get("states", list(LIVE))),
                user=user,
                after=_number(message, "after", 0),
                limit=max(1, min(_number(message, "limit", 100), 10_000)),
                newest_first=message.get("order") == "newest",
            )
        return {"jobs": [self._row(r) for r in rows], "counts": st.counts(db), "notices": self.notices()}

    def notices(self) -> list[str]:
        """What holds jobs up that is nobody's job: troubles of the engine and pauses of runners."""
        told = [self.engine.notice] if self.engine.notice else []
        for lane in self.engine.board.lanes.values():
            told += lane.troubles()
        told += [f"runner {name}: {why}; its jobs are left alone" for name, why in self.engine.board.unusable.items()]
        return told

    def _row(self, row: sqlite3.Row) -> dict[str, Any]:
        told = job_row(row)
        if told["state"] in (State.WAITING, State.SUBMITTING) and not told["why"]:
            board, place = self.engine.board, told["destination"]
            lane = board.lane_of(place) if place in board.configuration.destinations else None
            if lane is None:
                told["why"] = board.unusable.get(told["runner"], "")
            elif told["state"] == State.WAITING:
                told["why"] = lane.why_waiting(place)
            else:  # in doubt, as long as the DRM cannot be asked
                told["why"] = lane.why_paused
        return told

    def _job(self, client: Client, message: dict[str, Any]) -> dict[str, Any]:
        db = self.engine.database.reader
        (job_id,) = _ids([message.get("job")])
        rows = st.jobs_by_id(db, [job_id])
        if not rows:
            raise RefusedError("unknown_job", f"there is no job {job_id}", "abell ps --all lists the jobs")
        return {
            "job": self._row(rows[0]),
            "attempts": [attempt_row(r) for r in st.attempts(db, job_id)],
            "events": [dict(r) for r in st.events(db, job_id)],
        }

    def _wait(self, client: Client, message: dict[str, Any]) -> dict[str, Any] | None:
        job_ids = _ids(message.get("jobs"))
        rows = st.jobs_by_id(self.engine.database.reader, job_ids)
        if missing := set(job_ids) - {r["id"] for r in rows}:
            raise RefusedError("unknown_job", f"there is no job {min(missing)}", "abell ps --all lists the jobs")
        only_endings = bool(message.get("only_endings"))
        left = {r["id"] for r in rows if r["state"] != State.ENDED}
        for row in rows:
            if row["id"] not in left or not only_endings:
                client.send({"id": message["id"], "event": self._row(row)})
        if not left:
            return {}
        waiting = Waiting(client, message["id"], left, only_endings)
        client.waits.add(waiting)
        for job_id in left:
            self._waits.setdefault(job_id, set()).add(waiting)
        return None

    def changed(self, job_ids: Iterable[int]) -> None:
        """These rows have changed, durably: tell those who wait."""
        self._leave_if_idle()
        awaited = {i: any(not w.only_endings for w in waits) for i in job_ids if (waits := self._waits.get(i))}
        if not awaited:
            return
        db = self.engine.database.reader
        wanted = [i for i, every_change in awaited.items() if every_change]
        wanted += st.ended(db, [i for i, every_change in awaited.items() if not every_change])
        for row in st.jobs_by_id(db, wanted):
            over = row["state"] == State.ENDED
            waits = self._waits.pop(row["id"]) if over else self._waits[row["id"]]
            told = None
            for waiting in waits:
                if over or not waiting.only_endings:
                    told = told or self._row(row)
                    waiting.client.send({"id": waiting.request_id, "event": told})
                if over:
                    waiting.left.discard(row["id"])
                    if not waiting.left:
                        waiting.client.waits.discard(waiting)
                        waiting.client.send({"id": waiting.request_id, "ok": True})

    def _cancel(self, client: Client, message: dict[str, Any]) -> dict[str, Any]:
        told = self.engine.cancel(_ids(message.get("jobs")), user_name(client.uid))
        return {"results": {str(k): v for k, v in told.items()}}

    def _stop(self, client: Client, message: dict[str, Any]) -> dict[str, Any]:
        if message.get("when") == "idle":
            self._leave_when_idle = True
            self._leave_if_idle()
        else:
            self.engine.leave()
        return {}

    def _leave_if_idle(self) -> None:
        if self._leave_when_idle and not self._live():
            self.engine.leave()


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(isinstance(i, int) and 0 < i < 2**63 for i in value):
        raise _bad_message("job ids are whole numbers from 1 up")
    return value


def _states(value: Any) -> list[State]:
    if not isinstance(value, list) or not set(State).issuperset(v for v in value if isinstance(v, str)):
        raise _bad_message(f"`states` is a list of {', '.join(State)}")
    if not all(isinstance(v, str) for v in value):
        raise _bad_message("`states` is a list of texts")
    return [State(v) for v in value]


def _number(message: Mapping[str, Any], name: str, default: int) -> int:
    value = message.get(name, default)
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise _bad_message(f"`{name}` is a whole number from 0 up")
    return value


def _parse(line: bytes) -> dict[str, Any]:
    """A message with its `id` and `op`, or RefusedError."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad_message("this is not JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("id"), int | str):
        raise _bad_message("a message is an object with a number or text `id`")
    if not isinstance(message.get("op"), str):
        raise _bad_message("a message has a text `op`")
    return message


def _bad_message(text: str) -> RefusedError:
    return RefusedError("bad_message", text, "is the client of the same version?")


def _error(request_id: Any, refused: RefusedError) -> dict[str, Any]:
    told = {"code": refused.code, "message": refused.message, "hint": refused.hint}
    return {"id": request_id, "ok": False, "error": told}
