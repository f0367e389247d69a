"""The server of a root, if one runs: what it says of itself, and what holds up its jobs. None is started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from abell.backends.contract import Finding
from abell.client.connect import Hello, find
from abell.config.model import Configuration
from abell.errors import AbellError


@dataclass(frozen=True, slots=True)
class Server:
    """`hello` is None where none runs, and where one does not answer: `trouble` says so."""

    hello: Hello | None = None
    notices: tuple[str, ...] = ()
    trouble: AbellError | None = None


def server(root: Path) -> Server:
    try:
        found = find(root)
        if found is None:
            return Server()
        connection, hello = found
        with connection:
            return Server(hello, tuple(connection.ask("jobs", limit=1).get("notices", ())))
    except AbellError as error:
        return Server(trouble=error)


def findings(server: Server, configuration: Configuration) -> Iterator[Finding]:
    """`configuration`: the one that is examined."""
    if server.trouble:
        yield Finding(False, server.trouble.message, server.trouble.hint)
        return
    if server.hello is None:
        yield Finding(True, "no server runs; the first job starts one")
        return
    hello, named = server.hello, server.hello.config or "the built-in configuration"
    text = f"a server runs (process {hello.pid}) with {named}"
    if hello.config != configuration.source:
        remedy = (
            "" if hello.transient else "restart it with the configuration that is examined here, if that shall count"
        )
        yield Finding(True, text, remedy)
    elif hello.config_digest != configuration.digest:
        remedy = "wait until it is idle" if hello.transient else "restart it: until then the older version counts"
        yield Finding(False, f"{text}, which has changed since", remedy)
    else:
        yield Finding(True, text)
    for notice in server.notices:
        yield Finding(False, notice, "abell ps shows the jobs that wait for it")
