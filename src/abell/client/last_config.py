"""Which configuration the last engine of a root was started with.

An engine that is started only because somebody looks at the jobs will run them, too: it needs the configuration
that they were submitted under.
"""

from __future__ import annotations

import os
from pathlib import Path


def remember(root: Path, config: str | None) -> None:
    """Raises OSError where the root cannot be written."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = root / f"last_config.{os.getpid()}"
    draft.write_bytes(os.fsencode(config or ""))
    draft.replace(root / "last_config")


def recall(root: Path) -> str | None:
    """An absolute path; None for the built-in configuration, and for a file that has gone since."""
    try:
        path = os.fsdecode((root / "last_config").read_bytes())
    except FileNotFoundError:
        return None
    return path if Path(path).is_file() else None
