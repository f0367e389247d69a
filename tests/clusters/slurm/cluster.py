"""A site whose jobs run on the real Slurm that clusters/slurm/up has started, and what that Slurm says of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.clusters.shared_queue import QueueSite
from tests.contract.site import LONG

MAIN = Path("/var/lib/abell-slurm/main/slurm.conf")
REMEDY = "needs clusters/slurm/up"
ASKS = 240  # questions a minute: tests must not wait for a budget that spares a shared controller
CONFIG = f"""
runners:
  wide: {{load: slurm, workers: 4, slurm_conf: {MAIN}, asks_per_minute: {ASKS}}}
execution:
  default: plain
  environments:
    plain: {{runner: wide, native_specification: --mem=16M}}
    apart: {{runner: wide, native_specification: --mem=16M, outputs_to_working_directory: true}}
"""


def down() -> str:
    """Why `main` cannot be used now, or ''."""
    if not MAIN.exists() or shutil.which("scontrol") is None or os.geteuid() != 0:
        return REMEDY
    with contextlib.suppress(subprocess.TimeoutExpired):
        if "is UP" in slurm("scontrol", "ping", timeout=20).stdout:
            return ""
    return f"{REMEDY}: the controller of main does not answer"


def slurm(*argv: str, timeout: float = LONG) -> subprocess.CompletedProcess[str]:
    """One of Slurm's commands, asked to talk to `main`."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SBATCH_", "SQUEUE_", "SINFO_"))}
    environ["SLURM_CONF"] = str(MAIN)
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=timeout)


class SlurmSite(QueueSite):
    """A key is the end of a job's name there."""

    def in_queue(self) -> dict[str, str]:
        if not (keys := self.keys()):
            return {}
        asked = slurm("squeue", "--me", "--noheader", "--format=%i %j")
        assert asked.returncode == 0, asked.stderr
        rows = (line.split(" ", 1) for line in asked.stdout.splitlines())
        return {native_id: name for native_id, name in rows if name.rpartition(".")[2].strip() in keys}

    def end(self, ids: Iterable[str]) -> None:
        slurm("scancel", *ids)
