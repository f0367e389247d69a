"""One connection to an engine: requests go out, replies and events come in. No policy."""

from __future__ import annotations

import select
import socket
import struct
from collections import deque
from typing import Any

from abell import address
from abell.client import wire
from abell.errors import DisconnectedError, NoAnswerError


class Connection:
    """Of one thread at a time. Whoever reads events must not `ask` on the same connection."""

    def __init__(self, path: str) -> None:
        """Raises OSError where nobody listens, NoAnswerError where nobody accepts, AddressError where a stranger does.

        Blocking, with the kernel's own time limit: a socket with Python's would be told EAGAIN at once while a
        crowd of other clients fills the queue of connections (connect(2)).
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            whole, part = divmod(wire.ANSWER_WITHIN_S, 1)
            limit = struct.pack("ll", int(whole), int(part * 1_000_000))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            self._socket.connect(path)
            self._socket.settimeout(wire.ANSWER_WITHIN_S)
            address.check_peer(self._socket)
        except BlockingIOError as error:
            self._socket.close()
            raise _no_answer() from error
        except BaseException:
            self._socket.close()
            raise
        self._lines: deque[bytes] = deque()  # received, not read yet
        self._partial: list[bytes] = []  # of the line after them
        self._number = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def detach(self) -> socket.socket:
        """The socket, for somebody else to read and close. Only between two questions, when nothing is under way."""
        return self._socket

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, op: str, **fields: Any) -> int:
        """The number under which the answer comes. Raises DisconnectedError."""
        self._number += 1
        try:
            self._socket.sendall(wire.encode(self._number, op, fields))
        except OSError as error:
            raise DisconnectedError(f"the connection to the engine was lost: {error.strerror or error}") from error
        return self._number

    def receive(self) -> dict[str, Any]:
        """The next message. Raises DisconnectedError when there will be none, or none in time."""
        while not self._lines:
            try:
                data = self._socket.recv(1 << 18)
            except TimeoutError as error:
                raise _no_answer() from error
            except OSError as error:
                raise DisconnectedError(f"the connection to the engine was lost: {error.strerror or error}") from error
            if not data:
                raise DisconnectedError("the connection to the engine was lost")
            self._take(data)
        return wire.decode(self._lines.popleft())

    def _take(self, data: bytes) -> None:
        end, newline, rest = data.partition(b"\n")
        self._partial.append(end)
        if newline:
            *whole, begun = rest.split(b"\n")
            self._lines.append(b"".join(self._partial))
            self._lines.extend(whole)
            self._partial = [begun]

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """The engine's answer. Raises RefusedError or DisconnectedError."""
        number = self.send(op, **fields)
        while (message := self.receive()).get("id") != number:
            pass  # the answer to an earlier request that was given up
        return wire.answer(message)

    def ready(self, timeout: float | None, wake: int | None = None) -> bool:
        """Wait until a message can be received, `wake` becomes readable, or the time (seconds) is over."""
        if self._lines:
            return True
        poll = select.poll()  # not select(), which cannot watch descriptors from 1024 on
        for descriptor in (self.fileno(), wake):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        return any(
            descriptor == self.fileno() for descriptor, _ in poll.poll(None if timeout is None else timeout * 1000)
        )


def _no_answer() -> NoAnswerError:
    return NoAnswerError(f"the engine has not answered for {wire.ANSWER_WITHIN_S:.0f} s")
