"""Whatever a client sends, the engine lives, answers every line, and serves the others."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abell import address
from tests.contract.site import LONG, Site
from tests.faults.load import CONFIG


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("protocol"), CONFIG)
    site.start()
    site.connect()
    site.run("true")
    yield site
    assert site.engine is not None and site.engine.process.poll() is None
    site.close()


class Line:
    """A client without manners."""

    def __init__(self, site: Site) -> None:
        where = address.read(site.root, "engine")
        assert where is not None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LONG)
        self._socket.connect(where.socket)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def replies(self, *lines: bytes) -> list[dict[str, Any]]:
        """One to each line; then `hello` still works."""
        self._socket.sendall(b"".join(line + b"\n" for line in lines) + b'{"id": "last", "op": "hello"}\n')
        found: list[dict[str, Any]] = []
        while (message := json.loads(self._lines.readline())).get("id") != "last":
            if "event" not in message:
                found.append(message)
        assert message["ok"]
        assert len(found) == len(lines), found
        return found


def is_error(reply: dict[str, Any]) -> bool:
    return reply["ok"] is False and bool(reply["error"]["message"]) and isinstance(reply["error"]["code"], str)


HOSTILE = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b'{"id": 1}',
    b'{"op": "hello"}',
    b'{"id": 1, "op": "nonsense"}',
    b'{"id": 1, "op": ["hello"]}',
    b'{"id": {}, "op": "hello"}',
    b'{"id": 1, "op": "hello"',
    b"[" * 100_000,
    b'{"id": 1, "op": "jobs", "ids": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"id": 1, "op": "jobs", "limit": ' + b"9" * 5000 + b"}",
    b'{"id": 1, "op": "jobs", "after": 99999999999999999999}',
    b'{"id": 1, "op": "jobs", "after": "x"}',
    b'{"id": 1, "op": "jobs", "limit": NaN}',
    b'{"id": 1, "op": "jobs", "states": 5}',
    b'{"id": 1, "op": "jobs", "states": [["running"]]}',
    b'{"id": 1, "op": "jobs", "states": ["nowhere"]}',
    b'{"id": 1, "op": "jobs", "user": "\\ud800"}',
    b'{"id": 1, "op": "job"}',
    b'{"id": 1, "op": "job", "job": -1}',
    b'{"id": 1, "op": "job", "job": 9223372036854775808}',
    b'{"id": 1, "op": "wait", "jobs": [null]}',
    b'{"id": 1, "op": "cancel", "jobs": "1"}',
    b'{"id": 1, "op": "submit"}',
    b'{"id": 1, "op": "submit", "jobs": [5]}',
    b'{"id": 1, "op": "submit", "jobs": [{}]}',
    b'{"id": 1, "op": "submit", "jobs": [{"command": "true"}], "token": 5}',
    b'{"id": 1, "op": "submit", "jobs": [{"command": "true"}], "token": "\\ud800"}',
    *(
        b'{"id": 1, "op": "submit", "jobs": [{"command": "true", ' + member + b"}]}"
        for member in (
            b'"name": 5',
            b'"name": "\\ud800"',
            b'"name": "\\udcff"',
            b'"env": [1]',
            b'"env": {"A": 5}',
            b'"env": {"A B": "x"}',
            b'"workdir": 5',
            b'"inputs": "x"',
            b'"inputs": [{}]',
            b'"outputs": [5]',
            b'"outputs": [{"name": "x"}]',
            b'"outputs": [{"name": "x", "path": 5}]',
            b'"outputs": [{"name": "x", "path": "relative"}]',
            b'"resources": 5',
            b'"resources": {"slots": "2"}',
            b'"resources": {"slots": true}',
            b'"resources": {"slots": 0}',
            b'"resources": {"gpus": 99999999999999999999}',
            b'"resources": {"unheard_of": 1}',
            b'"unheard_of": 1',
            b'"tool_classes": 5',
            b'"params": {"a": [1]}',
            b'"metadata": null',
            b'"destination": "nowhere"',
        )
    ),
    b'{"id": 1, "op": "submit", "jobs": [{"command": []}]}',
    b'{"id": 1, "op": "submit", "jobs": [{"command": [5]}]}',
    b'{"id": 1, "op": "submit", "jobs": [{"command": "a\\u0000b"}]}',
    b'{"id": 1, "op": "submit", "jobs": [{"command": "\\ud800"}]}',
]


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: repr(line[:70]))
def test_hostile(served: Site, line: bytes) -> None:
    with Line(served) as client:
        (reply,) = client.replies(line)
    assert is_error(reply), reply


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
# Never `stop`, and never a job that could run.
operations = st.sampled_from(["hello", "jobs", "job", "wait", "cancel", "submit"])
fields = st.fixed_dictionaries(
    {},
    optional={
        name: json_values | st.just([1]) | st.integers(0, 3)
        for name in ("ids", "states", "user", "after", "limit", "order", "only_endings", "token", "by")
    },
)
MEMBERS = (
    *("name", "user", "tool_id", "workdir", "resources", "env", "outputs"),
    *("inputs", "params", "metadata", "tool_classes", "search_path"),
)
requests = st.fixed_dictionaries(
    {"command": json_values, "destination": st.just("nowhere")}, optional=dict.fromkeys(MEMBERS, json_values)
)
messages = st.builds(
    lambda op, some, jobs, number: {
        "id": number,
        "op": op,
        **some,
        **({"jobs": jobs} if op == "submit" else {"jobs": some.get("ids"), "job": some.get("after")}),
    },
    operations,
    fields,
    st.lists(requests | json_values, max_size=2) | json_values,
    st.integers(0, 9) | json_values,
)
lines = (
    st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")).filter(lambda data: b"stop" not in data)
    | messages.map(lambda message: json.dumps(message).encode())
    | messages.map(lambda message: json.dumps(message).encode()[:-1])
)


@given(st.lists(lines, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything(served: Site, lines: list[bytes]) -> None:
    with Line(served) as client:
        for reply in client.replies(*lines):
            assert reply["ok"] is True or is_error(reply), reply


def test_a_client_that_asks_and_leaves(served: Site) -> None:
    """Fifty wait for a job and go; the engine keeps nothing of them."""
    gate = served.gate("left")
    job = served.submit(gate.wait)
    for _ in range(50):
        with Line(served) as client:
            client._socket.sendall(json.dumps({"id": 1, "op": "wait", "jobs": [job.id]}).encode() + b"\n")
            assert json.loads(client._lines.readline())["event"]["id"] == job.id
    gate.open()
    job.wait(LONG)
    assert job.ok


def test_names_that_are_not_utf8(served: Site) -> None:
    """A command, a path and a variable may be any bytes; so may what is said of them."""
    odd = "b\udcff"
    job = served.run(["printf", "%s", odd], env={"ODD": odd}, outputs={"text": served.work / odd})
    assert job.stdout.read_bytes() == b"b\xff"
    assert "b\\udcff" in job.message
    assert served.run("true").ok
