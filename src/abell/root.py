"""Which directory is Abell's own: the root, where one engine keeps its queue, its jobs and its logs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_GALAXY_YML = re.compile(rb"^(galaxy|gravity|job_config|job_config_file)[ \t]*:", re.MULTILINE)
_PROBE_BYTES = 16 * 1024  # some pages: what a first commit needs
_LOOK_AT = 4 * 1024 * 1024  # bytes; Galaxy's own sample is 150 kB


def choose_root(
    root: str | os.PathLike[str] | None = None, config: str | None = None, environ: Mapping[str, str] = os.environ
) -> Path:
    """--root, else $ABELL_ROOT, else the data_dir that a galaxy.yml names, else a directory of the user's own.

    An absolute path, symbolic links kept. The first two never read the configuration.
    """
    if root:
        return _absolute(root)
    if named := environ.get("ABELL_ROOT"):
        return _absolute(named)
    if config and (data_dir := _galaxy_data_dir(config)):
        return _absolute(data_dir)
    state = environ.get("XDG_STATE_HOME", "")
    if Path(state).is_absolute():  # the XDG base directory specification: a relative path is to be ignored
        return Path(state, "abell")
    return Path.home() / ".local" / "state" / "abell"


def try_writing(root: Path) -> None:
    """OSError if no file can be written in this directory; a full disk takes a file's name but not its content."""
    probe = root / f".probe-{os.getpid()}"
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(_PROBE_BYTES))
    finally:
        probe.unlink(missing_ok=True)


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser().absolute()  # and not resolve(), which follows links


def _galaxy_data_dir(config: str) -> os.PathLike[str] | None:
    """None too for a file that is not a galaxy.yml: then the configuration is not read only to find the root."""
    try:
        with Path(config).open("rb") as file:
            if not _GALAXY_YML.search(file.read(_LOOK_AT)):
                return None
    except OSError:
        return None  # who reads the configuration will say so
    from abell.configured import load

    return load(config).settings.data_dir
