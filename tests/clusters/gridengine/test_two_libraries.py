"""One server with two libraries: Grid Engine's own, and one that does all the harm that a library can; and local jobs.

Whatever that one does: jobs of the other runners are submitted and end in time, none of its own is lost or runs twice,
and their stories, or where it changes nothing for them the log, say what happened.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abell.library.drmaa import ERRORS
from tests.clusters.gridengine import clusters
from tests.contract.site import Cause
from tests.library.engine import CALL_S, HostileSite
from tests.library.hostile import compile_library
from tests.library.hostile.small_drm import SmallDrm

MakeSite = Callable[..., HostileSite]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def make_site(compiled: Path, tmp_path: Path) -> Iterator[MakeSite]:
    """make_site(name, ...): servers of one small DRM, and of the cell `main`."""
    if why := clusters.why_down("main"):
        pytest.skip(why)
    said = clusters.environ("main")
    drm = SmallDrm(tmp_path / "drm")
    sites = []

    def make(name: str = "site", call_s: float = CALL_S) -> HostileSite:
        grid = {"load": "drmaa", "drmaa_library_path": said["DRMAA_LIBRARY_PATH"]}
        folder = tmp_path / name
        drm.environ |= said
        site = HostileSite(folder, compiled, drm, call_s, {"grid": grid}, {"grid": {"runner": "grid"}})
        sites.append(site)
        return site

    with clusters.using("main"):
        yield make
        drm.order()
        for site in sites:
            site.close()


# What the library does -> what the story of a job says of it. `run_job_done`: when the job has begun already.
SUBMITTING = {
    "run_job 3 segfault": "was ended by SIGSEGV",
    "run_job_done 2 segfault": "was ended by SIGSEGV",
    "run_job once abort": "was ended by SIGABRT",
    "run_job once hang": f"did not answer within {CALL_S:g} s",
    "run_job_done once hang": f"did not answer within {CALL_S:g} s",
    "run_job once stop": f"did not answer within {CALL_S:g} s",
    "run_job_done once sleep 20": f"did not answer within {CALL_S:g} s",
    "run_job 4 exit 0": "called exit(0)",
    "run_job_done once exit 3": "called exit(3)",
    "run_job once nonsense": "sends nonsense",
    "run_job_done once shut": "its process failed",
    "* * garbage": "which is no id",
    "run_job_done once error 1 something went wrong": "INTERNAL_ERROR: something went wrong",
    "run_job_done once error 2 the answer was lost": "DRM_COMMUNICATION_FAILURE: the answer was lost",
    "run_job_done once error 6 no room for the answer": "NO_MEMORY: no room for the answer",
    "run_job once error 16 too busy": "too busy",
    "run_job once lose": "",  # its session: it is opened again, and the job handed in
}


@pytest.mark.parametrize(("order", "words"), SUBMITTING.items())
def test_while_submitting(make_site: MakeSite, order: str, words: str) -> None:
    site = make_site()
    site.drm.order(order)
    # A job that ends before it is noticed that the library hangs is never in doubt.
    jobs = site.batch(6, f"sleep {2 * CALL_S:g}" if order.startswith("run_job_done") else "true")
    site.others_notice_nothing()
    site.wait(jobs.values())
    site.all_well(jobs)
    assert words in site.stories(jobs.values())


# What it does while it is asked how jobs fare -> what the log says.
LOOKING = {
    "job_ps 2 segfault": "was ended by SIGSEGV",  # of each process
    "job_ps once abort": "was ended by SIGABRT",
    "job_ps once hang": f"did not answer within {CALL_S:g} s",
    "job_ps once stop": f"did not answer within {CALL_S:g} s",
    "job_ps * sleep 20": f"did not answer within {CALL_S:g} s",
    "job_ps once exit 0": "called exit(0)",
    "job_ps * garbage": "cannot tell its state",
    "job_ps once nonsense": "sends nonsense",
    "job_ps once shut": "its process failed",
    "job_ps * forget": "",
    "* * leak 1": "",
    "* * print I am here": "printed: I am here",
    "* * shout 100": "more lines, which are not shown",
}


@pytest.mark.parametrize(("order", "words"), LOOKING.items())
def test_while_looking(make_site: MakeSite, order: str, words: str) -> None:
    """It changes no job: each ends when it ends, and its own record tells how."""
    site = make_site()
    jobs, open_all = site.gated(3)
    site.drm.order(order)
    os.kill(site.drm.pid, signal.SIGKILL)  # the next one counts its calls from 1
    known = site.drm.count("job_ps")
    site.eventually(lambda: site.drm.count("job_ps") >= known + 2, "two questions about jobs")
    site.others_notice_nothing()
    site.eventually(lambda: words in site.said(), words)
    assert all(job.refresh().cause is None for job in jobs.values())
    open_all()
    site.wait(jobs.values())
    site.all_well(jobs)


def test_a_leak_is_stopped(make_site: MakeSite) -> None:
    site = make_site()
    site.drm.order("run_job_done * leak 200")
    jobs = site.batch(12)
    site.others_notice_nothing()
    site.wait(jobs.values())
    site.all_well(jobs)
    assert site.drm.count("init") > 1
    assert "is replaced: its memory has grown to" in site.said()


def test_a_stuck_call_is_replaced_within_its_deadline(make_site: MakeSite) -> None:
    site = make_site()
    site.drm.order("run_job once hang")
    jobs = site.batch(1)
    stuck = site.eventually(lambda: site.drm.count("run_job"), "the call")
    again = site.eventually(lambda: site.drm.count("init") == 2, "the next process")
    assert CALL_S - 0.5 < again - stuck < 2 * CALL_S
    site.wait(jobs.values())
    site.all_well(jobs)


def test_a_status_that_takes_20_s(make_site: MakeSite) -> None:
    """Within the usual time for a call: it is waited for, and nobody else waits."""
    site = make_site(call_s=0)
    jobs, open_all = site.gated(2)
    site.drm.order("job_ps * sleep 20")
    known = site.drm.count("job_ps")
    began = site.eventually(lambda: site.drm.count("job_ps") > known, "a question about a job")
    site.others_notice_nothing()
    open_all()
    site.wait(jobs.values())
    site.all_well(jobs)
    after = site.batch(1)
    site.wait(after.values())
    site.all_well(after)
    answered = site.eventually(lambda: site.drm.count("run_job") == 3, "the submission")
    assert answered - began > 15 and site.drm.count("init") == 1


@pytest.mark.parametrize("harm", ["segfault", "hang", "exit 1", "error 2 the DRM is away"])
def test_while_cancelling(make_site: MakeSite, harm: str) -> None:
    """It is asked for until the library has taken it."""
    site = make_site()
    jobs, _ = site.gated(1)
    site.drm.order(f"control once {harm}")
    site.cluster.cancel(jobs.values())
    site.others_notice_nothing()
    site.wait(jobs.values())
    assert [job.cause for job in jobs.values()] == [Cause.CANCELLED]
    assert site.drm.count("control") >= 2


REFUSED = {
    "AUTH_FAILURE",
    "INVALID_ARGUMENT",
    "INVALID_ATTRIBUTE_FORMAT",
    "INVALID_ATTRIBUTE_VALUE",
    "CONFLICTING_ATTRIBUTE_VALUES",
    "DENIED_BY_DRM",
}
CODES = range(1, len(ERRORS) + 1)  # and one that nobody knows


def test_every_error_of_a_submission(make_site: MakeSite) -> None:
    """Every other call fails, each with the next code: refused with the library's words, or tried again; never both."""
    site = make_site()
    site.drm.order(*(f"run_job {2 * code} error {code} words-{code}." for code in CODES))
    jobs = site.batch(len(CODES) * 2)
    site.others_notice_nothing()
    site.wait(jobs.values(), 120)
    refused = {name: job for name, job in jobs.items() if job.cause is Cause.REJECTED}
    assert {job.message for job in refused.values()} == {f"words-{ERRORS.index(name)}." for name in REFUSED}
    assert len(refused) == len(REFUSED) and not set(refused) & set(site.ran())
    site.all_well({name: job for name, job in jobs.items() if name not in refused})
    told = set(re.findall(r"words-(\d+)\.", site.stories(jobs.values())))
    silent = {str(ERRORS.index("NO_ACTIVE_SESSION"))}  # the session is opened again, and the job handed in
    assert told == {str(code) for code in CODES} - silent


