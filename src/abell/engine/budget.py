"""How often a cluster may be asked: a controller serves everybody, and questions are what it gets most of."""

from __future__ import annotations

import time

BURST = 3.0  # questions that may be saved up for a moment with news


class Budget:
    """`per_minute` questions in the long run; None: they cost nothing."""

    def __init__(self, per_minute: float | None) -> None:
        self._per_s = None if per_minute is None else per_minute / 60.0
        self._left = BURST
        self._at = time.monotonic()

    def at_most(self, per_minute: float | None) -> None:
        """Lower it, if it is higher than that."""
        if per_minute is not None:
            self._per_s = per_minute / 60.0 if self._per_s is None else min(self._per_s, per_minute / 60.0)

    def spend(self) -> None:
        """A question was asked. One that was needed to complete an answer may overdraw; later ones then wait longer."""
        self._refill()
        self._left -= 1.0

    def wait_s(self) -> float:
        """Seconds until the next question may be asked."""
        if self._per_s is None:
            return 0.0
        self._refill()
        return max(0.0, (1.0 - self._left) / self._per_s)

    def _refill(self) -> None:
        now = time.monotonic()
        if self._per_s is not None:
            self._left = min(BURST, self._left + (now - self._at) * self._per_s)
        self._at = now
