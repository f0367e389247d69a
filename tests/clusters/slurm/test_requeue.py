"""Jobs that a real Slurm starts again: the questions of the contract, and what only Slurm can do.

All of it happens on the node of the partition `frail`, which these tests have for themselves meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abell.client.cluster import Job
from abell.script import ending, lock
from tests.contract.again import Again, begun, control, native
from tests.contract.site import LONG, Cause, Site, State
from tests.contract.test_requeue import (  # noqa: F401  (asked of Slurm as of every other DRM)
    test_a_node_that_fails,
    test_all_of_it_happens_while_no_engine_runs,
    test_cancelled_in_its_second_run,
    test_cancelled_while_it_is_queued_again,
    test_the_engine_dies_after_it_took_the_next_runs_lock,
    test_the_engine_is_killed_between_the_runs,
    test_the_last_run_fails,
    test_twice,
)

CLUSTERS = Path("/var/lib/abell-slurm")
CONF = CLUSTERS / "main" / "slurm.conf"
NODE = "n6"  # of the partition `frail`
CONFIG = f"""
runners:
  slurm: {{load: slurm, slurm_conf: {CONF}}}
execution:
  default: again
  environments:
    again: {{runner: slurm, requeue: true, native_specification: --partition=frail}}
    again_apart:
      runner: slurm
      requeue: true
      outputs_to_working_directory: true
      native_specification: --partition=frail
    low: {{runner: slurm, requeue: true, native_specification: --partition=low --exclusive}}
    high: {{runner: slurm, native_specification: --partition=high --exclusive}}
"""


def slurm(*argv: str, ok: bool = True) -> str:
    done = subprocess.run(
        argv, env={**os.environ, "SLURM_CONF": str(CONF)}, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert done.returncode == 0 or not ok, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def shown(native_id: str) -> dict[str, str]:
    text = slurm("scontrol", "-o", "show", "job", native_id)
    return dict(field.split("=", 1) for field in text.split() if "=" in field)


def eventually(condition: Callable[[], object], what: str) -> None:
    """Slurm rings no bell."""
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, f"not within {LONG:.0f} s: {what}"
        time.sleep(0.1)


def take_back(_: Site, native_id: str) -> None:
    slurm("scontrol", "requeuehold", native_id)


def fail(_: Site, native_id: str) -> None:
    slurm("scontrol", "update", f"NodeName={NODE}", "State=DOWN", "Reason=test")
    eventually(lambda: shown(native_id)["JobState"] == "PENDING", f"{native_id} is queued again")
    slurm("scontrol", "hold", native_id)
    bring_back()


def bring_back() -> None:
    """The node: it may do so by itself (slurm.conf, ReturnToService), and is then not to be told."""
    slurm("scontrol", "update", f"NodeName={NODE}", "State=RESUME", ok=False)
    eventually(lambda: "DOWN" not in slurm("sinfo", "-h", "-n", NODE, "-o", "%T").upper(), f"{NODE} is up again")


def release(_: Site, native_id: str) -> None:
    """It may begin two minutes after it was queued again (squeue: BeginTime), or when it is told to."""
    eventually(lambda: shown(native_id)["Priority"] == "0", f"{native_id} is held")
    slurm("scontrol", "release", native_id)
    begin_now(native_id)


def begin_now(native_id: str) -> None:
    """Not in the same second: slurmd takes a start for the one before then ("Job already killed, do not launch")."""
    eventually(
        lambda: slurm("squeue", "-h", "-j", native_id, "-o", "%T").strip() == "PENDING", f"{native_id} is queued"
    )
    slurm("scontrol", "update", f"JobId={native_id}", "StartTime=now+2")


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Nobody else uses or breaks that node meanwhile."""
    if os.geteuid() != 0 or not (CLUSTERS / "ready").exists():
        pytest.skip("the Slurm clusters are not up, or this is not root: run clusters/slurm/up")
    with locked("frail"):
        yield
        bring_back()


