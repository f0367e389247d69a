"""What plain DRMAA tells of jobs on a real Grid Engine, through its own library; and what it cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from abell.backends.contract import BackendError, Bound, Doubt, Later, Refused
from abell.backends.drmaa import Drmaa
from abell.backends.drmaa_endings import ABORTED
from abell.job import Cause, Sighting, State, Unknown
from tests.clusters.eventually import eventually
from tests.clusters.gridengine.by_library import ByLibrary
from tests.clusters.gridengine.clusters import FRAIL, configured, grid, without


@pytest.fixture
def drmaa(parts: None, tmp_path: Path) -> Iterator[ByLibrary]:
    site = ByLibrary(tmp_path, "main", Drmaa)
    yield site
    site.close()


@pytest.fixture
def frail_drmaa(parts: None, tmp_path: Path) -> Iterator[ByLibrary]:
    site = ByLibrary(tmp_path, FRAIL, Drmaa, invalidjobexception_retries=0)
    yield site
    site.close()


def test_endings_by_exit_code_and_signal(drmaa: ByLibrary) -> None:
    well = drmaa.run("exit 0")
    assert (well.cause, well.exit_code, well.word) == (Cause.OK, 0, "DONE")
    assert (drmaa.run("exit 7").cause, drmaa.run("exit 7").exit_code) == (Cause.EXIT, 7)
    killed = drmaa.run("kill -SEGV $$")
    assert (killed.cause, killed.signal) == (Cause.SIGNAL, 11)


def test_a_limit_is_a_signal_and_no_guess(drmaa: ByLibrary) -> None:
    """Grid Engine's library says DONE of a job that it has killed for its time."""
    seen = drmaa.run("sleep 600", "-l h_rt=1")
    assert (seen.word, seen.cause, seen.signal, seen.exit_code) == ("DONE", Cause.SIGNAL, 9, None)
    assert seen.usage.elapsed_s is not None and seen.usage.elapsed_s >= 1


def test_cancelled(drmaa: ByLibrary) -> None:
    running, held = drmaa.submit(drmaa.job("sleep 600")), drmaa.attributes({"jobSubmissionState": "hold"})
    drmaa.until(running, lambda seen: seen.state is State.RUNNING)
    assert drmaa.until(held, lambda seen: seen.state is State.HELD).reason.startswith("held by its user")
    drmaa.do(drmaa.backend.cancel([running, held], "maria"))
    for native in (running, held):
        seen = drmaa.until(native)
        assert (seen.cause, seen.reason) == (Cause.CANCELLED, "by maria"), seen
    drmaa.do(drmaa.backend.cancel([running, "999999"], "maria"))  # gone already is no error


def test_deleted_by_somebody_else(drmaa: ByLibrary) -> None:
    """Nobody says that it was deleted: the best that is known is a signal, or that it was ended or never started."""
    running, held = drmaa.submit(drmaa.job("sleep 600")), drmaa.submit(drmaa.job("true", "-h"))
    drmaa.until(running, lambda seen: seen.state is State.RUNNING)
    grid("main", "qdel", running, held)
    seen = drmaa.until(running)
    assert (seen.word, seen.cause, seen.signal) == ("FAILED", Cause.SIGNAL, 9)
    seen = drmaa.until(held)
    assert (seen.word, seen.cause, seen.exit_code) == ("FAILED", Cause.EXIT, None) and ABORTED in seen.reason


def test_a_job_that_could_not_be_started(drmaa: ByLibrary) -> None:
    native = drmaa.attributes({"workingDirectory": "/nonexistent/directory"})
    seen = drmaa.until(native)
    assert (seen.word, seen.cause, seen.exit_code) == ("FAILED", Cause.EXIT, None) and seen.reason == ABORTED


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"nativeSpecification": "-l nosuch=1"}, 'unknown resource "nosuch"'),
        ({"nativeSpecification": "-l never=1"}, "no suitable queues"),
        ({"nativeSpecification": "-q nosuch.q"}, 'unknown queue "nosuch.q"'),
        ({"nativeSpecification": "-P nosuch"}, 'project "nosuch" does not exist'),
        ({"jobCategory": "nosuch"}, "Unknown job category"),  # it has arrived: categories are in the cluster's `qtask`
        ({"hardWallclockTimeLimit": "60"}, "this library has no drmaa_wct_hlimit (hardWallclockTimeLimit)"),
    ],
)
def test_what_is_refused(drmaa: ByLibrary, params: dict[str, str], words: str) -> None:
    [learned] = drmaa.learn(drmaa.with_(params))
    assert isinstance(learned, Refused) and words in learned.reason, learned


