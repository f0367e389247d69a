"""How long to leave something alone that fails: longer each time in a row, and then one try at first."""

from __future__ import annotations

import math
import time

FIRST_S = 0.5
LONGEST_S = 60.0


class BackOff:
    """`why` is for people; empty while all is well."""

    def __init__(self, first_s: float = FIRST_S) -> None:
        self.why = ""
        self._first_s = first_s
        self._failures = 0
        self._until = 0.0  # monotonic seconds, as the next
        self._failed = 0.0

    def failed(self, why: str) -> float:
        """Leave it alone for so many seconds. What fails while it is left alone was begun before, and counts once."""
        self.why = why
        self._failed = time.monotonic()
        if not self.remaining:
            seconds = min(self._first_s * 2.0**self._failures, LONGEST_S)
            self._failures = min(self._failures + 1, 20)
            self._until = time.monotonic() + seconds
        return self.remaining

    def recovered(self, since: float = math.inf) -> bool:
        """What was begun at `since` (monotonic seconds) has worked; false if something begun with it failed since."""
        if since < self._failed:
            return False
        self._failures, self._until, self.why = 0, 0.0, ""
        return True

    def relent(self) -> None:
        """Try again now; another failure still pauses longer than the last one did."""
        self._until = 0.0

    @property
    def remaining(self) -> float:
        """Seconds until the next try; 0: now."""
        return max(0.0, self._until - time.monotonic())

    @property
    def trying(self) -> bool:
        """Whether nothing has worked since it failed."""
        return self._failures > 0
