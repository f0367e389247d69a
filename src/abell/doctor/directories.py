"""Whether the directories of a server can be written, told without writing anything."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from abell.backends.contract import Finding


def directories(paths: Iterable[Path]) -> Iterator[Finding]:
    """What is wrong above several of them is told once."""
    yield from dict.fromkeys(directory(path) for path in paths)


def directory(path: Path) -> Finding:
    """It, or if it is absent the nearest directory above it, in which it would be made."""
    try:
        there = next(each for each in (path, *path.parents) if os.path.lexists(each))
        if not there.is_dir():
            return Finding(False, f"{there} is not a directory", "remove it, or choose another place")
        if not os.access(there, os.W_OK | os.X_OK):  # also says no on a read-only file system
            remedy = "change its rights, or choose another directory: --root DIR, or what the galaxy.yml names"
            return Finding(False, f"{there} cannot be written", remedy)
    except OSError as error:
        return Finding(False, f"{path} cannot be looked at: {error.strerror}", "choose another place")
    return Finding(True, f"{path} can be written" if there == path else f"{path} can be made")
