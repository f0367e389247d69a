"""A real engine whose DRM's library does harm: jobs run once, end by their own record, and hold up no other runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.site import Cause, Site
from tests.library.hostile import compile_library

CONFIG = """
runners:
  d: {load: drmaa, drmaa_library_path: @LIBRARY@}
  local: {load: local}
execution:
  default: d
  environments: {d: {runner: d}, local: {runner: local}}
"""


@pytest.fixture
def drm(tmp_path: Path) -> Path:
    folder = tmp_path / "drm"
    folder.mkdir()
    return folder


@pytest.fixture
def site(tmp_path: Path, drm: Path) -> Iterator[Site]:
    site = Site(tmp_path, CONFIG.replace("@LIBRARY@", str(compile_library(tmp_path))))
    site.environ |= {"DRMAA_HOSTILE_DIR": str(drm)}
    site.start()
    site.connect()
    yield site
    site.close()


def order(drm: Path, *lines: str) -> None:
    (drm / "orders").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("harm", ["segfault", "abort", "exit 3"])
@pytest.mark.parametrize("when", ["run_job", "run_job_done"])
def test_the_library_dies_in_a_submission(site: Site, drm: Path, when: str, harm: str) -> None:
    """Before it has taken the job, or after it: the run lock tells, and the job runs once."""
    order(drm, f"{when} once {harm}")
    job = site.run(site.counted("it"))
    assert job.cause is Cause.OK
    assert site.ran() == {"it": 1}


@pytest.mark.parametrize("function", ["job_ps", "wait", "wait_done"])
def test_the_library_dies_in_a_question(site: Site, drm: Path, function: str) -> None:
    order(drm, f"{function} once segfault")
    job = site.run(site.counted("it", "exit 3"))
    assert (job.cause, job.exit_code) == (Cause.EXIT, 3)
    assert site.ran() == {"it": 1}


def test_a_job_that_the_library_dies_of(site: Site, drm: Path) -> None:
    """It is set aside, and every other one runs."""
    order(drm, "run_job * segfault")
    deadly = site.submit(site.counted("deadly"))
    assert site.run("true", to="local").cause is Cause.OK
    deadly.wait(60)
    assert deadly.cause is Cause.REJECTED and "SIGSEGV" in deadly.message
    order(drm)
    assert site.run(site.counted("after")).cause is Cause.OK
    assert site.ran() == {"after": 1}


def test_the_library_prints_lies_and_forgets(site: Site, drm: Path) -> None:
    """Its words about jobs are worth nothing; their own records are."""
    order(drm, "job_ps * forget", "* * print all your jobs are done")
    jobs = site.cluster.submit_many([site.request(site.counted(str(n), f"exit {n}")) for n in range(3)])
    site.wait(jobs)
    assert [(job.cause, job.exit_code) for job in jobs] == [(Cause.OK, 0), (Cause.EXIT, 1), (Cause.EXIT, 2)]
    assert site.ran() == {"0": 1, "1": 1, "2": 1}
