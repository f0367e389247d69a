"""When a cluster is asked about its jobs: often while there is news, seldom while there is none, never over budget."""

from __future__ import annotations

import math
import time
from collections import deque

from abell.backends.contract import Backend
from abell.engine.back_off import BackOff
from abell.engine.budget import Budget

SLOWEST_S = 30.0  # between two polls that bring nothing
SLOWER = 1.5
REST = 30.0  # times as long as a poll took; where no budget says how often, a poll may cost something for each job


class Rhythm:
    """The polls of one lane. Lanes of one cluster share its budget."""

    def __init__(self, backend: Backend, budget: Budget) -> None:
        self._shortest_s = backend.poll_every_s
        self._every_s = self._shortest_s
        self._due = 0.0  # monotonic seconds of the next regular poll
        self._wanted = math.inf  # and of one that news asks for
        self._rests = backend.asks_per_minute is None
        self._rest_until = 0.0  # monotonic seconds
        self._took_s = deque([0.0], maxlen=3)  # the last polls; the quickest had nothing to wait for
        self._budget = budget
        self._back_off = BackOff(first_s=self._shortest_s)

    @property
    def trouble(self) -> str:
        """Why the last poll failed; '' if it did not."""
        return self._back_off.why

    def next_s(self) -> float:
        """Monotonic seconds of the next poll."""
        now = time.monotonic()
        return max(min(self._due, self._wanted), now + self._wait_s(now))

    def is_due(self) -> bool:
        now = time.monotonic()
        return min(self._due, self._wanted) <= now and not self._wait_s(now)

    def _wait_s(self, now: float) -> float:
        """Seconds for which nothing is asked, whatever there is to ask about."""
        return max(self._budget.wait_s(), self._back_off.remaining, self._rest_until - now, 0.0)

    def begin(self) -> None:
        """A poll begins."""
        self._wanted = math.inf
        self._due = time.monotonic() + self._every_s

    def soon(self, within_s: float = 0.0) -> None:
        """There is something to ask about."""
        self._every_s = self._shortest_s
        self._wanted = min(self._wanted, time.monotonic() + within_s)

    def asked(self) -> None:
        """One question of the budget is spent."""
        self._budget.spend()

    def answered(self, took_s: float, news: bool) -> None:
        """A poll is over. A cluster that answers slowly is asked less often."""
        self._back_off.recovered()
        self._every_s = self._shortest_s if news else min(self._every_s * SLOWER, max(SLOWEST_S, self._shortest_s))
        now = time.monotonic()
        self._due = now + max(self._every_s, took_s)
        if self._rests:
            self._took_s.append(took_s)
            self._rest_until = now + min(REST * min(self._took_s), SLOWEST_S)

    def failed(self, why: str) -> bool:
        """A poll has failed, and nothing is learned from that; whether the trouble is new."""
        new = why != self._back_off.why
        self._back_off.failed(why)
        self.soon()
        return new
