"""What DRMAA and Grid Engine's commands tell together, on a real Grid Engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from abell.backends.contract import Refused
from abell.backends.gridengine import PATIENCE_S
from abell.backends.univa import Univa
from abell.job import Cause, State, Unknown
from tests.clusters.eventually import eventually
from tests.clusters.gridengine.by_library import ByLibrary
from tests.clusters.gridengine.clusters import FRAIL, accounted, grid

HOG = """python3 -c '
import os, time
for n in range(3): os.fork()
x = bytearray(60 << 20); time.sleep(60)'"""


@pytest.fixture
def univa(parts: None, tmp_path: Path) -> Iterator[ByLibrary]:
    site = ByLibrary(tmp_path, "main", Univa)
    yield site
    site.close()


@pytest.fixture
def frail_univa(parts: None, tmp_path: Path) -> Iterator[ByLibrary]:
    """With Debian's accounting, which lags."""
    site = ByLibrary(tmp_path, FRAIL, Univa)
    yield site
    site.close()


def test_a_plain_ending_needs_no_command(univa: ByLibrary) -> None:
    assert univa.run("exit 0").cause is Cause.OK
    before = len(univa.commands)
    seen = univa.run("exit 7")
    assert (seen.cause, seen.exit_code, seen.word) == (Cause.EXIT, 7, "DONE")
    assert len(univa.commands) == before


def test_walltime_and_memory_are_told_apart(univa: ByLibrary) -> None:
    time = univa.submit(univa.job("sleep 600", walltime_s=2))
    soft = univa.submit(univa.job("sleep 600", "-l s_rt=0:0:2"))
    memory = univa.submit(univa.job(HOG, memory_mb=200, slots=2))
    for native, said in ((time, "h_rt=2"), (soft, "s_rt=2")):
        seen = univa.until(native)
        assert seen.cause is Cause.WALLTIME and said in seen.reason, seen
    seen = univa.until(memory)
    assert seen.cause is Cause.MEMORY and "h_vmem=100M for each of 2 slots" in seen.reason, seen


def test_a_signal_that_is_no_limit(univa: ByLibrary) -> None:
    seen = univa.run("kill -SEGV $$", walltime_s=600, memory_mb=4096)
    assert (seen.cause, seen.signal) == (Cause.SIGNAL, 11)


def test_cancelled_by_whom(univa: ByLibrary) -> None:
    """Abell's own, and what somebody else has deleted, running and waiting."""
    ours, running, waiting = (univa.submit(univa.job("sleep 600", more)) for more in ("", "", "-h"))
    for native in (ours, running):
        univa.until(native, lambda seen: seen.state is State.RUNNING)
    univa.do(univa.backend.cancel([ours], "maria"))
    grid("main", "qdel", running, waiting)
    for native in (ours, running, waiting):
        seen = univa.until(native)
        assert seen.cause is Cause.CANCELLED, seen
        assert "root" in seen.reason or native == ours, seen


def test_what_the_node_could_not_start(univa: ByLibrary) -> None:
    """DRMAA says only FAILED."""
    seen = univa.until(univa.attributes({"workingDirectory": "/nonexistent/directory"}))
    assert seen.cause is Cause.REJECTED and "changing into working directory" in seen.reason, seen


def test_a_job_of_another_session_and_another_user(univa: ByLibrary) -> None:
    """DRMAA tells nothing of its end; the accounting does."""
    native = grid("main", "qsub", "-terse", "-b", "y", "-cwd", "sh", "-c", "'sleep 3; exit 6'", user="gridjobs").strip()
    univa.until(native, lambda seen: seen.state is State.RUNNING)
    seen = univa.until(native)
    assert (seen.cause, seen.exit_code) == (Cause.EXIT, 6), seen


def test_a_restart_after_the_end_was_told(univa: ByLibrary) -> None:
    native = univa.submit(univa.job("exit 5"))
    assert univa.until(native).exit_code == 5
    univa.do(univa.backend.forget([native]))
    univa.begin_again()
    assert univa.until(native).exit_code == 5  # the library denies it; the accounting has it


def test_an_id_that_nobody_knows_is_unknown_only_after_the_accountings_lag(univa: ByLibrary) -> None:
    assert univa.poll("999999") is None
    univa.later_s = PATIENCE_S
    assert isinstance(univa.poll("999999"), Unknown)


def test_it_is_found_by_its_name(univa: ByLibrary) -> None:
    job = univa.job("true", "-h")
    native = univa.submit(job)
    assert univa.do(univa.backend.find([job.key, "a" + "b" * 13])) == {job.key: native}


def test_the_librarys_own_check_of_resources_that_nodes_report(univa: ByLibrary) -> None:
    """It submits with `-w e`, by which mem_free can never be had."""
    assert univa.run("true", "-l mem_free=10M").cause is Cause.OK
    [learned] = univa.learn(univa.job("true", "-l mem_free=10M -w e"))
    assert isinstance(learned, Refused) and "no suitable queues" in learned.reason


def test_another_qstat_is_left_alone(univa: ByLibrary, tmp_path: Path) -> None:
    """As TORQUE's on the same machine: then only DRMAA tells, and guesses nothing."""
    tools = tmp_path / "torque"
    tools.mkdir()
    (tools / "qstat").write_text("#!/bin/sh\necho 'usage: qstat [-f [-1]] [-x] [ job_identifier... ]' >&2; exit 2\n")
    (tools / "qstat").chmod(0o755)
    univa.host = type(univa.host)({**univa.environment, "PATH": f"{tools}:{univa.environment['PATH']}"})
    univa.begin_again()
    seen = univa.run("sleep 600", "-l h_rt=1")
    assert (seen.cause, seen.signal) == (Cause.SIGNAL, 9)
    assert [argv for argv in univa.commands if argv[0] != "qstat" or argv[1:] != ("-help",)] == []
    findings = univa.do(univa.backend.check())
    assert not findings[-1].ok and "only what DRMAA tells" in findings[-1].text


@pytest.mark.breaks(FRAIL)
def test_the_accounting_lags(frail_univa: ByLibrary) -> None:
    """15 s by default: until then nothing is said of a job that was killed, and then its cause."""
    native = frail_univa.submit(frail_univa.job("sleep 600", walltime_s=1))
    seen = frail_univa.until(native)
    assert seen.cause is Cause.WALLTIME and "h_rt=1" in seen.reason, seen
    eventually(lambda: accounted(FRAIL, native), "its record")
