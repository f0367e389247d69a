"""A site whose jobs run on the real Slurm that clusters/slurm/up has started, and what that Slurm says of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.contract.site import LONG, Site

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


class SlurmSite(Site):
    """Its jobs are known in the queue, which other tests share, by their keys: the end of a job's name there."""

    def keys(self) -> set[str]:
        with self.database() as db:
            return {row[0] for row in db.execute("SELECT key FROM abell_attempt")}

    def in_queue(self) -> dict[str, str]:
        """Slurm's id -> name of the jobs of this site that are not over, completing ones among them."""
        if not (self.root / "abell.sqlite").exists():
            return {}
        keys = self.keys()
        asked = slurm("squeue", "--me", "--noheader", "--format=%i %j")
        assert asked.returncode == 0, asked.stderr
        rows = (line.split(" ", 1) for line in asked.stdout.splitlines())
        return {native_id: name for native_id, name in rows if name.rpartition(".")[2].strip() in keys}

    def wait_until(self, condition: object, seconds: float = LONG, what: str = "it") -> None:
        """For what nobody tells of: return as soon as it is true."""
        assert callable(condition)
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
            time.sleep(0.1)

    def rings(self) -> list[str]:
        """The bells that are still there."""
        return [path.name for path in (self.root / "jobs" / "_spool").rglob("*") if path.is_file()]

    def expect_nothing_left(self) -> None:
        self.wait_until(lambda: not self.in_queue(), what="the end of every job in the queue")
        super().expect_nothing_left()
        if self.rings():  # of jobs that rang when their endings were known already, and nobody listened any more
            self.start()
            self.run("true")
            self.stop()
        assert self.rings() == []

    def close(self) -> None:
        with contextlib.suppress(AssertionError):
            if ids := list(self.in_queue()):
                slurm("scancel", *ids)
                self.wait_until(lambda: not self.in_queue())
        super().close()
