"""Reading what a job wrote, where anybody who can write in its directory may have put something else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BadRecord(Exception):  # noqa: N818  (it names what was found)
    """What is there is not what a job script or a server writes. Nothing can be concluded from it."""


def read_bounded(path: str, most_bytes: int, owner_uid: int | None) -> tuple[bytes, float]:
    """The content, and when it was last changed (seconds since the epoch, the file server's clock).

    No link is followed in the last component, opening never waits (a FIFO), and only files of `owner_uid` or of this
    process's user count. Raises BadRecord, FileNotFoundError and other OSError.
    """
    with _opened(path, owner_uid) as (descriptor, facts):
        if facts.st_size > most_bytes:
            raise BadRecord(f"{path} has {facts.st_size} bytes, more than {most_bytes}")
        return os.read(descriptor, most_bytes), facts.st_mtime


def read_tail(path: str, most_bytes: int, owner_uid: int | None = None) -> bytes:
    """The last bytes of a file of any size, read and refused as by `read_bounded`."""
    with _opened(path, owner_uid) as (descriptor, facts):
        return os.pread(descriptor, most_bytes, max(0, facts.st_size - most_bytes))


@contextmanager
def _opened(path: str, owner_uid: int | None) -> Iterator[tuple[int, os.stat_result]]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if Path(path).is_symlink():
            raise BadRecord(f"{path} is a symbolic link") from error
        raise
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise BadRecord(f"{path} is not a regular file")
        if facts.st_uid not in (os.geteuid(), owner_uid):
            raise BadRecord(f"{path} belongs to user {facts.st_uid}")
        yield descriptor, facts
    finally:
        os.close(descriptor)
