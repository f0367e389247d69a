"""The engine's parts put together: database, board, flow, socket, signals, and leaving when idle."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from abell import __version__, address, configured
from abell.config.model import Configuration
from abell.engine.beat import Beat
from abell.engine.board import Board
from abell.engine.flow import Engine
from abell.engine.prepare import Layout
from abell.engine.server import Server
from abell.errors import AbellError
from abell.hosts.lazy_libraries import Libraries
from abell.hosts.supervisor import SupervisorPeer
from abell.passing import trouble
from abell.store import statements as st
from abell.store.sqlite import Database, StoreError, path_of, remedy
from abell.supervisor.launch import Launch

log = logging.getLogger(__name__)

IDLE_S = 60.0  # a transient engine with nothing to do and nobody to serve leaves after this


def run(root: Path, config: str | None, transient: bool, launched: Launch | None, beat: Beat | None) -> None:
    """Serve this root, whose lock and beat the caller holds, until told to leave. Raises AbellError."""
    configuration = configured.load(config)
    if configuration.settings.umask is not None:
        os.umask(configuration.settings.umask)
    _wait_for_children_without_threads()
    try:
        asyncio.run(_serve(root, configuration, transient, launched, beat))
    except OSError as error:
        raise AbellError(f"the engine cannot serve {root}: {trouble(error)}", "see to that, then try again") from error
    except sqlite3.Error as error:
        raise StoreError(f"the database of {root}: {error}", remedy(error)) from error


def _wait_for_children_without_threads() -> None:
    """From Python 3.12 on asyncio does so by itself; before, it starts a thread for each command."""
    if sys.version_info < (3, 12):
        with contextlib.suppress(AttributeError, OSError):  # a system without pidfd_open(2)
            os.close(os.pidfd_open(os.getpid()))
            asyncio.set_child_watcher(asyncio.PidfdChildWatcher())


async def _serve(
    root: Path, configuration: Configuration, transient: bool, launched: Launch | None, beat: Beat | None
) -> None:
    settings = configuration.settings
    layout = Layout.of(root, settings)
    layout.make()
    if (settings.database_connection or "").startswith("postgres"):
        log.warning(
            "database_connection names PostgreSQL, which is not active yet: the queue is an SQLite file in %s", root
        )
    queue = path_of(settings.database_connection, root)
    database = Database(queue, beat.check if beat else lambda: None)
    database.take_over()
    supervisor: SupervisorPeer
    server: Server

    if settings.new_file_path is not None:
        os.environ["TMPDIR"] = str(settings.new_file_path)
    libraries = Libraries(root, os.environ, hidden=tuple(f"{queue}{end}" for end in ("", "-wal", "-shm", "-journal")))
    board = Board(
        database,
        configuration,
        layout,
        environment=dict(os.environ),
        peers={"supervisor": lambda want: supervisor.ask(want), "drmaa": libraries.ask},
    )
    engine = Engine(board, changed=lambda ids: server.changed(ids))
    supervisor = SupervisorPeer(
        root,
        on_event=lambda message: engine.heard("local", [message]),
        on_reconnect=lambda: engine.poll_soon("local"),
        launched=launched,
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
    if beat:
        beat.keep(lost=lambda: loop.call_soon_threadsafe(board.wake))
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
        await libraries.close()
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
