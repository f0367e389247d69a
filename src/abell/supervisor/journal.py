"""What must outlive this process: one JSON line per fact, appended before the fact has consequences.

Nothing is forced to the disk. A crash of this process loses no line that was written; a crash of the machine ends the
jobs as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Fact = Mapping[str, Any]
_COMPACT_AFTER = 1 << 20  # bytes appended since the last time


class Journal:
    """The file. `facts` are read once, at the start; from then on it is only written."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._pending: list[bytes] = []
        self._size = 0
        self._compacted = 0
        self._file = -1

    def facts(self) -> Iterator[Fact]:
        """Every fact, oldest first. A line that was torn by a crash is not one."""
        try:
            with open(self.path, "rb") as file:
                for line in file:
                    try:
                        fact = json.loads(line) if line.endswith(b"\n") else None
                    except (ValueError, RecursionError):
                        continue
                    if isinstance(fact, dict):
                        yield fact
        except FileNotFoundError:
            pass

    def rewrite(self, facts: Iterable[Fact]) -> None:
        """Replace the file by these facts alone. Raises OSError and then leaves the old one as it was."""
        draft = f"{self.path}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            size = 0
            for fact in facts:
                line = _line(fact)
                _write_all(descriptor, line)
                size += len(line)
            os.replace(draft, self.path)
        except OSError:
            os.close(descriptor)
            os.unlink(draft)
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self._compacted = descriptor, size, size
        self._pending.clear()

    def reopen(self) -> None:
        """Go on with the old file, less a torn last line: for when the disk is too full to write a new one."""
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with open(self.path, "rb") as file:
            self._size = file.read().rfind(b"\n") + 1
        os.ftruncate(self._file, self._size)

    def note(self, fact: Fact) -> None:
        """Append with the next `commit`."""
        self._pending.append(_line(fact))

    def commit(self) -> str:
        """Append what was noted: all of it or nothing. Empty, or why it could not be; it stays noted then."""
        if not self._pending:
            return ""
        data = b"".join(self._pending)
        try:
            _write_all(self._file, data)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            return f"{self.path}: {error.strerror}"
        self._size += len(data)
        self._pending.clear()
        return ""

    def take_back(self, count: int) -> None:
        """Forget the last `count` facts that were noted and could not be committed."""
        del self._pending[-count:]

    @property
    def owes(self) -> bool:
        return bool(self._pending)

    @property
    def wants_rewriting(self) -> bool:
        return self._size - self._compacted > max(_COMPACT_AFTER, 2 * self._compacted)


def _line(fact: Fact) -> bytes:
    return json.dumps(fact, separators=(",", ":")).encode() + b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
