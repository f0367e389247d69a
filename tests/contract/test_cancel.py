"""Cancelling a job in every state."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from abell import address
from abell.client.wire import encode
from tests.contract.backends import Row
from tests.contract.site import LONG, Cause, Gate, Job, Site, State


@pytest.fixture
def blocked(site: Site, request: pytest.FixtureRequest) -> Iterator[tuple[Gate, Job]]:
    """One job that runs at `one_at_a_time` until its gate is opened."""
    gate = site.gate(f"cancel-{abs(hash(request.node.name))}")
    job = site.submit(gate.wait, to="one_at_a_time")
    site.until(job, State.RUNNING)
    yield gate, job
    gate.open()
    site.wait([job])
    assert job.cause is Cause.OK


def test_while_running(site: Site) -> None:
    job = site.submit(site.counted("running", "sleep 600"))
    site.until(job, State.RUNNING)
    job.cancel()
    job.wait(LONG)
    assert job.cause is Cause.CANCELLED
    assert "by " in job.message


def test_while_queued(site: Site, blocked: tuple[Gate, Job]) -> None:
    job = site.submit(site.counted("queued"), to="one_at_a_time")
    site.until(job, State.QUEUED)
    job.cancel()
    job.wait(LONG)
    assert job.cause is Cause.CANCELLED
    assert site.ran()["queued"] == 0


@pytest.mark.needs("wait")
def test_while_waiting_in_abell(site: Site, row: Row, blocked: tuple[Gate, Job]) -> None:
    assert row.ahead is not None
    requests = [site.request(site.counted(f"ahead-{n}"), to="one_at_a_time") for n in range(row.ahead + 8)]
    jobs = site.cluster.submit_many(requests)
    site.until(jobs[0], State.QUEUED)
    assert jobs[-1].refresh().state is State.WAITING
    assert "one" in jobs[-1].row["why"] or "narrow" in jobs[-1].row["why"]
    site.cluster.cancel(jobs)
    site.wait(jobs)
    assert {j.cause for j in jobs} == {Cause.CANCELLED}
    assert not any(name.startswith("ahead") for name in site.ran())


def test_at_once_after_submission(site: Site) -> None:
    """Some are being submitted when the wish comes."""
    for n in range(10):
        job = site.submit(site.counted(f"at-once-{n}", "sleep 600"))
        job.cancel()
        job.wait(LONG)
        assert job.cause is Cause.CANCELLED
        assert site.ran()[f"at-once-{n}"] <= 1


def test_one_by_one_and_fast(site: Site) -> None:
    """A wish that comes while an earlier one is on its way to the DRM is not forgotten."""
    jobs = site.cluster.submit_many([site.request("sleep 600") for _ in range(12)])
    for job in jobs[:4]:
        site.until(job, State.RUNNING)
    where = address.read(site.root, "engine")
    assert where is not None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(where.socket)
        connection.sendall(b"".join(encode(n, "cancel", {"jobs": [job.id]}) for n, job in enumerate(jobs)))
        with connection.makefile("rb") as lines:
            answers = [json.loads(lines.readline()) for _ in jobs]
    assert [a["results"] for a in answers] == [{str(j.id): "cancelling"} for j in jobs]
    site.wait(jobs)
    assert {j.cause for j in jobs} == {Cause.CANCELLED}


def test_an_ended_job(site: Site) -> None:
    job = site.run("true")
    assert site.cluster.cancel([job]) == {job.id: "ended"}
    assert job.refresh().cause is Cause.OK


def test_one_that_ignores_signals(site: Site) -> None:
    job = site.submit("trap '' TERM INT HUP; echo armed > armed; while :; do sleep 1; done", workdir=site.work)
    site.until(job, State.RUNNING)
    job.cancel()
    job.wait(LONG)
    assert job.cause is Cause.CANCELLED
