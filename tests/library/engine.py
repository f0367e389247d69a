"""A real engine with the small DRM behind a runner, and other runners beside it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract.site import LONG, Cause, Gate, Job, Site, State
from tests.library.hostile.small_drm import SmallDrm

CALL_S = 3.0  # seconds that a call of the library may take, where it is meant to hang
PROMPT_S = 20.0  # for jobs of a second on a busy machine: less than what the library does elsewhere takes
HERE = {"runner": "here"}


class HostileSite(Site):
    """Destinations: `bad`, the default, on the small DRM; `here`, local; and the `others`."""

    def __init__(
        self,
        directory: Path,
        library: Path,
        drm: SmallDrm,
        call_s: float = 0.0,
        runners: Mapping[str, Any] | None = None,
        others: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`call_s` 0: the usual times. `settings` are galaxy.yml's."""
        directory.mkdir(exist_ok=True)
        copy = shutil.copy(library, directory / "libdrmaa.so")
        bad = {"load": "drmaa", "drmaa_library_path": str(copy)} | ({"drmaa_call_timeout": call_s} if call_s else {})
        config = {
            "runners": {"bad": bad, "here": {"load": "local", "workers": 4}, **(runners or {})},
            "execution": {
                "default": "bad",
                "environments": {"bad": {"runner": "bad"}, "here": HERE, **(others or {})},
            },
        }
        whole = {"galaxy": {**settings, "job_config": config}} if settings else config
        super().__init__(directory, json.dumps(whole))
        if settings:
            self.config = self.config.rename(directory / "galaxy.yml")
        self.drm = drm
        self.environ |= drm.environ
        self.places = ("here", *(others or {}))
        self._number = 0
        self.start()
        self.connect()

    def batch(self, count: int, then: str = "true", to: str = "bad") -> dict[str, Job]:
        """In one message: name -> job. Each notes its run."""
        return self._submit([then] * count, to)

    def _submit(self, what: Sequence[str], to: str) -> dict[str, Job]:
        self._number += 1
        names = [f"{to}-{self._number}-{number}" for number in range(len(what))]
        requests = [self.request(self.counted(name, then), to=to) for name, then in zip(names, what, strict=True)]
        return dict(zip(names, self.cluster.submit_many(requests), strict=True))

    def gated(self, count: int) -> tuple[dict[str, Job], Callable[[], None]]:
        """Jobs that run until that is called."""
        self._number += 1
        # Where jobs of a confined library get at them: what is made beside the root later is out of their reach.
        gates = [Gate(self.work / f"{self._number}-{number}.gate") for number in range(count)]
        jobs = self._submit([gate.wait for gate in gates], "bad")
        for job in jobs.values():
            self.until(job, State.RUNNING)

        def open_all() -> None:
            for gate in gates:
                gate.open()

        return jobs, open_all

    def others_notice_nothing(self) -> None:
        """Jobs of all other runners are taken, run and end meanwhile."""
        jobs: dict[str, Job] = {}
        for place in self.places:
            jobs |= self.batch(2, to=place)
        self.wait(jobs.values(), PROMPT_S)
        self.all_well(jobs)

    def all_well(self, jobs: Mapping[str, Job]) -> None:
        """Each has ended well and ran once."""
        ran = self.ran()
        assert {name: (job.cause, ran[name]) for name, job in jobs.items()} == dict.fromkeys(jobs, (Cause.OK, 1)), (
            self.stories(jobs.values())
        )

    def stories(self, jobs: Iterable[Job]) -> str:
        return "\n".join(line for job in jobs for line in self.story(job))

    def said(self) -> str:
        """The log of its engines."""
        return "".join(self.log + (self.engine.log if self.engine else []))

    def eventually(self, condition: object, what: str) -> float:
        """Monotonic seconds of when it was first seen to be so."""
        assert callable(condition)
        end = time.monotonic() + LONG
        while not condition():
            assert time.monotonic() < end, f"{what}: {self.said()[-3000:]}"
            time.sleep(0.05)
        return time.monotonic()
