"""Named points at which a test can kill the process: `ABELL_FAULT=name[:N]` kills at the N-th passage (default 1)."""

from __future__ import annotations

import os
import signal

_name, _, _count = os.environ.get("ABELL_FAULT", "").partition(":")
_left = int(_count or 1)


def point(name: str) -> None:
    """Die here by SIGKILL, as a crash would, if the environment asks for it; else nothing."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
