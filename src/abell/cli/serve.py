"""`abell serve`: the engine itself, in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from abell import machine
from abell.cli.session import named_config
from abell.client import last_config
from abell.client.connect import find
from abell.errors import AbellError, DisconnectedError
from abell.root import choose_root


@click.command()
@click.option("-c", "--config", metavar="FILE", help="A job_conf.yml, job_conf.xml or galaxy.yml.")
@click.option("--root", metavar="DIR", help="Abell's own directory.  [$ABELL_ROOT, else ~/.local/state/abell]")
@click.option("--transient", is_flag=True, hidden=True, help="Leave when idle: how a client starts an engine.")
def serve(config: str | None, root: str | None, transient: bool) -> int:
    """Run the engine in the foreground, until it is told to leave (SIGTERM, Ctrl-C or abell stop).

    \b
    Examples:
      abell serve -c /srv/galaxy/config/galaxy.yml
      abell serve -c job_conf.yml --root /srv/abell

    Nobody has to: the first job starts an engine, which leaves when it has nothing to do. A server stays, and its
    configuration is the one that everybody uses who names none. Jobs go on while it is restarted.
    """
    named = named_config(config)
    directory = choose_root(root, named)
    if not transient:
        _take_over(directory)
    try:
        last_config.remember(directory, named)
    except OSError as error:
        remedy = "choose a directory that you can write to, with --root DIR or ABELL_ROOT"
        raise AbellError(f"the root {directory} cannot be used: {error.strerror}", remedy) from error
    from abell.engine import serve as engine

    return engine.serve(directory, named, transient)


def _take_over(root: Path) -> None:
    """An engine that a client started makes way for a server; a server does not."""
    found = find(root)
    if found is None:
        return
    connection, hello = found
    with connection:
        if not hello.transient:
            who = f"process {hello.pid} on {machine.host()}"
            raise AbellError(f"a server ({who}) already runs for {root}", "abell stop ends it")
        try:
            connection.ask("stop", when="now")
            while True:
                connection.receive()  # until it is gone
        except DisconnectedError:
            return
