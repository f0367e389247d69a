"""The server's side of the run lock: who owns a run, and taking it so that no copy of it can ever start.

The lock of run N is the name `lock.N` in the job's control directory, a hard link to its owner's own file of four
lines: nonce, run, host, the DRM's id (`revoked` where the owner is a server). `fragments/lock.sh` is the other side.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from abell.script.safe_read import BadRecord, read_bounded

_REVOKED = "revoked"
_MOST_BYTES = 16384


@dataclass(frozen=True, slots=True)
class Owner:
    """The start of a job script that owns a run."""

    native_id: str  # as the job knows it; "" where the DRM does not tell it
    run: int
    host: str
    nonce: str
    since: float  # when it took the lock: seconds since the epoch by the file server's clock


@dataclass(frozen=True, slots=True)
class Revoked:
    """A server owns this run: no copy of it, nor of a later one, will ever start."""

    run: int


def owner(control: str, owner_uid: int | None = None) -> Owner | Revoked | None:
    """Who owns the highest run; None: no copy has started as far as this host sees.

    `owner_uid` is the user that the job runs as, if that is not this process's own.
    Raises OSError where the directory cannot be read, and BadRecord.
    """
    run = highest_run(control)
    return read_owner(control, run, owner_uid) if run else None


def revoke(control: str, run: int = 1, owner_uid: int | None = None) -> Revoked | Owner:
    """Take the lock of `run`, or learn who has it. Race-free against scripts and other servers, also on NFS.

    A job that its DRM may start again is ended for good by revoking the run after `owner().run`.
    Raises OSError where the lock can be neither taken nor read, and BadRecord: nothing is known then.
    """
    nonce = secrets.token_hex(16)
    mine = f"{control}/owner.{run}.{nonce}"
    _write(mine, f"{nonce}\n{run}\n{os.uname().nodename}\n{_REVOKED}\n")
    try:
        os.link(mine, _name(control, run))
    except OSError:
        pass  # whose content the name has decides: a network file system may lose the reply of a link that succeeded
    finally:
        os.unlink(mine)  # noqa: PTH108  (this module's paths are strings: it runs once a job)
    return read_owner(control, run, owner_uid)


def highest_run(control: str) -> int:
    """The number of the last run whose lock this host sees; 0: none. Raises OSError if there is no such directory."""
    run = 0
    while os.path.lexists(_name(control, run + 1)):
        run += 1
    if not run:
        os.stat(control)  # noqa: PTH116
    return run


def last_start(control: str, owner_uid: int | None = None) -> int:
    """The number of the last run that a start of the script has; 0: none. A revoked run was never started.

    Raises OSError where the directory cannot be read, and BadRecord.
    """
    run = highest_run(control)
    return run - 1 if run and isinstance(read_owner(control, run, owner_uid), Revoked) else run


def read_owner(control: str, run: int, owner_uid: int | None = None) -> Owner | Revoked:
    """Who owns this run. Raises FileNotFoundError if nobody does, other OSError, and BadRecord."""
    path = _name(control, run)
    content, since = read_bounded(path, _MOST_BYTES, owner_uid)
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) < 5 or lines[1] != str(run):
        raise BadRecord(f"{path} is not a run lock")
    nonce, _, host, native_id = lines[:4]
    return Revoked(run) if native_id == _REVOKED else Owner(native_id, run, host, nonce, since)


def _name(control: str, run: int) -> str:
    return f"{control}/lock.{run}"


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
