"""Whether the commands that a back end needs are on PATH."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from abell.backends.contract import Finding


def missing(tools: Sequence[str], search_path: str) -> list[str]:
    return [tool for tool in tools if shutil.which(tool, path=search_path) is None]


def finding(tools: Sequence[str], absent: Sequence[str], drm: str) -> Finding:
    if not absent:
        return Finding(True, f"on PATH: {', '.join(tools)}")
    remedy = f"install the client commands of {drm}, or put their directory on the PATH of the server"
    return Finding(False, f"not on PATH: {', '.join(absent)}", remedy)
