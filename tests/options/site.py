"""An engine with one configuration in a directory of its own, and what became of the jobs given to it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from abell import Cause, Cluster, Job, State, make_request

SRC = Path(__file__).parents[2] / "src"
LONG = 60.0  # seconds: the longest that anything here may take on a busy machine


class Site:
    """`config` is the text of a configuration file, in which @HERE@ stands for the directory."""

    def __init__(self, directory: Path, config: str, name: str, root: Path | None, environ: dict[str, str]) -> None:
        self.directory = directory
        self.config = directory / name
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(config.replace("@HERE@", str(directory)))
        self.root = root or directory / "root"
        self.log: list[str] = []
        self._serves = threading.Event()
        inherited = {k: v for k, v in os.environ.items() if k not in ("ABELL_ROOT", "GALAXY_SLOTS", "TMPDIR")}
        named = [] if root else ["--root", str(self.root)]
        self._engine = subprocess.Popen(
            [sys.executable, "-m", "abell", "serve", *named, "-c", str(self.config)],
            env={**inherited, "PYTHONPATH": str(SRC), **environ},
            cwd=directory,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._serves.wait(LONG) and self._engine.poll() is None, self.said()
        self.cluster = Cluster(self.root)

    def _read(self) -> None:
        assert self._engine.stderr is not None
        for line in self._engine.stderr:
            self.log.append(line)
            if " serves (epoch " in line:
                self._serves.set()
        self._serves.set()

    def said(self) -> str:
        """The engine's log."""
        return "".join(self.log)

    def submit(self, command: str | Sequence[str], **asked: Any) -> Job:
        return self.cluster.submit_many([make_request(command, **{"workdir": None, **asked})])[0]

    def run(self, command: str | Sequence[str], **asked: Any) -> Job:
        return self.submit(command, **asked).wait(LONG)

    def output(self, command: str | Sequence[str], **asked: Any) -> str:
        """What a command prints that succeeds."""
        job = self.run(command, **asked)
        assert job.cause is Cause.OK, (job.row, job.stderr and job.stderr.read_text())
        return job.stdout.read_text()

    def story(self, job: Job) -> list[str]:
        """Its events, as `abell show` tells them."""
        return [f"{each['kind']}: {each['text']}" for each in self.cluster.client_ask("job", job=job.id)["events"]]

    def until(self, job: Job, *states: State) -> None:
        """Return when the job is in one of these states: the engine tells of each change."""
        with self.cluster._client.watch([job.id]) as watch:
            while watch.live:
                for row in watch.rows(LONG):
                    job.row = row
                    if job.state in states:
                        return
        raise AssertionError(f"it ended before: {job.row}")

    def close(self) -> None:
        """A defect that only the engine's log shows fails here."""
        self.cluster.cancel(self.cluster.jobs(states=[s for s in State if s is not State.ENDED], limit=None))
        self.cluster.wait(self.cluster.jobs(limit=None), LONG)
        self.cluster.close()
        self._engine.terminate()
        self._engine.wait(LONG)
        self._reader.join(LONG)
        assert "Traceback" not in self.said(), self.said()


def until(condition: Callable[[], object]) -> None:
    """For what happens after a job's ending has been told: files go last."""
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
