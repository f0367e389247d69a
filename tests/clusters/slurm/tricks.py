"""Slurm's commands as a site's engine finds them: programs that do what a test says, with the real ones behind them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

COMMANDS = ("sbatch", "squeue", "sacct", "scancel", "scontrol")
WRAPPER = """#!/bin/sh
echo "$$ $*" >>{directory}/{command}.calls
real={real} trick={directory}/{command}.trick gate={directory}/{command}.gate told={directory}/{command}.told
if [ -e "$trick" ]; then . "$trick"; fi
exec "$real" "$@"
"""
ONCE = 'mv "$trick" "$trick.$$" 2>/dev/null || exec "$real" "$@"\n'  # so only the first that comes is tricked


class Tricks:
    """A trick is a few lines of sh before the real command (`$real "$@"`), which follows unless they exit."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        for command in COMMANDS:
            real = shutil.which(command)
            assert real is not None
            wrapper = directory / command
            wrapper.write_text(WRAPPER.format(directory=directory, command=command, real=real))
            wrapper.chmod(0o755)
            (directory / f"{command}.calls").touch()
            for fifo in ("gate", "told"):
                os.mkfifo(directory / f"{command}.{fifo}")

    @property
    def environ(self) -> dict[str, str]:
        """For an engine that is to find these, and to have little patience with them."""
        hasty = Path(__file__).with_name("hasty")
        return {
            "PATH": f"{self.directory}:{os.environ['PATH']}",
            "PYTHONPATH": f"{hasty}:{Path(__file__).parents[3] / 'src'}",
        }

    def play(self, command: str, lines: str, *, once: bool = False) -> None:
        """From the next call on; `once`: in one call only."""
        new = self.directory / f"{command}.new"
        new.write_text(f"{ONCE if once else ''}{lines}\n")
        new.rename(self.directory / f"{command}.trick")

    def end(self, command: str) -> None:
        (self.directory / f"{command}.trick").unlink(missing_ok=True)

    def calls(self, command: str) -> int:
        """How often it was called."""
        return len((self.directory / f"{command}.calls").read_text().splitlines())

    def played(self, command: str) -> bool:
        """Whether a trick that is played once has been."""
        return any(self.directory.glob(f"{command}.trick.*"))

    def told(self, command: str) -> str:
        """What a trick writes to "$told", as soon as it does; the trick stands until it is read."""
        return (self.directory / f"{command}.told").read_text().strip()

    def open_gate(self, command: str) -> None:
        """Let a trick through that reads "$gate"."""
        (self.directory / f"{command}.gate").write_text("go\n")
