"""The engine as a process: the root and its lock, the database, the socket, signals, and leaving when idle."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import time
from pathlib import Path

from abell import address
from abell.errors import AbellError
from abell.supervisor.launch import Launch

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
        with RootLock(root):
            # Its interpreter starts while ours reads the modules of the engine. A file may have no local runner.
            launched = None if config else Launch.begin(str(root))
            from abell.engine import process

            process.run(root, config, transient, launched)
    except (AbellError, address.AddressError) as error:
        print(f"abell: {error}", file=sys.stderr)
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
            f"the root {root} cannot be used: {error.strerror}",
            "make it writable for this user, free some space, or choose another with --root or $ABELL_ROOT",
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
                    raise RootError(
                        f"the root {self._root} is served by {self._who()} already",
                        "use that server, end it with `abell stop`, or choose another root with --root",
                    ) from None
                time.sleep(0.05)  # flock(2) can be waited for only without a limit

    def _who(self) -> str:
        here = address.read(self._root, "engine")
        return f"process {here.pid} on {here.host}" if here else "another process"

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
