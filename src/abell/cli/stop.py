"""`abell stop`: the engine leaves."""

from __future__ import annotations

import json

import click

from abell.cli.options import engine_options
from abell.cli.session import named_config
from abell.client.connect import find
from abell.errors import DisconnectedError
from abell.root import choose_root


@click.command()
@click.option("--when-idle", is_flag=True, help="Only when no job is left; until then it goes on.")
@engine_options
def stop(when_idle: bool, root: str | None, config: str | None, as_json: bool) -> None:
    """Ask the engine to leave.

    \b
    Examples:
      abell stop
      abell stop --when-idle

    Jobs that run go on; the next engine takes them up again. Nothing is started only to be stopped.
    """
    directory = choose_root(root, named_config(config))
    found = find(directory)
    if found is None:
        print(json.dumps({"stopped": None}) if as_json else f"no engine runs for {directory}")
        return
    connection, hello = found
    with connection:
        try:
            connection.ask("stop", when="idle" if when_idle else "now")
            while not when_idle:
                connection.receive()  # until it is gone
        except DisconnectedError:
            pass
    if as_json:
        print(json.dumps({"stopped": hello.pid, "when": "idle" if when_idle else "now"}))
    else:
        print(f"process {hello.pid} {'leaves when its jobs have ended' if when_idle else 'has left'}")
