"""The engine as a process: the root and its lock, the database, the socket, signals, and leaving when idle."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from abell import address
from abell.errors import AbellError
from abell.passing import trouble
from abell.printable import printable_lines
from abell.root import try_writing
from abell.shape import is_plain_text
from abell.store import file_system
from abell.supervisor.launch import Launch

if TYPE_CHECKING:
    from abell.engine.beat import Beat

log = logging.getLogger(__name__)

FAILED = 125  # exit code: Abell itself failed, see cli/exit_codes.py


class RootError(AbellError):
    """The root cannot be used."""


def serve(root: Path, config: str | None, transient: bool = False) -> int:
    """Serve this root until told to leave; the process's exit code. Messages go to standard error."""
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    try:
        prepare_root(root)
        with RootLock(root), _beating(root) as beat:
            # Its interpreter starts while ours reads the modules of the engine. A file may have no local runner.
            launched = None if config else Launch.begin(str(root))
            from abell.engine import process

            process.run(root, config, transient, launched, beat)
    except (AbellError, address.AddressError) as error:
        try:
            print(f"abell: {printable_lines(str(error))}", file=sys.stderr)
        except OSError:
            pass  # the log is on a full disk: who started us will find that out, too
        return FAILED
    return 0


def prepare_root(root: Path) -> None:
    """Make the root if it is absent, and make sure that it can be used."""
    if not is_plain_text(str(root)):
        raise RootError(f"the root {root} has a name that is not UTF-8", "choose another with --root or $ABELL_ROOT")
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try_writing(root)
    except OSError as error:
        raise RootError(
            f"the root {root} cannot be used: {error.strerror}",
            "make it writable for this user, free some space, or choose another with --root or $ABELL_ROOT",
        ) from error


class RootLock:
    """One engine a root: an flock that ends with the process, however it ends."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> None:
        try:
            self._fd = os.open(self._root / "engine.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RootError(f"the root cannot be used: {trouble(error)}", "choose another with --root") from error
        patience = time.monotonic() + 3.0  # an engine that is just leaving
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > patience:
                    raise _served(self._root) from None
                time.sleep(0.05)  # flock(2) can be waited for only without a limit

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


@contextmanager
def _beating(root: Path) -> Iterator[Beat | None]:
    """On a network file system other hosts may not see our lock: there the engine beats; None: there is no need to."""
    if not file_system.is_network(root):
        yield None
        return
    from abell.engine.beat import Beat, BeatError

    beat = Beat(root)
    try:
        beat.take()
    except BeatError as error:
        raise _served(root) from error
    except OSError as error:
        raise RootError(f"the root cannot be used: {trouble(error)}", "choose another with --root") from error
    try:
        yield beat
    finally:
        try:
            beat.leave()
        except OSError as error:
            log.warning("%s: the next engine will wait for some seconds", trouble(error))


def _served(root: Path) -> RootError:
    here = address.read(root, "engine")
    who = f"process {here.pid} on {here.host}" if here else "another process"
    return RootError(
        f"the root {root} is served by {who} already",
        "use that server, end it there with `abell stop`, or choose another root with --root",
    )
