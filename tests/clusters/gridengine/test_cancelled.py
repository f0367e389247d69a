"""Jobs that somebody ends by Grid Engine's own qdel: the one who runs the server, or an operator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clusters.gridengine.clusters import JOB_USER, grid
from tests.clusters.gridengine.site import KINDS, TELLS, GridSite
from tests.contract.site import Cause, State

pytestmark = pytest.mark.timeout(300, func_only=True)


@pytest.fixture
def operator() -> Iterator[str]:
    """A user who may end the jobs of others."""
    grid("main", "qconf", "-ao", JOB_USER)
    yield JOB_USER
    grid("main", "qconf", "-do", JOB_USER)


def test_not_through_abell_is_said_with_the_name_where_it_is_known(site: GridSite, operator: str) -> None:
    """Plain DRMAA knows no names: the best that is known is a signal, and of a job that never ran nothing."""
    running = site.each("running", "sleep 900")
    by_operator = site.each("operator", "sleep 900")
    pending = site.each("pending", "true", "held")
    site.running(*running.values(), *by_operator.values())
    for job in pending.values():
        site.until(job, State.HELD)
    site.grid("qdel", *(site.number(job) for job in (*running.values(), *pending.values())))
    site.grid("qdel", *(site.number(job) for job in by_operator.values()), user=operator)
    site.wait([*running.values(), *by_operator.values(), *pending.values()], 150)
    for kind in TELLS:
        for job, who in ((running[kind], "root"), (by_operator[kind], operator), (pending[kind], "root")):
            assert job.cause is Cause.CANCELLED, (kind, who, job.row)
            assert "not through Abell" in job.message and f"by {who}" in job.message, (kind, job.message)
    for job in (running["drmaa"], by_operator["drmaa"]):
        assert job.cause is Cause.SIGNAL and "9 (KILL)" in job.message, job.row
    assert pending["drmaa"].cause is Cause.LOST and "could not start it" in pending["drmaa"].message
    assert site.ran() == {f"{name}-{kind}": 1 for name in ("running", "operator") for kind in KINDS}


def test_through_abell(site: GridSite) -> None:
    running = site.each("running", "sleep 900")
    pending = site.each("pending", "true", "held")
    site.running(*running.values())
    for job in pending.values():
        site.until(job, State.HELD)
    jobs = [*running.values(), *pending.values()]
    site.cluster.cancel(jobs)
    site.wait(jobs, 90)
    for job in jobs:
        assert job.cause is Cause.CANCELLED, job.row
        assert "not through" not in job.message and "by " in job.message
    assert site.ran() == {f"running-{kind}": 1 for kind in KINDS}
