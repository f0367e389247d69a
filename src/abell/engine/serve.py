"""The engine as a process: the root and its lock, the database, the socket, signals, and leaving when idle."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from abell import __version__, address
from abell.board import Board
from abell.config import ConfigurationError, load
from abell.config.model import Configuration
from abell.engine.server import Server
from abell.flow import Engine
from abell.hosts.supervisor import SupervisorPeer
from abell.prepare import Layout
from abell.store import statements as st
from abell.store.sqlite import Database, StoreError, Superseded, path_of

log = logging.getLogger(__name__)

IDLE_S = 60.0  # a transient engine with nothing to do and nobody to serve leaves after this
FAILED = 125  # exit code: Abell itself failed, see cli/exit_codes.py


class RootError(Exception):
    """The root cannot be used; the text says why, and a remedy."""


def serve(root: Path, config: str | None, transient: bool = False) -> int:
    """Serve this root until told to leave; the process's exit code. Messages go to standard error."""
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    try:
        configuration = load(config).configuration
        if configuration.settings.umask is not None:
            os.umask(configuration.settings.umask)
        prepare_root(root)
        with RootLock(root):
            asyncio.run(_serve(root, configuration, transient))
    except (ConfigurationError, RootError, StoreError, address.AddressError) as error:
        print(f"abell: {error}", file=sys.stderr)
        return FAILED
    except Superseded as error:
        print(f"abell: {error}; this engine stops, and has changed nothing since", file=sys.stderr)
        return FAILED
    return 0


def prepare_root(root: Path) -> None:
    """Make the root if it is absent, and make sure that it can be written."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = root / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RootError(
            f"the root {root} cannot be used: {error.strerror} "
            "(remedy: make it writable for this user, free some space, or choose another with --root or $ABELL_ROOT)"
        ) from error


class RootLock:
    """One engine a root: an flock that ends with the process, however it ends."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> None:
        self._fd = os.open(self._root / "engine.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        patience = time.monotonic() + 3.0  # an engine that is just leaving
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > patience:
                    raise RootError(self._who()) from None
                time.sleep(0.05)  # flock(2) can be waited for only without a limit

    def _who(self) -> str:
        here = address.read(self._root, "engine")
        who = f"process {here.pid} on {here.host}" if here else "another process"
        return (
            f"the root {self._root} is served by {who} already "
            "(remedy: use that server, stop it with `abell stop`, or choose another root with --root)"
        )

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


async def _serve(root: Path, configuration: Configuration, transient: bool) -> None:
    settings = configuration.settings
    layout = Layout.of(root, settings)
    layout.make()
    database = Database(path_of(settings.database_connection, root))
    database.take_over()
    supervisor: SupervisorPeer
    server: Server

    if settings.new_file_path is not None:
        os.environ["TMPDIR"] = str(settings.new_file_path)
    board = Board(
        database,
        configuration,
        layout,
        environment=dict(os.environ),
        peers={"supervisor": lambda want: supervisor.ask(want)},
    )
    engine = Engine(board, changed=lambda ids: server.changed(ids))
    supervisor = SupervisorPeer(
        root,
        on_event=lambda message: engine.heard("local", [message]),
        on_reconnect=lambda: engine.poll_soon("local"),
    )
    about: dict[str, Any] = {
        "version": __version__,
        "pid": os.getpid(),
        "root": str(root),
        "epoch": database.epoch,
        "config": configuration.source,
        "config_digest": configuration.digest,
        "transient": transient,
    }
    server = Server(engine, about)
    path = Path(address.socket_path(root, "engine"))
    door = await server.listen(path)
    mine = address.publish(root, "engine", str(path))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, engine.leave)
    idle = loop.create_task(_leave_when_idle(engine, server)) if transient else None
    log.info("engine %s of %s serves (epoch %d, process %d)", __version__, root, database.epoch, os.getpid())
    try:
        await engine.run()
    finally:
        address.withdraw(root, "engine", mine)
        door.close()
        if idle:
            idle.cancel()
        await supervisor.close()
        database.close()
    log.info("engine leaves; jobs that run go on")


async def _leave_when_idle(engine: Engine, server: Server) -> None:
    """A transient engine leaves when no job is live and no client is connected for a while."""
    while True:
        await asyncio.sleep(IDLE_S / 4)
        busy = bool(server.clients or sum(st.counts(engine.database.reader).values()))
        if not busy and time.monotonic() - server.quiet_since > IDLE_S:
            engine.leave()
            return
