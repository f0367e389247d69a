"""What clients may send, and what they may not."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell import address
from abell.supervisor import spec, wire

from .harness import Supervised, soon

HOSTILE = [
    b"garbage",
    b"\xff\xfe\x00",
    b"",
    b"[]",
    b"17",
    b'{"id":1}',
    b'{"id":null,"verb":"hello"}',
    b'{"id":[],"verb":"hello"}',
    b'{"id":1,"verb":{}}',
    b'{"id":1,"verb":"__init__"}',
    b'{"id":1,"verb":"start","data":[]}',
    b'{"id":1,"verb":"start","data":{"jobs":{}}}',
    b'{"id":1,"verb":"start","data":{"jobs":[1]}}',
    b'{"id":1,"verb":"status","data":{"ids":"x"}}',
    b'{"id":1,"verb":"status","data":{"ids":[1]}}',
    b'{"id":1,"verb":"cancel","data":{"ids":[],"by":7}}',
    b'{"id":1,"verb":"find","data":{}}',
    b'{"id":1,"verb":"forget","data":{"ids":[null]}}',
    b'{"id":' + b"9" * 5000 + b',"verb":"hello"}',
    b"[" * 100_000,
]

BAD_JOBS: list[dict[str, Any]] = [
    {"key": ""},
    {"key": "../x"},
    {"key": 3},
    {"argv": []},
    {"argv": "ls"},
    {"argv": ["a\0b"]},
    {"argv": ["\ud800"]},
    {"argv": [""]},
    {"cwd": "relative"},
    {"env": {"A=B": "c"}},
    {"env": {"": "c"}},
    {"env": {"A": 1}},
    {"env": []},
    {"stdout": "here"},
    {"workers": 0},
    {"workers": True},
    {"workers": 1.5},
    {"cores": "many"},
    {"slots": -1},
    {"memory_mb": 0},
    {"walltime_s": "1h"},
    {"walltime_s": 1 << 80},
    {"kill_grace_s": -1},
    {"kill_grace_s": float("nan")},
    {"surprise": 1},
]


def test_hostile_lines_are_answered_and_harm_nobody(supervised: Supervised) -> None:
    good = supervised.up().client()
    (running,) = good.start(supervised.job("a0", "while ! [ -e go ]; do sleep 0.05; done"))
    bad = supervised.client(subscribe=False)
    for line in HOSTILE:
        bad.send(line)
        answer = bad.answer()
        assert answer["ok"] is False and answer["error"], line
    assert good.status(running)["word"] == "running"
    (supervised.root / "go").touch()
    assert good.ended("a0")["word"] == "done"


@pytest.mark.parametrize("wrong", BAD_JOBS, ids=str)
def test_a_wrong_job_is_not_a_job(wrong: dict[str, Any]) -> None:
    right = Supervised.job(_Fake(), "k", "exit 0")  # type: ignore[arg-type]
    assert spec.parse(right).key == "k"
    with pytest.raises(ValueError, match=next(iter(wrong)) if "surprise" not in wrong else "surprise"):
        spec.parse({**right, **wrong})


class _Fake:
    root = "/tmp"


def test_one_wrong_job_starts_none_of_its_message(supervised: Supervised) -> None:
    client = supervised.up().client()
    jobs = [supervised.job("a0", "exit 0"), supervised.job("a1", "exit 0", slots=0)]
    client.send(json.dumps({"id": "x", "verb": "start", "data": {"jobs": jobs}}).encode())
    answer = client.answer()
    assert answer == {"id": "x", "ok": False, "error": "jobs[1]: slots: a whole number from 1"}
    assert client.ask("find", keys=["a0", "a1"])["ids"] == {}


def test_an_endless_line_ends_the_connection(supervised: Supervised) -> None:
    good = supervised.up().client()
    bad = supervised.client(subscribe=False)
    with pytest.raises(ConnectionError):
        for _ in range(40):
            bad.socket.sendall(b"x" * (1 << 20))
        bad.read()
    assert good.ask("find", keys=[]) == {"ids": {}}


def test_who_does_not_read_is_cut_off_and_holds_nobody_up(supervised: Supervised) -> None:
    client = supervised.up().client()
    deaf = supervised.client(subscribe=False)
    ids = [f"vm:00000000:{'x' * 80}{n}" for n in range(20_000)]
    line = json.dumps({"id": 1, "verb": "status", "data": {"ids": ids}}).encode() + b"\n"
    with pytest.raises(ConnectionError):
        for _ in range(20):
            deaf.socket.sendall(line)
    client.start(supervised.job("a0", "exit 0"))
    assert client.ended("a0")["word"] == "done"


def test_two_clients_both_learn(supervised: Supervised) -> None:
    first, second = supervised.up().client(), supervised.client()
    mute = supervised.client(subscribe=False)
    first.start(supervised.job("a0", "exit 3"))
    assert first.ended("a0") == second.ended("a0")
    mute.ask("find", keys=[])
    assert mute.events == []


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_another_user_is_turned_away(supervised: Supervised) -> None:
    supervised.up()
    found = address.read(supervised.root, "supervisor")
    assert found is not None
    where = Path(found.socket)
    assert stat.S_IMODE(where.parent.stat().st_mode) == 0o700
    code = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "os.setresuid(65534, 65534, 65534)\n"
        "try: s.connect(sys.argv[1] + '/' + sys.argv[2])\n"
        "except PermissionError: print('kept out')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(where.parent), where.name], capture_output=True, text=True)
    assert done.stdout == "kept out\n", done.stderr


def test_peers_of_the_same_user_are_let_in() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        address.check_peer(ours)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(line: bytes) -> None:
    try:
        _, verb, data = wire.parse(line)
    except wire.BadMessageError:
        return
    assert isinstance(verb, str) and isinstance(data, dict)


@given(
    st.dictionaries(
        st.sampled_from(sorted(spec.Spec.__dataclass_fields__)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text("a/=\0\ud800", max_size=3),
            lambda inner: st.lists(inner, max_size=2),
            max_leaves=3,
        ),
    )
)
def test_no_job_breaks_the_check(said: dict[str, Any]) -> None:
    try:
        assert spec.parse(said).argv
    except ValueError as error:
        assert str(error)


def test_nothing_left_open(supervised: Supervised) -> None:
    client = supervised.up().client()
    assert supervised.process is not None
    descriptors = Path(f"/proc/{supervised.process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    for n in range(20):
        extra = supervised.client()
        extra.start(supervised.job(f"a{n}", "exit 0"))
        extra.ended(f"a{n}")
        extra.socket.close()
    client.ask("find", keys=[])
    soon(lambda: len(list(descriptors.iterdir())) == before)


def test_too_many_clients_are_turned_away(supervised: Supervised) -> None:
    client = supervised.up().client()
    with pytest.raises(ConnectionError):
        for _ in range(120):
            supervised.client()
    assert client.ask("find", keys=[]) == {"ids": {}}


def test_a_removed_socket_is_made_again(supervised: Supervised) -> None:
    client = supervised.up("--idle-seconds", "60").client()
    client.start(supervised.job("a0", "while ! [ -e go ]; do sleep 0.05; done"))
    client.running("a0")
    found = address.read(supervised.root, "supervisor")
    assert found is not None
    client.socket.close()
    Path(found.socket).unlink()
    soon(Path(found.socket).exists)
    soon(lambda: supervised.client().ask("find", keys=["a0"])["ids"] != {})
