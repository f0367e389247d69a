"""One line on the terminal that says what we are waiting for, and goes away when it is no longer true."""

from __future__ import annotations

import sys
from contextlib import suppress

from abell.cli.about import about
from abell.client.wire import JobRow
from abell.job import State
from abell.printable import printable

_ERASE = "\r\x1b[K"
_SILENT = (State.RUNNING, State.FINISHING, State.ENDED)  # the job's own output speaks, or has spoken


class StatusLine:
    """On stderr, and only if that is a terminal."""

    def __init__(self) -> None:
        self._shown = ""
        self._terminal = self._allowed = sys.stderr.isatty()

    def tell(self, row: JobRow) -> None:
        because = about(row)
        said = f"job {row['id']}: {row['state']}{': ' if because else ''}{because}"
        self.show("" if row["state"] in _SILENT else said)

    def show(self, text: str) -> None:
        if self._allowed and text != self._shown:
            import shutil

            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(_ERASE + printable(text)[:width])
            sys.stderr.flush()
            self._shown = text

    def say(self, text: str) -> None:
        """A line that stays, below the ^C that the terminal has shown, also when the job's output has begun."""
        self.show("")
        if self._terminal:
            with suppress(OSError):  # a terminal that hangs up (SIGHUP) is gone
                print(f"\nabell: {printable(text)}", file=sys.stderr, flush=True)

    def stop(self) -> None:
        """The job writes to the terminal from now on: erasing a line could erase some of its output."""
        self.show("")
        self._allowed = False
