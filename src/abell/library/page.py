"""A page of memory in which the child notes, before each call, which item it begins: it survives the child's death.

Notes cost nothing, unlike a message for each item, and what they say is certain once the child is dead: an item that is
not noted was never handed to the library.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from typing import NamedTuple

_NOTE = struct.Struct("=QQQd")  # how often it was written, question, index + 1, when it began
_COUNT = struct.Struct("=Q")


class Begun(NamedTuple):
    """An item under way. `question` 0 is the opening of the session."""

    question: int
    item: int  # its number in the question
    since: float  # time.monotonic(), which is the same for all processes of a machine


class Page:
    """One writer, one reader."""

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, mmap.PAGESIZE)
        self._written = 0

    @staticmethod
    def make() -> int:
        """A descriptor of a page that is nowhere on a disk."""
        descriptor = os.memfd_create("abell-library", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, mmap.PAGESIZE)
        return descriptor

    def begin(self, question: int, index: int) -> None:
        self._written += 1
        _NOTE.pack_into(self._map, 0, self._written, question, index + 1, time.monotonic())

    def end(self) -> None:
        self._written += 1
        _NOTE.pack_into(self._map, 0, self._written, 0, 0, 0.0)

    @property
    def begun(self) -> Begun | None:
        """Read again if it was written meanwhile; a reader that is not sure says None, and asks another time."""
        for _ in range(100):
            count, question, index, since = _NOTE.unpack_from(self._map)
            if _COUNT.unpack_from(self._map)[0] == count:
                return Begun(question, index - 1, since) if index else None
        return None

    @property
    def completed(self) -> int:
        """How many calls have come back."""
        return int(_COUNT.unpack_from(self._map)[0]) // 2

    def close(self) -> None:
        self._map.close()
