"""A small load with every kind of ending, and what must be true of it afterwards, whatever was killed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from abell.job import Cause, Request
from tests.contract.site import LONG, Job, Site

CONFIG = """
runners:
  wide: {load: local, workers: 4}
execution:
  default: plain
  environments:
    plain: {runner: wide}
    apart: {runner: wide, outputs_to_working_directory: true}
"""

# name -> (what the command does after it has noted its run, options, how it must end)
KINDS = {
    "ok": ("true", {}, Cause.OK),
    "exit": ("exit 3", {}, Cause.EXIT),
    "signal": ("kill -9 $$", {}, Cause.SIGNAL),
    "output": ('echo made > "$ABELL_OUTPUT_text"', {"to": "apart"}, Cause.OK),
    "walltime": ("exec sleep 600", {"time": "1s"}, Cause.WALLTIME),
    "cancel": ("exec sleep 600", {}, Cause.CANCELLED),
}


@dataclass
class Load:
    """What was submitted to a site: name -> job."""

    site: Site
    jobs: dict[str, Job] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def submit(self, kinds: Sequence[str], prefix: str = "") -> None:
        """One message. Jobs of the kind `cancel` are asked to end at once."""
        named = {f"{prefix}{number}-{kind}": kind for number, kind in enumerate(kinds)}
        made = self.site.cluster.submit_many([self._request(name, kind) for name, kind in named.items()])
        self.jobs |= dict(zip(named, made, strict=True))
        self.kinds |= named
        doomed = [self.jobs[name] for name, kind in named.items() if kind == "cancel"]
        if doomed:
            self.site.cluster.cancel(doomed)

    def _request(self, name: str, kind: str) -> Request:
        then, options, _ = KINDS[kind]
        outputs = {"text": self.site.work / name} if kind == "output" else None
        return self.site.request(self.site.counted(name, then), outputs=outputs, **options)

    def check(self, seconds: float = LONG) -> None:
        """Wait for the end of all; then: every cause right, every tool run exactly once, nothing left over."""
        self.site.wait(self.jobs.values(), seconds)
        wrong = {
            name: (job.cause, job.message, self.site.story(job))
            for name, job in self.jobs.items()
            if job.cause is not KINDS[self.kinds[name]][2]
        }
        assert not wrong, wrong
        ran = self.site.ran()
        assert not set(ran) - set(self.jobs), "a job ran that nobody submitted"
        for name, kind in self.kinds.items():
            assert ran[name] == 1 or (kind == "cancel" and ran[name] == 0), f"{name} ran {ran[name]} times"
            if kind == "output":
                assert (self.site.work / name).read_text() == "made\n"
        with self.site.database() as db:
            assert db.execute("SELECT count(*) FROM abell_job").fetchone()[0] == len(self.jobs)
        self.site.stop()
        self.site.check_database()
        assert self.site.untidied() == []
        self.site.expect_nothing_left()


class InBackground:
    """Runs something that may have to wait for a dead engine's successor; its failure is raised by `join`."""

    def __init__(self, work: object, *arguments: object) -> None:
        assert callable(work)
        self._error: BaseException | None = None

        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(LONG)
        if self._error is not None:
            raise self._error
        assert not self._thread.is_alive(), "it has not come to an end"