@contextlib.contextmanager
def locked(part: str) -> Iterator[None]:
    (CLUSTERS / "locks").mkdir(exist_ok=True)
    handle = os.open(CLUSTERS / "locks" / part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@pytest.fixture
def again() -> Again:
    return Again(take_back, fail, release)


@pytest.fixture
def fresh(alone: None, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, CONFIG)
    site.start()
    site.connect()
    yield site
    with site.database() as db:
        ids = [row[0] for row in db.execute("SELECT native_id FROM abell_attempt WHERE native_id <> ''")]
    site.close()
    slurm("scancel", *ids, ok=False)


@pytest.fixture
def site(fresh: Site) -> Site:
    return fresh


# Stops the daemon that runs the job, so that Slurm does not learn how the job ends.
DEAF = 'read -r _ _ _ stepd _ </proc/$PPID/stat; kill -STOP "$stepd"; echo "$stepd" > {pid}'


@pytest.mark.parametrize("engine", ["sees it", "is down"])
def test_a_clean_ending_before_the_node_fails_is_final(fresh: Site, again: Again, engine: str) -> None:
    """Slurm never learns of the ending, and starts the job again: that start runs nothing."""
    gate, pid = fresh.gate("clean"), fresh.directory / "stepd"
    job = fresh.submit(f"echo it >> {fresh.runs}; {gate.wait}; {DEAF.format(pid=pid)}")
    fresh.until(job, State.RUNNING)
    fresh.runs_until(1)
    if engine == "is down":
        fresh.kill()
    gate.open()
    eventually(lambda: ending.read(control(fresh, job)), "the record of its first run")
    if engine == "sees it":
        fresh.wait([job])
    assert shown(native(job))["JobState"] == "RUNNING"
    try:
        again.fail(fresh, native(job))
    finally:
        subprocess.run(["kill", "-CONT", pid.read_text().strip()], check=True)
    again.release(fresh, native(job))
    eventually(lambda: shown(native(job))["ExitCode"] == "75:0", "its second start ran nothing")
    if engine == "is down":
        fresh.start()
        fresh.wait([job])
    ended(fresh, job)


def test_requeued_after_it_has_ended(fresh: Site) -> None:
    """As `scontrol requeue` can do with a job that is complete."""
    job = fresh.run(fresh.counted("it"))
    eventually(lambda: shown(native(job))["JobState"] == "COMPLETED", "Slurm knows of the ending")
    slurm("scontrol", "requeue", native(job))
    begin_now(native(job))
    eventually(lambda: shown(native(job))["ExitCode"] == "75:0", "its second start ran nothing")
    ended(fresh, job)


def test_preempted_and_started_again(fresh: Site) -> None:
    """By a job of a partition that goes first, on the same node."""
    gate, other = fresh.gate("low"), fresh.gate("high")
    with locked("low"):
        low = fresh.submit(f"echo it >> {fresh.runs}; {gate.wait}", to="low")
        fresh.until(low, State.RUNNING)
        fresh.runs_until(1)
        high = fresh.submit(other.wait, to="high")
        fresh.until(high, State.RUNNING)
        fresh.until(low, State.QUEUED)
        other.open()
        fresh.wait([high])
        begin_now(native(low))
        fresh.runs_until(2)
        gate.open()
        fresh.wait([low])
    assert (low.cause, high.cause) == (Cause.OK, Cause.OK)
    assert begun(fresh, low)[1:] == ["started: run 2 began (the DRM started it again)", "ended: ok"]


def ended(site: Site, job: Job) -> None:
    """Well, once, and for good."""
    assert job.refresh().cause is Cause.OK
    assert site.ran() == {"it": 1}
    assert [line for line in begun(site, job) if not line.startswith("started: ")] == ["ended: ok"]
    assert lock.last_start(control(site, job)) == 1
