"""The only place where the configuration touches the disk: whole regular files of bounded size, remembered."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from abell.config.model import Place
from abell.config.problem import Problems
from abell.config.tree import MAX_FILE_BYTES


class Files:
    """Reads configuration files; `digest` changes with whatever was read."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.names: list[str] = []
        self._hash = hashlib.sha256()

    def read(self, path: str, asked: Place | None = None) -> bytes | None:
        """The file's bytes; None, with a problem where it was asked for, if it cannot be had."""
        place = asked or Place(path)
        try:
            # Not blocking: a named pipe must not hang the start of a server.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no path"
            self.problems.error(place, "", f"cannot read {path!r}: {reason.lower()}", "name a file that exists")
            return None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            self.problems.error(place, "", f"{path!r} is not a regular file", "name a file")
            return None
        with os.fdopen(handle, "rb") as file:
            try:
                data = file.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                self.problems.error(place, "", f"cannot read {path!r}: {error.strerror}", "check the disk")
                return None
        if len(data) > MAX_FILE_BYTES:
            size = MAX_FILE_BYTES // 1024 // 1024
            self.problems.error(place, "", f"{path!r} is larger than {size} MiB", "no job configuration needs that")
            return None
        name = str(Path(path).absolute())
        self.names.append(name)
        self.note(name, data)
        return data

    def note(self, name: str, data: bytes) -> None:
        """Count something else that shaped the configuration into the digest."""
        for part in (name.encode(errors="surrogateescape"), data):
            self._hash.update(b"%d:" % len(part) + part)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def decode(data: bytes, file: str, problems: Problems) -> str | None:
    """UTF-8 text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.error(Place(file, line), "", "this is not UTF-8 text", "save the file as UTF-8")
        return None
