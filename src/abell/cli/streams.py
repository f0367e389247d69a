"""Copies what a job writes to our own descriptors, byte for byte, while it writes it."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable

_CHUNK = 1 << 18
_AT_ONCE = 1 << 24  # bytes; a job that writes faster than we can must not keep us from hearing that it ended


class Stream:
    """One file that grows, and where its bytes go."""

    def __init__(self, sink: int) -> None:
        self.written = 0  # bytes, over all files
        self.before_first: Callable[[], None] = lambda: None  # called before anything is written
        self._sink = sink
        self._path: str | None = None
        self._attempt = 0
        self._file: int | None = None
        self._offset = 0

    def follow(self, path: str | None, attempt: int) -> None:
        """Go on with this file: from its start for another attempt, from where we are if it was only moved."""
        if (path, attempt) == (self._path, self._attempt):
            return
        self.copy_rest()
        self.close()
        if attempt != self._attempt:
            self._offset = 0
        self._path, self._attempt = path, attempt

    def copy(self) -> int:
        """What there is now, at most some megabytes; the number of bytes. The file may not exist yet."""
        if self._file is None:
            self._file = _open(self._path)
        if self._file is None:
            return 0
        if os.fstat(self._file).st_size < self._offset:
            self._offset = 0  # the cluster has started the job again
        copied = 0
        while copied < _AT_ONCE and (data := os.pread(self._file, _CHUNK, self._offset)):
            if self.written + copied == 0:
                self.before_first()
            _write_all(self._sink, data)
            self._offset += len(data)
            copied += len(data)
        self.written += copied
        return copied

    def copy_rest(self) -> None:
        while self.copy():
            pass

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _open(path: str | None) -> int | None:
    """Only a regular file, and no link: the job's user owns the directory, and may put anything there."""
    if path is None:
        return None
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # not there yet, or not for us
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    return None


def _write_all(sink: int, data: bytes) -> None:
    """Also to a descriptor that somebody has made non-blocking. Raises BrokenPipeError."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(sink, left) :]
        except BlockingIOError:
            select.select([], [sink], [])
