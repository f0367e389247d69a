"""Waiting for what rings no bell: a scheduler's state, a notice."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG = 60.0  # seconds


def eventually(condition: Callable[[], object], what: str, within_s: float = LONG) -> None:
    """Return as soon as it is so; fail if it is not, in that time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)
