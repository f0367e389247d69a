"""What a DRM's library prints, as lines of the server's log: not too many, not too long, and only what is printable."""

from __future__ import annotations

import logging
import time

from abell.printable import printable

log = logging.getLogger(__name__)

MOST_LINES = 20  # in a period
PERIOD_S = 10.0
LONGEST = 500  # characters


class Output:
    """One child's output. `name` begins each line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rest = b""
        self._since = time.monotonic()
        self._lines = 0

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > LONGEST * 4:
            lines.append(rest)
            rest = b""
        self._rest = rest
        for line in lines:
            self._say(line)

    def close(self) -> None:
        if self._rest:
            self._say(self._rest)
        self._sum_up()

    def _say(self, line: bytes) -> None:
        if time.monotonic() - self._since > PERIOD_S:
            self._sum_up()
            self._since, self._lines = time.monotonic(), 0
        self._lines += 1
        if self._lines <= MOST_LINES:
            log.warning("%s printed: %s", self.name, printable(line.decode(errors="backslashreplace"))[:LONGEST])

    def _sum_up(self) -> None:
        if self._lines > MOST_LINES:
            log.warning("%s printed %d more lines, which are not shown", self.name, self._lines - MOST_LINES)
        self._lines = 0