# A destination's parameter, how it is written, and what `qstat -j` shows of it.
ARRIVE = [
    ("nativeSpecification", "-P bignodes -R y -pe threads 8", ("project:", "bignodes")),
    ("nativeSpecification", "-P bignodes -R y -pe threads 8", ("parallel environment:", "threads range: 8")),
    ("nativeSpecification", "-P bignodes -R y -pe threads 8", ("reserve:", "y")),
    ("workingDirectory", "/usr", ("cwd:", "/usr")),
    ("args", ["a b", "c"], ("job_args:", "a b,c")),
    ("jobEnvironment", {"A": "x y", "B": "1"}, ("env_list:", "A=x y")),
    ("startTime", "2099/01/02 03:04", ("execution_time:", "Fri Jan  2 03:04:00 2099")),
    ("inputPath", "/dev/null", ("stdin_path_list:", "/dev/null")),
    ("joinFiles", True, ("merge:", "y")),
    ("email", ["a@example.org", "b@example.org"], ("mail_list:", "a@example.org,b@example.org")),
    ("blockEmail", False, ("mail_options:", "e")),
]


@pytest.mark.parametrize(("name", "written", "shown"), ARRIVE)
def test_attributes_arrive(drmaa: ByLibrary, name: str, written: object, shown: tuple[str, str]) -> None:
    params = {"jobSubmissionState": "hold", name: written}
    job = drmaa.with_(params)
    native = drmaa.submit(job)
    lines = grid("main", "qstat", "-j", native).splitlines()
    field, value = shown
    assert any(line.startswith(field) and value in line for line in lines), "\n".join(lines)
    assert any(line.startswith("job_name:") and line.endswith(job.key) for line in lines)
    [out] = [line for line in lines if line.startswith("stdout_path_list:")]
    assert out.endswith(job.stdout)


def test_a_restart_while_it_runs(drmaa: ByLibrary) -> None:
    """The session is taken up again, and tells how the job ended."""
    native = drmaa.submit(drmaa.job("sleep 3; exit 5"))
    drmaa.begin_again()
    seen = drmaa.until(native)
    assert (seen.cause, seen.exit_code) == (Cause.EXIT, 5)
    drmaa.begin_again()
    again = drmaa.until(native)  # from the journal: the library tells it once
    assert (again.cause, again.exit_code) == (Cause.EXIT, 5)
    drmaa.do(drmaa.backend.forget([native]))
    gone = drmaa.poll(native)
    assert isinstance(gone, Unknown) and not gone.final


def test_a_job_of_another_session(drmaa: ByLibrary) -> None:
    """It is seen while it lives. DRMAA knows no more of it once it is over: the record decides, and no guess."""
    native = grid("main", "qsub", "-terse", "-b", "y", "-cwd", "sleep", "4").strip()
    drmaa.ids.append(native)
    drmaa.until(native, lambda seen: seen.state is State.RUNNING)
    eventually(lambda: isinstance(drmaa.poll(native), Unknown), "it is over")


def test_many_are_asked_for_at_once(drmaa: ByLibrary) -> None:
    natives = [drmaa.attributes({"jobSubmissionState": "hold"}) for _ in range(50)]
    asked = len(drmaa.asked)
    found = drmaa.do(drmaa.backend.poll(natives))
    assert len(drmaa.asked) == asked + 1
    assert {word.state for word in found.values()} == {State.HELD} and len(found) == 50
    drmaa.do(drmaa.backend.cancel(natives, "maria"))


@pytest.mark.breaks(FRAIL)
def test_the_qmaster_is_away(frail_drmaa: ByLibrary) -> None:
    """Nothing is learned of a job meanwhile, a submission is in doubt, and afterwards all is as before."""
    native = frail_drmaa.submit(frail_drmaa.job("sleep 60"))
    frail_drmaa.until(native, lambda seen: seen.state is State.RUNNING)
    with without("stop", "qmaster", FRAIL):
        with pytest.raises(BackendError, match="DRM_COMMUNICATION_FAILURE"):
            frail_drmaa.poll(native)
        [learned] = frail_drmaa.learn(frail_drmaa.job("true"))
        assert isinstance(learned, Doubt) and "DRM_COMMUNICATION_FAILURE" in learned.reason, learned
        with pytest.raises(BackendError, match="DRM_COMMUNICATION_FAILURE"):
            frail_drmaa.do(frail_drmaa.backend.cancel([native], "maria"))
    # After an outage the library may say DONE, and no more (8.1.9): the record decides, and without one it is lost.
    assert frail_drmaa.run("exit 4").exit_code in (4, None)
    assert isinstance(frail_drmaa.poll(native), Sighting)


@pytest.mark.breaks(FRAIL)
def test_a_limit_on_jobs_holds_up_the_destination(frail_drmaa: ByLibrary) -> None:
    others = len({line.split()[0] for line in grid(FRAIL, "qstat", "-u", "root").splitlines()[2:]})
    with configured(FRAIL, max_u_jobs=str(others + 1)):
        first, second = (frail_drmaa.learn(frail_drmaa.job("true", "-h"))[0] for _ in range(2))
    assert isinstance(first, Bound), first
    assert isinstance(second, Later) and second.holds_up == "destination", second


def test_what_the_doctor_is_told(drmaa: ByLibrary) -> None:
    findings = drmaa.do(drmaa.backend.check())
    assert all(finding.ok for finding in findings)
    assert "SGE 8.1.9" in findings[0].text and "libdrmaa" in findings[0].text
