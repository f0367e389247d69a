"""What the server and the child say to each other: JSON objects, each after its length in four bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 16 << 20  # bytes of one frame
_LENGTH = struct.Struct("!I")


class NonsenseError(Exception):
    """The other side sent what is no frame."""


def pack(message: Mapping[str, Any]) -> bytes:
    """Raises ValueError for a message that is too long."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > LONGEST:
        raise ValueError(f"a message of {len(data)} bytes; at most {LONGEST} are possible")
    return _LENGTH.pack(len(data)) + data


class Frames:
    """What has come in so far."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The messages that are complete now. Raises NonsenseError."""
        self._data += data
        at = 0
        while len(self._data) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data, at)
            if length > LONGEST:
                raise NonsenseError(f"a frame of {length} bytes")
            end = at + _LENGTH.size + length
            if len(self._data) < end:
                break
            yield _message(bytes(self._data[at + _LENGTH.size : end]))
            at = end
        del self._data[:at]


def _message(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NonsenseError(f"not JSON: {data[:80]!r}") from error
    if not isinstance(message, dict):
        raise NonsenseError(f"not an object: {data[:80]!r}")
    return message
