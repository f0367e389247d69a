"""To the engine of a root: find the one that runs, or start one.

Many clients may do this at once: a lock on `<root>/start.lock` lets one of them start the engine while the others
wait for it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from abell import address
from abell.client import last_config
from abell.client.connection import Connection
from abell.errors import DisconnectedError, NoAnswerError, NoEngineError
from abell.root import try_writing

if TYPE_CHECKING:
    from subprocess import Popen

START_WITHIN_S = 20.0  # an engine that cannot be reached then is reported
LEAVE_WITHIN_S = 20.0  # the same for one that was asked to make way
_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.02

_started: list[Popen[bytes]] = []  # kept so that an engine that left while this process lives is reaped


@dataclass(frozen=True, slots=True)
class Hello:
    """What an engine says of itself."""

    version: str
    pid: int
    config: str  # the file it was started with, absolute; "" for the built-in configuration
    config_digest: str  # of every file that was read
    transient: bool  # started by a client; leaves by itself when idle
    live: int  # jobs that have not ended


@dataclass(frozen=True, slots=True)
class Wish:
    """Which engine a client can use."""

    root: Path
    config: str | None = None  # a configuration file, absolute; None: none was named
    any_config: bool = False  # for looking at jobs: whatever the engine was started with will do


def serve_argv(wish: Wish) -> list[str]:
    argv = [sys.executable, "-m", "abell", "serve", "--root", str(wish.root), "--transient"]
    return argv if not wish.config else [*argv, "--config", wish.config]


def connect(wish: Wish, argv: Callable[[Wish], list[str]] = serve_argv) -> tuple[Connection, Hello]:
    """A connection to an engine that fits the wish, started if there is none.

    Raises NoEngineError where there is none to be had, with the reason and the remedy.
    """
    found = find(wish.root)
    if found and fits(wish, found[1]):
        return found
    if found:
        found[0].close()
    with _start_lock(wish.root):
        found = find(wish.root)  # somebody else may have been faster
        if found and fits(wish, found[1]):
            return found
        if found:
            _make_way(wish, *found)
        return _start(wish, argv(_as_before(wish)))


def find(root: Path) -> tuple[Connection, Hello] | None:
    """The engine that runs now, whatever its configuration; None where none answers."""
    try:
        published = address.read(root, "engine")
    except OSError as error:
        raise _unusable(root, error) from error
    if published is None:
        return None
    try:
        connection = Connection(published.socket)
        try:
            return connection, _hello(connection)
        except BaseException:
            connection.close()
            raise
    except NoAnswerError as error:
        remedy = f"see {root / 'engine.log'}; to end it: kill {published.pid}"
        raise NoEngineError(f"{error.message} (process {published.pid})", remedy) from error
    except (OSError, DisconnectedError):
        return None  # it has left, or is leaving
    except address.AddressError as error:
        raise NoEngineError(f"the engine of {root} is not to be trusted: {error}", "look into who runs it") from error


def _hello(connection: Connection) -> Hello:
    said = connection.ask("hello")
    return Hello(**{field: said[field] for field in Hello.__slots__})


def fits(wish: Wish, hello: Hello) -> bool:
    """A server that somebody set up is right for whoever names no configuration; an engine that another client
    happened to start is not, or it would depend on the hour where a job goes."""
    if wish.any_config or (wish.config is None and not hello.transient):
        return True
    if (wish.config or "") != hello.config:
        return False
    return wish.config is None or _digest(wish.config) == hello.config_digest


def _digest(config: str) -> str:
    from abell.configured import load

    return load(config).digest


def _make_way(wish: Wish, connection: Connection, hello: Hello) -> None:
    """An idle engine of another configuration leaves; any other is somebody's, and stays. Closes the connection."""
    with connection:
        theirs = hello.config or "the built-in configuration"
        older = "an older version of " if theirs == wish.config else ""
        if not hello.transient:
            raise NoEngineError(
                f"the server of {wish.root} (process {hello.pid}) was started with {older}{theirs}",
                "restart it, leave --config out to use it as it is, or use another root with --root DIR",
            )
        if hello.live:
            jobs = "1 job" if hello.live == 1 else f"{hello.live} jobs"
            join = "" if older else "leave --config out, " if not hello.config else "name that file with --config, "
            raise NoEngineError(
                f"the engine of {wish.root} still has {jobs} with {older}{theirs}",
                f"wait for abell ps to show none, {join}or use another root with --root DIR",
            )
        try:
            connection.ask("stop", when="idle")
            deadline = time.monotonic() + LEAVE_WITHIN_S
            while connection.ready(deadline - time.monotonic()):
                connection.receive()
        except DisconnectedError:
            return  # it has left, or is leaving: a new one waits for the old one's lock
        raise NoEngineError(
            f"the engine of {wish.root} (process {hello.pid}) was asked to leave and has not done so",
            "try again later, or use another root with --root DIR",
        )


def _as_before(wish: Wish) -> Wish:
    """To look at jobs, an engine is started with the configuration that the last one had: it will run them, too."""
    if not wish.any_config or wish.config:
        return wish
    return Wish(wish.root, last_config.recall(wish.root), any_config=True)


@contextmanager
def _start_lock(root: Path) -> Iterator[None]:
    import fcntl

    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(root / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(root, error) from error
    try:
        for _ in _until(START_WITHIN_S + LEAVE_WITHIN_S):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                continue
        else:
            raise NoEngineError(
                f"another client has been starting the engine of {root} for a long time", "try again later"
            )
        yield
    finally:
        os.close(lock)


def _unusable(root: Path, error: OSError) -> NoEngineError:
    remedy = "choose a directory that you can write to, with --root DIR or ABELL_ROOT"
    return NoEngineError(f"the root {root} cannot be used: {error.strerror}", remedy)


def _start(wish: Wish, argv: list[str]) -> tuple[Connection, Hello]:
    """Start an engine that outlives this process, and connect to it."""
    import subprocess

    log = wish.root / "engine.log"
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise NoEngineError(
            f"{log} cannot be written: {error.strerror}", "free some space, or use --root DIR"
        ) from error
    try:
        before = os.fstat(descriptor).st_size
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd="/",  # it must not keep a directory of the user's busy, nor import from one
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    _started[:] = [child, *(earlier for earlier in _started if earlier.poll() is None)]
    for _ in _until(START_WITHIN_S):
        ended = child.poll() is not None
        if found := find(wish.root):
            if wish.any_config or found[1].config == (wish.config or ""):
                return found
            found[0].close()
        if ended:
            raise NoEngineError(f"the engine did not start:\n{_last_lines(log, before)}", f"its log is {log}")
    raise NoEngineError(
        f"the engine (process {child.pid}) has not answered for {START_WITHIN_S:.0f} s:\n{_last_lines(log, before)}",
        f"its log is {log}",
    )


def _last_lines(log: Path, start: int, count: int = 8) -> str:
    """The end of what was logged from byte `start` on."""
    from abell.printable import printable

    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - 16384))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"  {printable(line)}" for line in lines[-count:]) or f"  {_why_silent(log.parent)}"


def _why_silent(root: Path) -> str:
    try:
        try_writing(root)
    except OSError as error:
        return f"{root}: {error.strerror} (make it writable, free some space, or use another root with --root DIR)"
    return "(it wrote nothing to its log)"


def _until(limit_s: float) -> Iterator[None]:
    """Turns of a loop with growing pauses between them, until the time is over."""
    deadline = time.monotonic() + limit_s
    pause = _FIRST_PAUSE_S
    while True:
        yield
        if time.monotonic() > deadline:
            return
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
