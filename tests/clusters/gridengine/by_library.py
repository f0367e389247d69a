"""Back ends that ask Grid Engine's DRMAA library, each question put to it: the real one, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abell.backends.contract import Ask, Learned, Reply, Steps, Submission, Want
from abell.backends.drmaa import Drmaa
from abell.backends.univa import Univa
from abell.hosts.drive import drive, drive_submit
from abell.hosts.library import Libraries
from tests.clusters.gridengine.clusters import environ
from tests.clusters.gridengine.conftest import Driven


class ByLibrary(Driven):
    """One server: a back end and its host of libraries."""

    backend: Drmaa  # type: ignore[assignment]

    def __init__(self, directory: Path, cell: str, kind: type[Drmaa], **runner_params: Any) -> None:
        self._kind, self._runner_params = kind, runner_params
        self.environment = {**os.environ, **environ(cell)}
        self._loop = asyncio.new_event_loop()
        self.asked: list[Ask] = []
        self.libraries: Libraries | None = None
        super().__init__(directory, cell, self.environment)

    def begin_again(self) -> None:
        """As a server that starts: it knows the ids of its jobs, and nothing else."""
        if self.libraries is not None:
            self._loop.run_until_complete(self.libraries.close())
        root = self.directory / "root"
        root.mkdir(exist_ok=True)
        self.libraries = Libraries(root, self.environment)
        if self._kind is Univa:
            self.backend = Univa(self._runner_params, clock=lambda: time.monotonic() + self.later_s)
        else:
            self.backend = self._kind(self._runner_params)

    async def fulfil(self, want: Want) -> Reply:
        if not isinstance(want, Ask):
            return await super().fulfil(want)
        assert self.libraries is not None
        self.asked.append(want)
        return await self.libraries.ask(want)

    def do(self, steps: Steps[Any]) -> Any:
        return self._loop.run_until_complete(drive(steps, self.fulfil))

    def learn(self, *jobs: Submission) -> list[Learned]:
        learned: list[Learned] = []
        for job in jobs:
            Path(job.script).chmod(0o700)
        self._loop.run_until_complete(drive_submit(self.backend.submit(jobs), self.fulfil, learned.append))
        self.ids += [native for word in learned if (native := getattr(word, "native_id", ""))]
        return learned

    def attributes(self, params: Mapping[str, Any], body: str = "true", **asked: Any) -> str:
        """The id of a job with these parameters of a destination."""
        return self.submit(self.with_(params, body, **asked))

    def with_(self, params: Mapping[str, Any], body: str = "true", **asked: Any) -> Submission:
        """A job with them."""
        others = {name: value for name, value in params.items() if name != "nativeSpecification"}
        return self.job(body, str(params.get("nativeSpecification", "")), params=others, **asked)

    def close(self) -> None:
        try:
            super().close()
        finally:
            assert self.libraries is not None
            self._loop.run_until_complete(self.libraries.close())
            self._loop.close()
