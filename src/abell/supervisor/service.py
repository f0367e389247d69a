"""The loop: clients on a socket, children that end, time that passes. It waits for all of them at once."""

from __future__ import annotations

import os
import selectors
import signal
import socket
from collections.abc import Callable
from typing import Any

from abell import faults, machine
from abell.address import Address, AddressError, check_peer
from abell.supervisor import wire
from abell.supervisor.entry import Report
from abell.supervisor.jobs import Jobs
from abell.supervisor.spec import Spec, parse

VERSION = 1

MOST_CLIENTS = 100  # one per server process, and a margin
LOOK_S = 2.0  # how often it is made sure that clients can come, while there are none

Listen = Callable[[], tuple[socket.socket, Address]]
Answer = dict[str, Any]


class Service:
    """Serves the jobs of one root until there is nothing to do and nobody to do it for."""

    def __init__(self, listen: Listen, idle_s: float) -> None:
        """`listen` makes and publishes the socket; it is called again when the socket's file was removed."""
        self._selector = selectors.DefaultSelector()
        self._listen = listen
        self._listener, self.address = listen()
        self._attend(self._listener)
        self._idle_s = idle_s
        self._clients: set[wire.Connection] = set()
        self._child = False  # whether one has changed its state
        self._reported = False
        self._dismissed = False
        self._spare = os.open(os.devnull, os.O_RDONLY)  # a descriptor to turn a client away with
        self._hear_children()

    def tell(self, report: Report) -> None:
        """Push a report to every subscriber."""
        for client in self._clients:
            if client.subscribed:
                client.say({"event": report})
        self._reported = True

    def run(self, jobs: Jobs) -> None:
        """Returns when there has been no job and no client for `idle_s`, or the last client has said that it leaves."""
        self._verbs: dict[str, Callable[[wire.Connection, dict[str, Any]], Answer]] = {
            "hello": self._hello,
            "start": lambda _client, data: _start(jobs, data),
            "status": lambda _client, data: {"jobs": [jobs.status(i) for i in wire.texts(data, "ids")]},
            "cancel": lambda _client, data: _cancel(jobs, data),
            "find": lambda _client, data: {"ids": jobs.find(wire.texts(data, "keys"))},
            "forget": lambda _client, data: _forget(jobs, data),
            "leave": lambda _client, _data: self._leave(jobs),
        }
        jobs.turn(woken=False)
        idle_since = machine.uptime()
        while True:
            if jobs.alive or self._clients:
                idle_since = machine.uptime()
            patience = jobs.patience()
            if not jobs.alive and not self._clients:
                rest = idle_since + self._idle_s - machine.uptime()
                if rest <= 0 or self._dismissed:
                    return
                patience = rest if patience is None else min(rest, patience)
            if not self._clients:
                patience = LOOK_S if patience is None else min(LOOK_S, patience)
                self._stay_reachable()
            for key, _ in self._selector.select(patience):
                key.data()
            jobs.turn(self._child)
            self._child = False
            for client in list(self._clients):
                self._flush(client)
            if self._reported:
                self._reported = False
                faults.point("supervisor.reported")

    def _attend(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def _stay_reachable(self) -> None:
        """The directory of sockets goes away when its user logs out, or to a cleaner; jobs do not."""
        if os.path.exists(self.address.socket):
            return
        try:
            listener, where = self._listen()
        except (OSError, AddressError):
            return  # a full disk, a spoilt directory: later
        self._selector.unregister(self._listener)
        self._listener.close()
        self._listener, self.address = listener, where
        self._attend(listener)

    def _hear_children(self) -> None:
        """A byte in a pipe for each SIGCHLD, so that one `select` waits for children as well."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

        def drain() -> None:
            os.read(reader, 65536)
            self._child = True

        self._selector.register(reader, selectors.EVENT_READ, drain)

    def _accept(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError:  # no descriptor is left (EMFILE): turn this one away, or the loop would spin
            self._turn_away()
            return
        try:
            check_peer(peer)
            if len(self._clients) >= MOST_CLIENTS:
                raise AddressError("too many clients")
        except AddressError:
            peer.close()
            return
        client = wire.Connection(peer)
        self._clients.add(client)
        self._dismissed = False
        self._selector.register(peer, selectors.EVENT_READ, lambda: self._serve(client))

    def _turn_away(self) -> None:
        os.close(self._spare)
        try:
            self._listener.accept()[0].close()
        except OSError:
            pass  # it left by itself
        self._spare = os.open(os.devnull, os.O_RDONLY)

    def _serve(self, client: wire.Connection) -> None:
        if client.unsent:
            client.flush()
        for line in client.receive():
            client.say(self._answer(client, line))
        if client.closed:
            self._drop(client)

    def _answer(self, client: wire.Connection, line: bytes) -> Answer:
        number: Any = None
        try:
            number, verb, data = wire.parse(line)
            if verb not in self._verbs:
                raise wire.BadMessageError(f"no such verb: {verb[:40]!r}")
            return {"id": number, "ok": True, "data": self._verbs[verb](client, data)}
        except wire.BadMessageError as error:
            return {"id": number if error.number is None else error.number, "ok": False, "error": str(error)}

    def _flush(self, client: wire.Connection) -> None:
        waiting = client.unsent
        client.flush()
        if client.closed:
            self._drop(client)
        elif waiting or client.unsent:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
            if self._selector.get_key(client.peer).events != events:
                self._selector.modify(client.peer, events, lambda: self._serve(client))

    def _drop(self, client: wire.Connection) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.peer)
            client.peer.close()

    def _hello(self, client: wire.Connection, data: dict[str, Any]) -> Answer:
        client.subscribed = data.get("subscribe") is True
        return {"version": VERSION, "pid": os.getpid(), "host": machine.host(), "boot_id": machine.boot_id()}

    def _leave(self, jobs: Jobs) -> Answer:
        """The client goes, and nobody is coming: do not wait out the idle time."""
        self._dismissed = True
        return {"jobs": jobs.alive}


def _start(jobs: Jobs, data: dict[str, Any]) -> Answer:
    asked = data.get("jobs")
    if not isinstance(asked, list):
        raise wire.BadMessageError("jobs: a list")
    specs: list[Spec] = []
    for number, each in enumerate(asked):
        try:
            specs.append(parse(each))
        except ValueError as error:
            raise wire.BadMessageError(f"jobs[{number}]: {error}") from error
    return {"jobs": jobs.start(specs)}


def _cancel(jobs: Jobs, data: dict[str, Any]) -> Answer:
    by = data.get("by", "")
    if not isinstance(by, str):
        raise wire.BadMessageError("by: a text")
    for native_id in wire.texts(data, "ids"):
        jobs.cancel(native_id, by)
    return {}


def _forget(jobs: Jobs, data: dict[str, Any]) -> Answer:
    jobs.forget(wire.texts(data, "ids"))
    return {}
