"""Endings that the library has told and will not tell again: `drmaa_wait` consumes its answer.

Two files, given as descriptors, because this process cannot open them. One is appended to. When it has grown, what is
still wanted is written to the other, which counts once it is complete: its first line says how much there has to be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

_COMPACT_AFTER = 1 << 20  # bytes
_MOST = 50_000  # endings; nobody has fetched the oldest of so many
Ending = Mapping[str, Any]


class Journal:
    """`endings` by job id. `trouble`: why they could not be written, if so."""

    def __init__(self, descriptors: tuple[int, int], compact_after: int = _COMPACT_AFTER) -> None:
        self._compact_after = compact_after
        self.trouble = ""
        self.endings: dict[str, Ending] = {}
        found = [(_read(descriptor), descriptor) for descriptor in descriptors]
        (self._generation, self.endings), self._file = max(found, key=lambda each: each[0][0])
        self._other = sum(descriptors) - self._file
        self._dirty = False
        self._compacted = 0
        self._rewrite()

    def note(self, native_id: str, ending: Ending) -> None:
        """Out of this process's hands at once; `sync` before anybody is told."""
        self.endings[native_id] = ending
        self._append({"id": native_id, "ending": ending})

    def forget(self, ids: Iterable[str]) -> None:
        known = [each for each in ids if self.endings.pop(each, None) is not None]
        if known:
            self._append({"forget": known})

    def sync(self) -> None:
        """What was noted is on the disk."""
        if self._dirty:
            self._dirty = False
            try:
                os.fsync(self._file)
            except OSError as error:
                self.trouble = f"the journal of endings: {error.strerror}"

    def _append(self, fact: Mapping[str, Any]) -> None:
        try:
            _write_all(self._file, _line(fact))
            self._dirty = True
            if os.fstat(self._file).st_size > self._compacted * 2 + self._compact_after:
                self._rewrite()
        except OSError as error:
            self.trouble = f"the journal of endings: {error.strerror}"

    def _rewrite(self) -> None:
        while len(self.endings) > _MOST:
            del self.endings[next(iter(self.endings))]
        lines = [_line({"id": native_id, "ending": ending}) for native_id, ending in self.endings.items()]
        head = _line({"generation": self._generation + 1, "endings": len(lines)})
        data = b"".join([head, *lines])
        try:
            os.ftruncate(self._other, 0)
            _write_all(self._other, data)
            os.fsync(self._other)
        except OSError as error:
            self.trouble = f"the journal of endings: {error.strerror}"
            self._compacted = os.fstat(self._file).st_size  # tried again when there is much more
            return
        self._file, self._other = self._other, self._file
        self._generation += 1
        self._compacted = len(data)
        self._dirty = False


def _read(descriptor: int) -> tuple[int, dict[str, Ending]]:
    """(generation, endings) of a file; generation 0 for one that is not complete. A torn last line is nothing."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        facts = [_fact(line) for line in file]
    head = facts[0] if facts else {}
    generation, count = head.get("generation"), head.get("endings")
    if not isinstance(generation, int) or not isinstance(count, int) or not all(facts[: count + 1]):
        return 0, {}
    if len(facts) <= count:
        return 0, {}
    endings: dict[str, Ending] = {}
    for fact in facts[1:]:
        if "id" in fact:
            endings[fact["id"]] = fact["ending"]
        for native_id in fact.get("forget", ()):
            endings.pop(native_id, None)
    return generation, endings


def _fact(line: bytes) -> dict[str, Any]:
    try:
        fact = json.loads(line) if line.endswith(b"\n") else {}
    except (ValueError, RecursionError):
        return {}
    return fact if isinstance(fact, dict) else {}


def _line(fact: Mapping[str, Any]) -> bytes:
    return json.dumps(fact, separators=(",", ":")).encode() + b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
