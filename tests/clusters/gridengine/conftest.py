"""The back end on the real Grid Engine of clusters/gridengine, each question put to it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from abell.backends.contract import Ask, Bound, Learned, Reply, Steps, Submission, Want
from abell.backends.gridengine import GridEngine
from abell.hosts.drive import drive, drive_submit
from abell.hosts.local import LocalHost
from abell.job import Resources, Sighting, Unknown, new_key
from tests.clusters.gridengine.clusters import FRAIL, runner, using, why_down
from tests.clusters.gridengine.site import GridSite

LONG = 120.0  # seconds


class Driven:
    """A back end, and the reply to each of its steps."""

    def __init__(self, directory: Path, cell: str, environment: Mapping[str, str]) -> None:
        self.later_s = 0.0  # added to the back end's clock
        self.cell = cell
        self.directory = directory
        self.host = LocalHost(environment)
        self.ids: list[str] = []
        self.commands: list[tuple[str, ...]] = []
        self.begin_again()

    def begin_again(self) -> None:
        """As in a new process: nothing is remembered."""
        self.backend = GridEngine(runner(self.cell), clock=lambda: time.monotonic() + self.later_s)

    async def fulfil(self, want: Want) -> Reply:
        assert not isinstance(want, Ask)
        self.commands.append((Path(want.argv[0]).name, *want.argv[1:]))
        return await self.host.run(want)

    def do(self, steps: Steps[Any]) -> Any:
        return asyncio.run(drive(steps, self.fulfil))

    def job(
        self,
        body: str,
        native: str = "",
        name: str = "a job",
        requeue: bool = False,
        directory: str = "",
        shell: str = "/bin/sh",
        params: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> Submission:
        """A job of that script; `asked` are resources."""
        key = new_key()
        here = self.directory / (directory or key)
        here.mkdir(exist_ok=True)
        given = {"native_specification": native, "parallel_environment": "smp", **(params or {})}
        job = Submission(
            key=key,
            job_id=1,
            number=1,
            name=name,
            directory=str(here),
            script=str(here / "job.sh"),
            stdout=str(here / "job.out"),
            stderr=str(here / "job.err"),
            resources=self.backend.effective(Resources(**asked), given, {}),
            params=given,
            runner_params=self.backend.runner_params,
            workers=1,
            requeue=requeue,
        )
        Path(job.script).write_text(f"#!{shell}\n{body}\n")
        Path(job.script).chmod(0o755)
        return job

    def learn(self, *jobs: Submission) -> list[Learned]:
        learned: list[Learned] = []
        asyncio.run(drive_submit(self.backend.submit(jobs), self.fulfil, learned.append))
        self.ids += [word.native_id for word in learned if isinstance(word, Bound)]
        return learned

    def submit(self, job: Submission) -> str:
        """Its number."""
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
            time.sleep(0.3)

    def run(self, body: str, native: str = "", **asked: Any) -> Sighting:
        return self.until(self.submit(self.job(body, native, **asked)))

    def close(self) -> None:
        if self.ids:
            self.do(self.backend.cancel(self.ids, "the test"))


@pytest.fixture
def parts(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the marks `uses` and `breaks` of a test name is there, and whole or this test's own, until its end."""
    uses = {"main", *(part for mark in request.node.iter_markers("uses") for part in mark.args)}
    breaks = {part for mark in request.node.iter_markers("breaks") for part in mark.args}
    if why := why_down(*uses, *breaks):
        pytest.skip(why)
    with using(*(uses - breaks), alone=breaks):
        yield


@pytest.fixture
def driven(parts: None, tmp_path: Path) -> Iterator[Driven]:
    site = Driven(tmp_path, "main", os.environ)
    yield site
    site.close()


@pytest.fixture
def frail(parts: None, tmp_path: Path) -> Iterator[Driven]:
    """With Debian's accounting, which lags, and nothing that tells who deleted a job."""
    site = Driven(tmp_path, FRAIL, os.environ)
    yield site
    site.close()


@pytest.fixture
def site(request: pytest.FixtureRequest, parts: None, tmp_path: Path) -> Iterator[GridSite]:
    """An engine of this test's own, on the cell that the test breaks or else on `main`."""
    breaks = {part for mark in request.node.iter_markers("breaks") for part in mark.args}
    site = GridSite(tmp_path, FRAIL if FRAIL in breaks else "main")
    site.start()
    site.connect()
    yield site
    site.clear()
    site.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The time that a test waits for others that use its cluster does not count."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(180, func_only=True))