def test_every_error_of_a_status(make_site: MakeSite) -> None:
    """None of them ends a job: its own record does."""
    site = make_site()
    jobs, open_all = site.gated(len(CODES))
    ids = [job.refresh().row["native_id"] for job in jobs.values()]
    pairs = sorted(zip(ids, CODES, strict=True), key=lambda pair: -len(pair[0]))  # 11 before 1, which is in it
    site.drm.order(*(f"job_ps @{native} error {code} words-{code}." for native, code in pairs))
    known = site.drm.count("job_ps")
    site.eventually(lambda: site.drm.count("job_ps") >= known + 2 * len(CODES), "two questions about each")
    site.others_notice_nothing()
    assert all(job.refresh().cause is None for job in jobs.values())
    open_all()
    site.wait(jobs.values())
    site.all_well(jobs)


def test_two_servers_with_the_same_libraries(make_site: MakeSite) -> None:
    """Each has sessions of its own; one is killed, and the other notices nothing."""
    one, other = make_site("one"), make_site("other")
    jobs, open_all = one.gated(3)
    theirs, open_theirs = other.gated(3)
    both = [(site, site.batch(3, to=place)) for site in (one, other) for place in ("grid", "bad")]
    one.restart()
    other.others_notice_nothing()
    one.others_notice_nothing()
    open_all()
    open_theirs()
    for site, batch in ((one, jobs), (other, theirs), *both):
        site.wait(batch.values())
        site.all_well(batch)
    assert "ended by" not in other.said() and "is replaced" not in other.said()
