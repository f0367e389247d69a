"""The engine of one root, as a client sees it: connected when first needed, and again after it was restarted."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from abell.client import connect, wire
from abell.client.connect import Wish
from abell.client.connection import Connection
from abell.client.wire import JobRow
from abell.errors import DisconnectedError, NoEngineError
from abell.job import Request, State
from abell.request_json import to_json

RECONNECT_WITHIN_S = 120.0  # how long a restart of the engine may take before a waiting client gives up
PAUSE_S = 0.2  # between two tries


class Page(TypedDict):
    jobs: list[JobRow]
    counts: dict[str, int]  # state -> how many jobs there are, shown or not
    notices: list[str]  # what the engine wants a person to know


class Story(TypedDict):
    job: JobRow
    attempts: list[dict[str, Any]]
    events: list[dict[str, Any]]  # at (seconds since 1970), kind, text


class Client:
    """Of one thread at a time; it makes at most one connection, and each `Watch` one more."""

    def __init__(self, wish: Wish, argv: Callable[[Wish], list[str]] = connect.serve_argv) -> None:
        self.wish = wish
        self._argv = argv
        self._connection: Connection | None = None
        self._hello: connect.Hello | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Jobs go on."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connect(self) -> None:
        """Find or start the engine now, and not only when it is first needed. Raises NoEngineError."""
        if self._connection is None:
            self._connection = self.dial()

    def dial(self, *, to_wait: bool = False) -> Connection | None:
        """One try at a new connection; the caller closes it. None: the server that this client knew is not back yet.

        An engine that a client started is started again by a client. A server is its administrator's to restart.
        Who only waits takes any engine that has the jobs; who submits still wants the configuration that was wished.
        """
        if self._hello is None:
            connection, self._hello = connect.connect(self.wish, self._argv)
            return connection
        if self._hello.transient:
            as_it_was = Wish(self.wish.root, self._hello.config or None, any_config=True)
            return connect.connect(as_it_was if to_wait else self.wish, self._argv)[0]
        found = connect.find(self.wish.root)
        if found and not to_wait and not connect.fits(self.wish, found[1]):
            found[0].close()
            came_back = f"the server of {self.wish.root} has come back with another configuration"
            raise NoEngineError(came_back, "look at it, and start again")
        return found[0] if found else None

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """The engine's answer; a question that a restart cuts off is asked again, so it must bear being asked twice.

        Raises RefusedError in the engine's words, NoEngineError where there is none.
        """
        outage = Outage(self.wish)
        while True:
            try:
                if self._connection is not None:
                    return self._connection.ask(op, **fields)
                self._connection = self.dial()
                if self._connection is not None:
                    continue
                outage.goes_on()
            except DisconnectedError as lost:
                self.close()
                outage.goes_on(lost)
            time.sleep(PAUSE_S)

    def submit(self, requests: Sequence[Request]) -> list[int]:
        """The ids of new jobs, which are durable by then. All of them or none."""
        return [int(job) for job in self.ask("submit", **submission(requests))["ids"]]

    def jobs(
        self,
        *,
        states: Iterable[State] | None = None,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = None,
        after: int | None = None,
        order: Literal["oldest", "newest"] = "newest",
    ) -> Page:
        """`after` is the last id of the page before, in the same order."""
        query = jobs_query(states=states, user=user, ids=ids, limit=limit, after=after, order=order)
        answer = self.ask("jobs", **query)
        return Page(jobs=answer["jobs"], counts=answer.get("counts", {}), notices=answer.get("notices", []))

    def job(self, job: int) -> Story:
        answer = self.ask("job", job=job)
        return Story(job=answer["job"], attempts=answer.get("attempts", []), events=answer.get("events", []))

    def cancel(self, jobs: Sequence[int], by: str = "") -> Mapping[int, str]:
        """Ask for these to end: job -> "cancelling", "ended" (it had) or "unknown"."""
        answer = self.ask("cancel", jobs=list(jobs), by=by or user_name())
        return {int(job): str(said) for job, said in answer["results"].items()}

    def watch(self, jobs: Iterable[int]) -> Watch:
        return Watch(self, jobs)


class Watch:
    """What happens to some jobs, on a connection of its own, across restarts of the engine."""

    def __init__(self, client: Client, jobs: Iterable[int]) -> None:
        self.live = set(jobs)  # the ones that have not ended, as far as is known
        self._client = client
        self._connection: Connection | None = None
        self._number = 0
        self._outage = Outage(client.wish)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def rows(self, timeout: float | None = None, wake: int | None = None) -> list[JobRow]:
        """The rows that came, oldest first: first the present one of each job, then one for each change of state.

        Empty when the time (seconds) was over or the descriptor `wake` became readable before. Raises RefusedError
        (a job that nobody knows), NoEngineError when the engine has been gone for too long.
        """
        try:
            if self._connection is None:
                self._connection = self._client.dial(to_wait=True)
                if self._connection is not None:
                    self._number = self._connection.send("wait", jobs=sorted(self.live))
            if self._connection is not None:
                return self._received(self._connection, timeout, wake)
            self._outage.goes_on()
        except DisconnectedError as lost:
            self._close()
            self._outage.goes_on(lost)
        _pause(PAUSE_S if timeout is None else min(PAUSE_S, timeout), wake)
        return []

    def _received(self, connection: Connection, timeout: float | None, wake: int | None) -> list[JobRow]:
        rows: list[JobRow] = []
        ready = connection.ready(timeout, wake)
        while ready and self.live:
            message = connection.receive()
            self._outage.is_over()
            if message.get("id") == self._number and "event" in message:
                row: JobRow = message["event"]
                rows.append(row)
                if row["state"] == State.ENDED:
                    self.live.discard(row["id"])
            elif message.get("id") == self._number:
                wire.answer(message)
                self.live.clear()
            ready = connection.ready(0)
        return rows

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Outage:
    """How long the engine has been gone; at RECONNECT_WITHIN_S a client gives up."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._since: float | None = None
        self._reason = f"the server of {wish.root} is gone"

    def goes_on(self, lost: DisconnectedError | None = None) -> None:
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        self._reason = lost.message if lost else self._reason
        if now - self._since > RECONNECT_WITHIN_S:
            raise NoEngineError(
                f"{self._reason}, and it has not come back for {RECONNECT_WITHIN_S:.0f} s",
                "its jobs go on; look again later",
            )

    def is_over(self) -> None:
        self._since = None


def submission(requests: Sequence[Request]) -> dict[str, Any]:
    """The fields of `submit`. The token makes it safe to ask again when the answer was lost: the engine knows it, and
    answers with the same ids."""
    jobs = [to_json(request) for request in requests]
    return {"jobs": jobs, "user_name": user_name(), "token": os.urandom(16).hex()}


def jobs_query(
    *,
    states: Iterable[State] | None = None,
    user: str | None = None,
    ids: Sequence[int] | None = None,
    limit: int | None = None,
    after: int | None = None,
    order: Literal["oldest", "newest"] = "newest",
) -> dict[str, Any]:
    """The fields of `jobs`; what is not named is not sent."""
    fields = {
        "states": None if states is None else [str(state) for state in states],
        "user": user,
        "ids": None if ids is None else list(ids),
        "limit": limit,
        "after": after,
        "order": order,
    }
    return {name: value for name, value in fields.items() if value is not None}


def user_name() -> str:
    """Of the account that asks, as the system knows it, whatever the environment says."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _pause(seconds: float, wake: int | None) -> None:
    """Not longer than until `wake` becomes readable."""
    poll = select.poll()
    if wake is not None:
        poll.register(wake, select.POLLIN)
    poll.poll(seconds * 1000)
