"""Jobs that a DRM starts again: how to have it do so, and what tests ask of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from abell.client.cluster import Job
from tests.contract.site import Gate, Site, State


@dataclass(frozen=True)
class Again:
    """How to have a DRM start a job again: each is told the job's native id."""

    take_back: Callable[[Site, str], None]  # end the run as an administrator may; the job is queued again, and held
    fail: Callable[[Site, str], None]  # the same as by a failure of its node
    release: Callable[[Site, str], None]  # no longer held, as soon as it is


def begin(site: Site, gate: Gate, then: str = "true", to: str = "again", **asked: object) -> Job:
    """A job whose first run stands at the gate. Its working file tells how many runs have seen the directory."""
    command = f"echo seen >> file; wc -l < file; echo it >> {site.runs}; {gate.wait}; {then}"
    job = site.submit(command, to=to, **asked)
    site.until(job, State.RUNNING)
    site.runs_until(1)
    return job


def begun(site: Site, job: Job) -> list[str]:
    return [line for line in site.story(job) if line.startswith(("started", "ended"))]


def native(job: Job) -> str:
    return str(job.row["native_id"])


def control(site: Site, job: Job) -> str:
    """Without an engine to ask."""
    with site.database() as db:
        (row,) = db.execute("SELECT directory FROM abell_attempt WHERE job_id = ?", (job.id,)).fetchall()
    return f"{row['directory']}/control"


def take_back(site: Site, again: Again, job: Job) -> None:
    again.take_back(site, native(job))
    site.until(job, State.HELD)
