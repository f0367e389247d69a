"""The back end on the real Slurm of clusters/slurm: by itself, each question put to it, or in a real engine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from abell.backends.contract import Ask, Bound, Learned, Reply, Steps, Submission, Want
from abell.backends.slurm import Slurm
from abell.hosts.drive import drive, drive_submit
from abell.hosts.local import LocalHost
from abell.job import Resources, Sighting, Unknown, new_key
from tests.clusters.slurm.clusters import using, why_down
from tests.clusters.slurm.site import ScenarioSite

CONF = "/var/lib/abell-slurm/{}/slurm.conf"
LONG = 120.0  # seconds: Slurm looks for jobs over their time twice a minute


def admin(*argv: str, cluster: str = "main") -> str:
    """A command of the administrator's."""
    env = {**os.environ, "SLURM_CONF": CONF.format(cluster)}
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False).stdout


def down(cluster: str) -> str:
    """Why this cluster cannot be used; '' if it can."""
    return why_down(cluster)


class Driven:
    """A back end, and the reply to each of its steps."""

    def __init__(self, directory: Path, cluster: str, environment: Mapping[str, str]) -> None:
        self.later_s = 0.0  # added to the back end's clock
        self.backend = Slurm({"slurm_conf": CONF.format(cluster)}, clock=lambda: time.monotonic() + self.later_s)
        self.directory = directory
        self.host = LocalHost(environment)
        self.ids: list[str] = []

    async def fulfil(self, want: Want) -> Reply:
        assert not isinstance(want, Ask)
        return await self.host.run(want)

    def do(self, steps: Steps[Any]) -> Any:
        return asyncio.run(drive(steps, self.fulfil))

    def job(
        self, body: str, native: str = "", name: str = "a job", requeue: bool = False, directory: str = "", **asked: Any
    ) -> Submission:
        """A job of that script; `asked` are resources."""
        key = new_key()
        here = self.directory / (directory or key)
        here.mkdir(exist_ok=True)
        params = {"native_specification": native}
        job = Submission(
            key=key,
            job_id=1,
            number=1,
            name=name,
            directory=str(here),
            script=str(here / "job.sh"),
            stdout=str(here / "job.out"),
            stderr=str(here / "job.err"),
            resources=self.backend.effective(Resources(**asked), params, {}),
            params=params,
            runner_params=self.backend.runner_params,
            workers=1,
            requeue=requeue,
        )
        Path(job.script).write_text("\n".join(("#!/bin/sh", *self.backend.header(job), body, "")))
        return job

    def learn(self, *jobs: Submission) -> list[Learned]:
        learned: list[Learned] = []
        asyncio.run(drive_submit(self.backend.submit(jobs), self.fulfil, learned.append))
        self.ids += [word.native_id for word in learned if isinstance(word, Bound)]
        return learned

    def submit(self, job: Submission) -> str:
        """Its id."""
        [word] = self.learn(job)
        assert isinstance(word, Bound), word
        return word.native_id

    def poll(self, native_id: str) -> Sighting | Unknown | None:
        found: Mapping[str, Sighting | Unknown] = self.do(self.backend.poll([native_id]))
        return found.get(native_id)

    def until(self, native_id: str, true: Callable[[Sighting], object] = lambda seen: seen.over) -> Sighting:
        """The first sighting of which that is true: the only way to hear of it is to ask."""
        deadline = time.monotonic() + LONG
        while True:
            seen = self.poll(native_id)
            if isinstance(seen, Sighting) and true(seen):
                return seen
            assert time.monotonic() < deadline, seen
            time.sleep(0.5)

    def run(self, body: str, native: str = "", **asked: Any) -> Sighting:
        return self.until(self.submit(self.job(body, native, **asked)))

    def close(self) -> None:
        self.do(self.backend.cancel(self.ids, "the test"))


def clean(environment: Mapping[str, str], **more: str) -> dict[str, str]:
    return {k: v for k, v in environment.items() if not k.startswith(("SLURM", "SBATCH", "SQUEUE"))} | more


@pytest.fixture
def parts(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the marks `uses` and `breaks` of a test name is there, and whole or this test's own, until its end."""
    uses = [part for mark in request.node.iter_markers("uses") for part in mark.args]
    breaks = [part for mark in request.node.iter_markers("breaks") for part in mark.args]
    if why := why_down("main", *({*uses, *breaks} & {"bare", "other"})):
        pytest.skip(why)
    with using(*uses, alone=breaks):
        yield


@pytest.fixture
def site(request: pytest.FixtureRequest, parts: None, tmp_path: Path) -> Iterator[ScenarioSite]:
    """An engine of this test's own."""
    site = ScenarioSite(tmp_path, [name for mark in request.node.iter_markers("counts") for name in mark.args])
    site.start()
    site.connect()
    yield site
    site.clear()
    site.close()


@pytest.fixture
def driven(parts: None, tmp_path: Path) -> Iterator[Driven]:
    site = Driven(tmp_path, "main", clean(os.environ))
    yield site
    site.close()


@pytest.fixture
def bare(parts: None, tmp_path: Path) -> Iterator[Driven]:
    """A cluster without accounting."""
    site = Driven(tmp_path, "bare", clean(os.environ))
    yield site
    site.close()
