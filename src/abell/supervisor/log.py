"""The supervisor's log: its own words and, should it ever fail, Python's. Two files of bounded size."""

from __future__ import annotations

import os
import time

_LARGEST = 1 << 20  # bytes


class Log:
    """Standard output and error go to this file from now on."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open()

    def say(self, text: str) -> None:
        try:
            if os.fstat(2).st_size > _LARGEST:
                self._open()
            os.write(2, f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n".encode(errors="backslashreplace"))
        except OSError:
            pass  # a full disk must not end the jobs

    def _open(self) -> None:
        try:
            if os.stat(self._path).st_size > _LARGEST:
                os.replace(self._path, f"{self._path}.1")
        except FileNotFoundError:
            pass
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
        os.close(null)
