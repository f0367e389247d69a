"""The test clusters are what other tests take them for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.gridengine.clusters import (
    APP_USER,
    CELLS,
    FRAIL,
    JOB_USER,
    accounted,
    configured,
    grid,
    one,
    state,
    using,
    why_down,
    without,
)

pytestmark = pytest.mark.timeout(300, func_only=True)
QUIET = ("-o", "/dev/null", "-j", "y", "-b", "y")


@pytest.fixture(autouse=True)
def up() -> None:
    if why := why_down(*CELLS):
        pytest.skip(why)


@pytest.fixture
def frail(up: None) -> Iterator[str]:
    with using(alone=[FRAIL]):
        yield FRAIL


def submit(cell: str, *argv: str, user: str = "") -> str:
    return grid(cell, "qsub", "-terse", *QUIET, *argv, user=user).strip().partition(".")[0]


@pytest.mark.parametrize("cell", ["main", "frail"])
@pytest.mark.parametrize("user", ["", JOB_USER, APP_USER])
def test_users_may_ask_for_a_project_and_a_parallel_environment(cell: str, user: str) -> None:
    with using(cell):
        number = submit(cell, "-P", "bignodes", "-R", "y", "-pe", "threads", "8", "true", user=user)
        eventually(lambda: accounted(cell, number), f"{cell} accounts for job {number}")
    [record] = accounted(cell, number)
    assert record["owner"] == (user or "root")
    assert (record["project"], record["granted_pe"], record["slots"]) == ("bignodes", "threads", "8")
    assert (record["failed"], record["exit_status"]) == ("0", "0")


def test_one_job_at_a_time() -> None:
    with using("main"):
        first = submit("main", "-l", f"{one()}=1", "sleep", "60")
        eventually(lambda: state("main", first) == "r", "the first job runs")
        second = submit("main", "-l", f"{one()}=1", "sleep", "60")
        try:
            eventually(lambda: f"hc:{one()}=0" in grid("main", "qstat", "-j", second), "the second waits for it")
            assert state("main", second) == "qw"
        finally:
            grid("main", "qdel", first, second)


def test_a_limit_of_jobs(frail: str) -> None:
    others = len({line.split()[0] for line in grid(frail, "qstat", "-u", "root").splitlines()[2:]})  # earlier tests'
    with configured(frail, max_u_jobs=str(others + 1)):
        number = submit(frail, "sleep", "60")
        with pytest.raises(AssertionError, match=r"only \d+ jobs are allowed per user"):
            submit(frail, "true")
        grid(frail, "qdel", number)
    submit(frail, "true")


@pytest.mark.parametrize("how", ["stop", "kill", "freeze"])
def test_a_job_outlives_the_qmaster(frail: str, how: str) -> None:
    number = submit(frail, "sleep", "4")
    eventually(lambda: state(frail, number) == "r", "the job runs")
    with without(how, "qmaster", frail):
        pass
    eventually(lambda: accounted(frail, number), "the job is accounted for", 90)
    [record] = accounted(frail, number)
    assert (record["failed"], record["exit_status"]) == ("0", "0")


@pytest.mark.parametrize("how", ["stop", "kill", "freeze"])
def test_jobs_run_when_an_execd_is_back(frail: str, how: str) -> None:
    with without(how, "execd", frail):
        pass
    number = submit(frail, "true")
    eventually(lambda: accounted(frail, number), "the job is accounted for", 90)
    [record] = accounted(frail, number)
    assert (record["failed"], record["exit_status"]) == ("0", "0")
