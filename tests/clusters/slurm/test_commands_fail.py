"""Slurm's commands are slow, hang, die and lie, one after the other, while a real Slurm runs the jobs.

In every case: each job runs exactly once and ends with its right cause, nothing is taken for an end or a success that
is none, the other jobs go on, and `abell ps` says what the matter is while it lasts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clusters.slurm import cluster
from tests.clusters.slurm.cluster import SlurmSite, slurm
from tests.clusters.slurm.tricks import Tricks
from tests.contract.site import LONG, SRC, Cause, Job, State
from tests.faults.load import InBackground, Load

KINDS = ("ok", "exit", "signal", "output", "cancel")


@dataclass
class Tricked:
    """A site whose engine finds the tricky commands."""

    site: SlurmSite
    tricks: Tricks
    load: Load

    def ps(self) -> str:
        """What a person is told now."""
        told = subprocess.run(
            [sys.executable, "-m", "abell", "ps", "--root", str(self.site.root)],
            env={**os.environ, "PYTHONPATH": str(SRC), "COLUMNS": "500"},
            capture_output=True, text=True, check=True, timeout=LONG,
        )  # fmt: skip
        return told.stdout + told.stderr

    def until_told(self, text: str) -> None:
        self.site.wait_until(lambda: text in self.ps(), what=f"`ps` with {text!r}")

    def until_called(self, command: str, times: int) -> None:
        """So often from now on."""
        before = self.tricks.calls(command)
        self.site.wait_until(lambda: self.tricks.calls(command) >= before + times, what=f"{times} calls of {command}")

    def submit(self, name: str, command: str, kind: str = "ok") -> Job:
        """One job of which `load.check` knows how it has to end."""
        job = self.site.submit(self.site.counted(name, command))
        self.load.jobs[name], self.load.kinds[name] = job, kind
        return job

    def native_id(self, job: Job) -> str:
        with self.site.database() as db:
            return str(db.execute("SELECT native_id FROM abell_attempt WHERE job_id = ?", [job.id]).fetchone()[0])

    def attempts(self) -> int:
        with self.site.database() as db:
            return int(db.execute("SELECT count(*) FROM abell_attempt").fetchone()[0])


@pytest.fixture
def tricked(tmp_path: Path) -> Iterator[Tricked]:
    if why := cluster.down():
        pytest.skip(why)
    site = SlurmSite(tmp_path, cluster.CONFIG)
    tricks = Tricks(tmp_path / "bin")
    site.environ = tricks.environ
    yield Tricked(site, tricks, Load(site))
    site.close()


# -- sbatch -----------------------------------------------------------------------------------------------------------

REALLY = '"$real" "$@"'
SBATCH = {
    "is slow": f"sleep 1; {REALLY}; code=$?; sleep 1; exit $code",
    "hangs before it submits": "exec sleep 600",
    "hangs after it has submitted": f"{REALLY} >/dev/null; exec sleep 600",
    "hangs after it has printed the id": f"{REALLY}; exec sleep 600",
    "dies before it submits": "kill -9 $$",
    "dies after it has submitted": f"{REALLY} >/dev/null; kill -9 $$",
    "dies after it has printed the id": f"{REALLY}; kill -9 $$",
    "says nothing, and has submitted": f"{REALLY} >/dev/null; exit 0",
    "says nothing, and has not submitted": "exit 0",
    "prints garbage, and has submitted": rf"{REALLY} >/dev/null; printf 'lorem 42 ipsum\n\377\000\n;main\n'; exit 0",
    "prints garbage, and has not submitted": r"printf 'lorem 42 ipsum\n\377\000\n;main\n'; exit 0",
    "prints the id and fails": f"{REALLY}; exit 1",
    "prints the id and fails with words": f"{REALLY}; echo 'Batch job submission failed: lorem' >&2; exit 1",
    "prints an id that is another's": f"{REALLY} >/dev/null; echo 9876543",
    "fails in unknown words": "echo lorem >&2; exit 3",
    "cannot be reached": "echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller "
    "(connect failure)' >&2; exit 1",
}


@pytest.mark.parametrize("trick", SBATCH)
def test_an_sbatch(tricked: Tricked, trick: str) -> None:
    """Once, at one of five jobs."""
    tricked.site.start()
    tricked.tricks.play("sbatch", SBATCH[trick], once=True)
    tricked.load.submit(KINDS)
    tricked.load.check()
    assert tricked.tricks.played("sbatch")


@pytest.mark.parametrize(
    ("trick", "told"),
    [
        ("dies before it submits", "killed by signal 9"),
        ("hangs before it submits", "has not answered"),
        ("prints garbage, and has not submitted", "no job id"),
        ("cannot be reached", "Unable to contact slurm controller"),
        ("fails in unknown words", "lorem"),
    ],
)
def test_an_sbatch_again_and_again(tricked: Tricked, trick: str, told: str) -> None:
    """`ps` says why nothing is submitted; a job that runs goes on and ends."""
    tricked.site.start()
    gate = tricked.site.gate("gate")
    running = tricked.submit("running", gate.wait)
    tricked.site.until(running, State.RUNNING)
    tricked.tricks.play("sbatch", SBATCH[trick])
    tricked.load.submit(("ok", "exit", "output"))
    tricked.until_told(told)
    gate.open()
    running.wait(LONG)
    assert running.ok
    tricked.tricks.end("sbatch")
    tricked.load.check()


@pytest.mark.parametrize("first", ["", f"{REALLY} >/dev/null; "], ids=["before", "after"])
def test_an_sbatch_is_killed_from_outside(tricked: Tricked, first: str) -> None:
    tricked.site.start()
    tricked.tricks.play("sbatch", f'{first}echo $$ >"$told"; exec sleep 600', once=True)
    tricked.load.submit(KINDS)
    os.kill(int(tricked.tricks.told("sbatch")), signal.SIGKILL)
    tricked.load.check()


@pytest.mark.parametrize("first", ["", f"{REALLY} >/dev/null; "], ids=["before", "after"])
def test_the_engine_is_killed_while_an_sbatch_hangs(tricked: Tricked, first: str) -> None:
    """The sbatch lives on, as one on a login node would, and does its work after all when the engine's successor has
    settled the doubt without it: then that copy of the job must not run."""
    tricked.site.start()
    tricked.tricks.play("sbatch", f'{first}echo $$ >"$told"; read -r _ <"$gate"', once=True)
    submitting = InBackground(tricked.load.submit, KINDS)
    tricked.tricks.told("sbatch")
    submitting.join()
    tricked.site.kill()
    tricked.site.start()
    tricked.site.wait(tricked.load.jobs.values())
    tricked.tricks.open_gate("sbatch")
    tricked.load.check()


@pytest.mark.parametrize("ask", ["exit 1", "exec sleep 600", "echo lorem", "exit 0"])
def test_an_sbatch_dies_while_squeue_fails_too(tricked: Tricked, ask: str) -> None:
    """Nobody can be asked whether it is there: only the run lock tells, or waiting does."""
    tricked.site.start()
    tricked.tricks.play("squeue", ask)
    tricked.tricks.play("sbatch", SBATCH["dies after it has submitted"], once=True)
    tricked.load.submit(KINDS)
    tricked.until_called("squeue", 2)
    tricked.tricks.end("squeue")
    tricked.load.check()


# -- squeue -----------------------------------------------------------------------------------------------------------

FAILS = "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1"
SQUEUE_FAILS = {
    "fails": (FAILS, "connect failure"),
    "fails with the words for an unknown job": (
        "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1",
        "Invalid job id specified",
    ),
    "hangs": ("exec sleep 600", "has not answered"),
    "dies": ("kill -9 $$", "killed by signal 9"),
    "prints garbage": ("echo lorem ipsum; exit 0", "lorem ipsum"),
    "prints noise": ("head -c 3000 /dev/urandom; exit 0", "a line that is none"),
    "is cut in a field": (f"{REALLY} | head -c 25; exit 0", "a line that is none"),
}
OTHERS = r"printf '1\037RUNNING\037None\0370\0370\0371:00\037n1\037somebody.else\036\n'; exit 0"
SQUEUE_LIES = {
    "prints nothing": "exit 0",
    "prints other jobs only": OTHERS,
    "is cut after a line": f"{REALLY} | grep -v -e '[.]'$(cat {{key}}); exit 0",
}


@pytest.mark.parametrize("trick", SQUEUE_FAILS)
def test_a_squeue_that(tricked: Tricked, trick: str) -> None:
    """Nothing is learned from it. What rings is heard without it."""
    lines, told = SQUEUE_FAILS[trick]
    tricked.site.start()
    gate = tricked.site.gate("gate")
    running = tricked.submit("running", gate.wait)
    failing = tricked.submit("failing", f"{tricked.site.gate('failing').wait}; exit 3", "exit")
    for job in (running, failing):
        tricked.site.until(job, State.RUNNING)
    tricked.tricks.play("squeue", lines)
    tricked.until_called("squeue", 3)
    tricked.until_told(told)
    tricked.load.submit(("ok", "output", "cancel"))
    said = tricked.ps()
    assert "cannot be asked about its jobs: " in said, said
    (tricked.site.directory / "failing.gate").write_text("go\n")
    failing.wait(LONG)  # its own record has the last word when Slurm cannot be asked
    assert failing.cause is Cause.EXIT
    running.refresh()
    assert running.state is State.RUNNING
    gate.open()
    running.wait(LONG)
    assert running.ok
    tricked.tricks.end("squeue")
    tricked.load.check()


@pytest.mark.parametrize(
    "accounting", ["", "exit 0", "exit 1", "echo lorem"], ids=["well", "silent", "fails", "garbage"]
)
@pytest.mark.parametrize("trick", SQUEUE_LIES)
def test_a_squeue_that_succeeds_and(tricked: Tricked, trick: str, accounting: str) -> None:
    """Another job is submitted meanwhile, so that a listing with some of them is not empty."""
    tricked.site.start()
    gate = tricked.site.gate("gate")
    running = tricked.submit("running", gate.wait)
    tricked.site.until(running, State.RUNNING)
    listed = tricked.submit("listed", tricked.site.gate("listed").wait)
    tricked.site.until(listed, State.RUNNING)
    key = tricked.site.directory / "key"
    with tricked.site.database() as db:
        key.write_text(db.execute("SELECT key FROM abell_attempt WHERE job_id = ?", [running.id]).fetchone()[0])
    if accounting:
        tricked.tricks.play("sacct", accounting)
    tricked.tricks.play("squeue", SQUEUE_LIES[trick].replace("{key}", str(key)))
    tricked.until_called("squeue", 7)  # after three, the accounting is no longer waited for
    with pytest.raises(TimeoutError):  # longer than the record of a job that is gone would be waited for
        running.wait(6)
    assert running.refresh().state is State.RUNNING, tricked.site.story(running)
    gate.open()
    running.wait(LONG)
    assert running.ok, running.message
    (tricked.site.directory / "listed.gate").write_text("go\n")
    for command in ("squeue", "sacct"):
        tricked.tricks.end(command)
    tricked.load.check()


# -- sacct, scancel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trick",
    [
        "exit 1",
        "exec sleep 600",
        "echo lorem ipsum; exit 0",
        "head -c 3000 /dev/urandom; exit 0",
        "exit 0",
        "kill -9 $$",
    ],
)
def test_a_sacct(tricked: Tricked, trick: str) -> None:
    """It is asked about a job that somebody cancelled outside of Abell: that is known without it, only not by whom."""
    tricked.site.start()
    gate = tricked.site.gate("gate")
    running = tricked.submit("running", gate.wait)
    ended = tricked.submit("ended", "exec sleep 600", "cancel")
    tricked.site.until(ended, State.RUNNING)
    tricked.tricks.play("sacct", trick)
    slurm("scancel", tricked.native_id(ended))
    tricked.load.submit(("ok", "exit", "signal", "output"))
    tricked.site.wait([job for job in tricked.load.jobs.values() if job is not running])
    tricked.site.until(running, State.RUNNING)
    gate.open()
    running.wait(LONG)
    tricked.tricks.end("sacct")
    tricked.load.check()


@pytest.mark.parametrize("trick", ["exit 1", "exec sleep 600", "kill -9 $$", f"{REALLY}; exit 1"])
def test_a_scancel(tricked: Tricked, trick: str) -> None:
    """Once; it is asked for again."""
    tricked.site.start()
    job = tricked.submit("cancelled", "exec sleep 600", "cancel")
    tricked.site.until(job, State.RUNNING)
    tricked.tricks.play("scancel", trick, once=True)
    job.cancel()
    tricked.load.submit(("ok", "exit"))
    job.wait(LONG)
    assert (job.cause, job.message) == (Cause.CANCELLED, "by root")
    assert tricked.tricks.played("scancel")
    tricked.load.check()
