"""Completion bells: a job's last act is an empty file, named by its random token, in the spool's `new`.

A bell carries no facts, only "look at the record of this job"; so nobody can forge an ending with one, and one listing
tells of a thousand endings. The spool must be on the job directories' file system.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

_PROBE = ".probe-"
_TOKEN = re.compile(r"[a-z0-9]{16,64}", re.ASCII)


def new_token() -> str:
    """128 random bits: who cannot list the spool cannot ring another job's bell."""
    return secrets.token_hex(16)


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def prepare(spool: Path, *, shared: bool = False) -> None:
    """Make the spool. `shared`: jobs run as other users, who may then write and not list, and remove only their own."""
    for part in ("tmp", "new"):
        directory = spool / part
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o1733 if shared else 0o700)
    for probe in (spool / "new").glob(f"{_PROBE}*"):  # of an engine that was killed while it listened
        probe.unlink(missing_ok=True)


def listen(spool: Path) -> set[str]:
    """The tokens that have rung. Raises OSError where the spool cannot be read or written.

    A network file system may show a directory as it was some seconds ago; making and removing a file in it first has
    the client see that it changed, and read it again.
    """
    probe = spool / "new" / f"{_PROBE}{secrets.token_hex(8)}"
    probe.touch(exist_ok=False)
    probe.unlink(missing_ok=True)  # a successor that has taken over clears probes away
    return {name for name in os.listdir(spool / "new") if is_token(name)}  # noqa: PTH208  (names, not paths)


def silence(spool: Path, tokens: Iterable[str]) -> None:
    """Remove these bells, after what they told of is committed."""
    for token in tokens:
        if is_token(token):
            (spool / "new" / token).unlink(missing_ok=True)
