"""One client's connection: lines in, lines out, neither without bound, and never waiting for the client."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

LONGEST_LINE = 16 << 20  # bytes
MOST_UNSENT = 16 << 20  # bytes; a client that reads slower is cut off, and asks again when it is back
_PIECE = 1 << 18


class BadMessageError(Exception):
    """Not a request. `number` is the id to answer to, if that much could be read."""

    def __init__(self, text: str, number: object = None) -> None:
        super().__init__(text)
        self.number = number


class Connection:
    """A client. `closed` says that there is nothing more to be had of it."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self.peer = peer
        self.closed = False
        self.subscribed = False
        self._in = bytearray()
        self._out = bytearray()

    def receive(self) -> list[bytes]:
        """The lines that have come in complete."""
        try:
            data = self.peer.recv(_PIECE)
        except BlockingIOError:
            return []
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
        self._in += data
        if b"\n" not in data:
            self.closed = self.closed or len(self._in) > LONGEST_LINE
            return []
        *lines, rest = self._in.split(b"\n")
        self._in = rest
        return [bytes(line) for line in lines]

    def say(self, message: Mapping[str, Any]) -> None:
        """Queue a line; `flush` sends it."""
        if not self.closed:
            self._out += json.dumps(message, separators=(",", ":")).encode()
            self._out += b"\n"

    @property
    def unsent(self) -> bool:
        return bool(self._out)

    def flush(self) -> None:
        """Send what the client takes now."""
        while self._out and not self.closed:
            try:
                sent = self.peer.send(self._out)
            except BlockingIOError:
                self.closed = len(self._out) > MOST_UNSENT
                return
            except ConnectionError:
                self.closed = True
                return
            del self._out[:sent]


def parse(line: bytes) -> tuple[Any, str, dict[str, Any]]:
    """(id, verb, data) of a request. Raises BadMessageError."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadMessageError("not JSON") from error
    if not isinstance(message, dict):
        raise BadMessageError("a request is an object")
    number, verb, data = message.get("id"), message.get("verb"), message.get("data", {})
    if not isinstance(number, int | str):
        raise BadMessageError("id: a number or a text")
    if not isinstance(verb, str):
        raise BadMessageError("verb: a text", number)
    if not isinstance(data, dict):
        raise BadMessageError("data: an object", number)
    return number, verb, data


def texts(data: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts in a request. Raises BadMessageError."""
    value = data.get(name)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadMessageError(f"{name}: a list of texts")
    return value
