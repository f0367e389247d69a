"""Starts the supervisor of a root as a process of its own, and waits until it serves. Light to import."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Self

from abell.supervisor import HELD


class NoSupervisorError(Exception):
    """It is not there and cannot be started; the text says why."""


class Launch:
    """A supervisor that is starting. `wait` may take a while; what comes before it need not wait."""

    def __init__(self, process: subprocess.Popen[bytes], ready: int) -> None:
        self._process = process
        self._ready = ready

    @classmethod
    def begin(cls, root: str, options: Sequence[str] = ()) -> Self:
        """Raises OSError if no process can be started."""
        ready, theirs = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "abell.supervisor", "--root", root, "--ready-fd", str(theirs), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(theirs,),
            )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(theirs)
        return cls(process, ready)

    def wait(self) -> str:
        """Empty once it serves; or that another one holds the root. Only the first call waits.

        Raises NoSupervisorError.
        """
        if self._ready < 0:
            return ""
        ready, self._ready = self._ready, -1
        with os.fdopen(ready, "rb") as file:
            said = file.read().decode(errors="replace")
        if said == "ready":
            return ""
        if self._process.wait() == HELD:
            return said
        raise NoSupervisorError(
            said or "the supervisor of local jobs died as it started; see supervisor.log in the root"
        )

    def abandon(self) -> None:
        """It outlives this process, which will not wait for it."""
        if self._ready >= 0:
            os.close(self._ready)
            self._ready = -1
        self._process.poll()
        self._process.returncode = self._process.returncode or 0
