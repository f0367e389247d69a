"""Which tests may use or break a part of a cluster now.

Tests run at the same time, in several processes. So whoever breaks a part of a cluster locks it first, and whoever
needs it whole holds it meanwhile: `using`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path


class Locks:
    """Files in a directory, one for each part, which processes lock."""

    def __init__(self, directory: Path, parts: Collection[str]) -> None:
        self.directory = directory
        self.parts = frozenset(parts)
        self._held: list[int] = []  # descriptors of locks that are this process's until it ends

    @contextlib.contextmanager
    def using(self, *parts: str, alone: Collection[str] = ()) -> Iterator[None]:
        """`parts` stay whole meanwhile, and nobody else uses those of `alone`.

        All are locked in one order: nobody waits in a ring.
        """
        assert {*parts, *alone} <= self.parts, (parts, alone)
        with contextlib.ExitStack() as stack:
            for part in sorted({*parts, *alone}):
                handle = self._open(part)
                stack.callback(os.close, handle)
                fcntl.flock(handle, fcntl.LOCK_EX if part in alone else fcntl.LOCK_SH)
            yield

    def own(self, names: Sequence[str]) -> str:
        """The first of these names that no other process has; it is this process's until it ends."""
        for name in names:
            handle = self._open(name)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
            else:
                self._held.append(handle)
                return name
        raise AssertionError(f"all {len(names)} of {names[0]}... are taken: more processes test at once than there are")

    def _open(self, name: str) -> int:
        self.directory.mkdir(exist_ok=True)
        return os.open(self.directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
