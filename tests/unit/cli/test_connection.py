"""One connection, against a listener that behaves as it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from abell.client import wire
from abell.client.connection import Connection
from abell.errors import DisconnectedError, NoAnswerError, RefusedError


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen(0)
        yield listener


def answering(listener: socket.socket, *pieces: bytes) -> Connection:
    """A connection whose other end sends these pieces, one write each, and then no more."""
    connection = Connection(listener.getsockname())

    def answer() -> None:
        theirs, _ = listener.accept()
        with theirs:
            for piece in pieces:
                theirs.sendall(piece)
            theirs.shutdown(socket.SHUT_WR)
            while theirs.recv(65536):
                pass

    threading.Thread(target=answer).start()
    return connection


def test_a_full_queue_of_connections_is_waited_for(listener: socket.socket) -> None:
    first = Connection(listener.getsockname())  # fills the queue

    def accept_late() -> None:
        time.sleep(0.2)
        for _ in range(2):
            accepted.append(listener.accept()[0])

    accepted: list[socket.socket] = []
    acceptor = threading.Thread(target=accept_late)
    acceptor.start()
    with first, Connection(listener.getsockname()):
        acceptor.join(10)
    for theirs in accepted:
        theirs.close()


def test_nobody_accepts(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_WITHIN_S", 0.1)
    with Connection(listener.getsockname()), pytest.raises(NoAnswerError):
        Connection(listener.getsockname())


def test_nobody_answers(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_WITHIN_S", 0.1)
    with Connection(listener.getsockname()) as connection, pytest.raises(NoAnswerError):
        connection.ask("hello")


def test_messages_in_any_pieces(listener: socket.socket) -> None:
    pieces = [b'{"id"', b':7}\n{"id":8}\n{"i', b'd":9}\n', b'{"id":1,"ok":true}', b"\n"]
    with answering(listener, *pieces) as connection:
        assert [connection.receive()["id"] for _ in range(3)] == [7, 8, 9]
        assert connection.receive()["ok"] is True
        with pytest.raises(DisconnectedError):
            connection.receive()


def test_an_answer_that_comes_too_late_is_not_taken_for_another(listener: socket.socket) -> None:
    with answering(listener, b'{"id":0,"ok":true,"n":0}\n{"id":1,"ok":true,"n":1}\n') as connection:
        assert connection.ask("x")["n"] == 1


def test_a_large_message_takes_time_in_proportion(listener: socket.socket) -> None:
    line = b'{"id":1,"ok":true,"rows":"' + b"x" * 30_000_000 + b'"}\n'
    with answering(listener, line) as connection:
        assert len(connection.ask("x")["rows"]) == 30_000_000


@pytest.mark.parametrize("said", [b"not json\n", b"[1]\n", b"\xff\n", b"{\n", b'{"id":1', b""])
def test_what_is_no_message_ends_the_connection(listener: socket.socket, said: bytes) -> None:
    with answering(listener, said) as connection, pytest.raises(DisconnectedError):
        connection.ask("x")


def test_a_refusal_carries_code_message_and_hint(listener: socket.socket) -> None:
    said = b'{"id":1,"ok":false,"error":{"code":"rejected","message":"no","hint":"ask"}}\n'
    with answering(listener, said) as connection, pytest.raises(RefusedError) as caught:
        connection.ask("x")
    assert (caught.value.code, caught.value.message, caught.value.hint) == ("rejected", "no", "ask")
