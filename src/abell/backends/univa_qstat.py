"""Whose qstat it is: Grid Engine, TORQUE, PBS and Slurm's wrapper all have a command of that name. Pure.

Grid Engine's answers `-help` with its name, version and options, `-xml` among them; it knows no `--version` and answers
that as it answers `-help`. TORQUE and PBS say `Version: ` or `pbs_version = ` to `--version`.
"""

from __future__ import annotations

import re
from typing import Literal

from abell.backends.contract import Exited, Reply

Whose = Literal["gridengine", "other", "none", ""]  # '': it did not answer this time

# SGE 8.1.9, UGE 8.6.18, AGE 2023.1.1, OGS/GE 2011.11p1, GE 6.2u5; "Univa Grid Engine 8.0.1"
_GRID_ENGINE = re.compile(r"(\b(S|U|A|OGS/)?GE|Grid Engine) +\d", re.IGNORECASE)


def whose(reply: Reply) -> Whose:
    """Of the reply to `qstat -help`."""
    match reply:
        case Exited(code, out, err) if code >= 0:
            text = out + err
            return "gridengine" if _GRID_ENGINE.search(text[:200]) and "-xml" in text else "other"
        case _ if "No such file" in str(getattr(reply, "reason", "")):
            return "none"
        case _:
            return ""


def is_grid_engine(drm: str) -> bool:
    """Whether a library that names its DRM so is Grid Engine's: another DRM's jobs are not to be asked for there."""
    return bool(_GRID_ENGINE.search(drm)) or "grid engine" in drm.lower()
