"""One engine a root also where locks do not reach: on a network file system two hosts may both get the same flock.

The engine of such a root rewrites `engine.beat` every second, in place, with its own random name and a number. One that
starts watches the beat for a while: if it changes, somebody lives. No two hosts' clocks are compared. The file is
opened anew for each look, because that is when a network file system asks the server (nfs(5), "close-to-open"), and
always has the same size, because sizes are cached for longer.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from abell.errors import AbellError
from abell.store.sqlite import Superseded

log = logging.getLogger(__name__)

EVERY_S = 1.0
SILENT_S = 6.0  # a beat that has not changed for so long is of an engine that is gone
SETTLE_S = 2.0  # two that begin at the same moment have seen each other by then
_LOOK_S = 0.25
_SIZE = 64  # bytes
_NOBODY = b"-".ljust(_SIZE - 1) + b"\n"


class BeatError(AbellError):
    """Another engine beats in this directory."""


class Beat:
    """The beat of one engine in one directory: `take` it, `keep` it up, `check` it before each act, `leave`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "engine.beat"
        self._name = secrets.token_hex(16).encode()
        self._count = 0
        self._leaving = threading.Event()
        self._keeper: threading.Thread | None = None

    def take(self) -> None:
        """Make sure that nobody beats, and begin. Takes SETTLE_S, after a crash SILENT_S more.

        Raises BeatError if somebody does, and OSError.
        """
        before = self._read()
        if before and before != _NOBODY:
            self._watch(before, SILENT_S)
        mine = self._write()
        self._watch(mine, SETTLE_S)

    def keep(self, lost: Callable[[], object]) -> None:
        """Beat from now on; `lost` is called, from another thread, if another engine takes over."""
        self._keeper = threading.Thread(target=self._keep, args=(lost,), name="beat", daemon=True)
        self._keeper.start()

    def check(self) -> None:
        """Raises Superseded if another engine has taken over since, and OSError if that cannot be told now."""
        if not self._read().startswith(self._name):
            raise Superseded(f"another engine has taken over {self.path.parent}", "this one stops, and changes nothing")

    def leave(self) -> None:
        """Nobody beats any more: the next engine need not wait. OSError if that cannot be written."""
        self._leaving.set()
        if self._keeper is not None:
            self._keeper.join(EVERY_S)
        if self._read().startswith(self._name):
            self._put(_NOBODY)

    def _keep(self, lost: Callable[[], object]) -> None:
        while not self._leaving.wait(EVERY_S):
            try:
                self.check()
                self._write()
            except Superseded:
                lost()
                return
            except OSError as error:
                log.warning("%s cannot be written: %s", self.path, error.strerror)

    def _watch(self, before: bytes, for_s: float) -> None:
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            time.sleep(_LOOK_S)  # no network file system tells of another host's writes
            if self._read() != before:
                raise BeatError(f"another engine serves {self.path.parent}: its beat goes on")

    def _read(self) -> bytes:
        file = self._open()
        try:
            return os.pread(file, _SIZE, 0)
        finally:
            os.close(file)

    def _write(self) -> bytes:
        self._count += 1
        mine = (self._name + b" %d" % self._count).ljust(_SIZE - 1) + b"\n"
        self._put(mine)
        return mine

    def _put(self, content: bytes) -> None:
        file = self._open()
        try:
            os.pwrite(file, content, 0)
            os.fsync(file)
        finally:
            os.close(file)

    def _open(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
