"""Named points at which a test can hit the process: `ABELL_FAULT=name[:N[:SIGNAL]]`.

The N-th passage (default: the first) sends the process SIGNAL (default: KILL, as a crash would; STOP freezes it).
"""

from __future__ import annotations

import os
import signal

_name, _, _how = os.environ.get("ABELL_FAULT", "").partition(":")
_count, _, _signal = _how.partition(":")
_left = int(_count or 1)


def point(name: str) -> None:
    """Nothing, unless the environment asks for it here."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.Signals[f"SIG{_signal or 'KILL'}"])
