"""The process that loads a DRM's library: questions come by a socket, answers are streamed.

One thread calls the library. Urgent items (submit, end) go before those of a look; so at most one call is waited for.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from abell.library.confine import confine
from abell.library.drmaa import Drmaa, DrmaaError
from abell.library.frames import Frames, pack
from abell.library.journal import Journal
from abell.library.page import Page
from abell.library.work import Work

FLUSH_S = 0.05  # answers to a look wait so long for more
_PR_SET_PDEATHSIG = 1
_PIECE = 1 << 18


class Child:
    """`serve` never returns."""

    def __init__(self, server: socket.socket, page: Page, journal: Journal) -> None:
        self._server, self._page, self._journal = server, page, journal
        self._frames = Frames()
        self._urgent: deque[tuple[int, int, str, Any]] = deque()  # question, index, verb, item
        self._looks: deque[tuple[int, int, str, Any]] = deque()
        self._lock = threading.Lock()  # of the socket, the journal and what follows
        self._answers: list[tuple[int, int, Mapping[str, Any]]] = []
        self._owing = threading.Event()
        self._most_memory = 0
        self._weigh_at = 0.0
        self._trouble = ""

    def serve(self) -> None:
        start = self._first()
        why_open = confine(start["hidden"], start["kept"]) if start["hidden"] else ""
        try:
            self._work = Work(Drmaa(start["library"]), self._journal, self._lock)
        except OSError as error:
            self._fail("load", "", str(error))
        try:
            told = self._work.open(start["contact"])
        except DrmaaError as error:
            self._fail("init", error.name, error.text)
        if why_open:
            told["notes"].append(f"the library is not kept from reading {start['hidden'][0]}: {why_open}")
        self._most_memory = _memory() + start["memory"]
        threading.Thread(target=self._flush_in_time, daemon=True).start()
        self._send({"opened": told})
        while True:
            self._listen()
            self._next()

    def _first(self) -> dict[str, Any]:
        while True:
            select.select([self._server], [], [])
            for message in self._received():
                return message

    def _fail(self, stage: str, name: str, text: str) -> None:
        self._send({"failed": {"stage": stage, "error": name, "text": text}})
        os._exit(0)

    def _listen(self) -> None:
        """Take what has come; wait for it if there is nothing to do."""
        if not self._urgent and not self._looks:
            self._flush()
            select.select([self._server], [], [])
        for message in self._received():
            self._take(message)

    def _received(self) -> list[dict[str, Any]]:
        try:
            data = self._server.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        if not data:
            os._exit(0)  # the server has gone
        return list(self._frames.feed(data))

    def _take(self, message: dict[str, Any]) -> None:
        number, verb = message["n"], message["verb"]
        match verb:
            case "submit" | "end" | "look":
                queue = self._looks if verb == "look" else self._urgent
                queue.extend((number, index, verb, item) for index, item in message["items"])
            case "drop":
                for queue in (self._looks, self._urgent):
                    kept = [each for each in queue if each[0] != message["question"]]
                    queue.clear()
                    queue.extend(kept)
                self._send({"done": number})
            case "forget":
                with self._lock:
                    self._journal.forget(message["ids"])
                self._send({"done": number})
            case "ping":
                self._send({"done": number})
            case "close":
                self._leave()

    def _next(self) -> None:
        queue = self._urgent or self._looks
        if not queue:
            return
        number, index, verb, item = queue.popleft()
        self._page.begin(number, index)
        answer = self._work.do(verb, item)
        with self._lock:
            self._answers.append((number, index, answer))
        if verb == "look":
            self._owing.set()
        else:
            self._flush()  # before the note is gone: what is neither noted nor answered was never begun
        self._page.end()
        self._watch_memory()

    def _watch_memory(self) -> None:
        """Libraries leak. This process is replaced while nothing is under way, before the machine suffers."""
        if time.monotonic() < self._weigh_at:
            return
        self._weigh_at = time.monotonic() + FLUSH_S
        if (memory := _memory()) > self._most_memory:
            self._send({"leaving": f"its memory has grown to {memory >> 20} MiB"})
            self._leave()

    def _leave(self) -> None:
        self._flush()
        self._work.close()
        os._exit(0)  # and not exit(), which would run what the library registered

    def _flush_in_time(self) -> None:
        """Also while the library is being asked: who waits for a slow item gets what came before it."""
        while self._owing.wait():
            time.sleep(FLUSH_S)
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            self._owing.clear()
            if self._answers:
                self._journal.sync()
                answers, self._answers = self._answers, []
                self._send_answers(answers)
            if self._journal.trouble != self._trouble:
                self._trouble = self._journal.trouble
                self._server.sendall(pack({"log": self._trouble}))

    def _send_answers(self, answers: list[tuple[int, int, Mapping[str, Any]]]) -> None:
        """In as few messages as may be; an answer that is too long by itself is an error."""
        try:
            data = pack({"answers": answers})
        except ValueError as error:
            half = len(answers) // 2
            if half:
                self._send_answers(answers[:half])
                self._send_answers(answers[half:])
                return
            number, index, _ = answers[0]
            data = pack({"answers": [(number, index, {"error": "INTERNAL_ERROR", "text": str(error)})]})
        self._server.sendall(data)

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            self._server.sendall(pack(message))


def main() -> None:
    """Arguments: this package's place, the server's process id, descriptors: socket, page, two of the journal."""
    parent, *descriptors = map(int, sys.argv[2:])
    _leash(parent)
    os.environ.pop("LD_PRELOAD", None)  # it has served; a job that gets this environment shall not have it
    peer, page, first, second = descriptors
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    server = socket.socket(fileno=peer)
    noted = Page(page)
    os.close(page)  # mapped
    try:
        Child(server, noted, Journal((first, second))).serve()
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the server has gone
    except OSError as error:  # the library has closed what is not its own
        print(f"the connection to the server is lost: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(70)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(70)


def _leash(parent: int) -> None:
    """End with the server; be the first that the kernel ends when memory is short; leave no core files."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass


def _memory() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
