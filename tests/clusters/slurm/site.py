"""A real engine with destinations on all three clusters."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.clusters.slurm import clusters
from tests.contract.site import LONG, Job, Site, State

# More questions than a cluster in production likes, so that the tests need not wait for the next one.
RUNNERS = {
    "main": {"load": "slurm", "slurm_conf": clusters.conf("main"), "asks_per_minute": 120},
    "bare": {"load": "slurm", "slurm_conf": clusters.conf("bare"), "asks_per_minute": 120},
    "modest": {"load": "slurm", "slurm_conf": clusters.conf("main")},  # as in production
}
MEMORY = "--mem={mem_mb:100}M"  # the clusters' own default is 64 MiB
# Destination -> its runner and its options for sbatch.
DESTINATIONS = {
    "main": ("main", ""),
    "tomorrow": ("main", "--begin=now+1day"),
    "hold": ("main", "--hold"),
    "fixed": ("main", "-p short -n 2 -c 2 --mem=400 -t 1"),
    "frail": ("main", "--partition=frail"),
    "low": ("main", "--partition=low"),
    "high": ("main", "--partition=high"),
    "tight": ("main", "--qos=tight"),
    "limited": ("main", "--account=limited"),
    "never": ("main", "--dependency=afterok:99999999"),
    "other": ("main", "--clusters=other"),
    "other_tomorrow": ("main", "-M other --begin=now+1day"),
    "bare": ("bare", ""),
    "b2": ("bare", "--nodelist=b2"),
    "bare_tomorrow": ("bare", "--begin=now+1day"),
    "modest_tomorrow": ("modest", "--begin=now+1day"),
}


def configuration() -> str:
    places = {
        name: {"runner": runner, "native_template": MEMORY, "native_specification": options}
        for name, (runner, options) in DESTINATIONS.items()
    }
    return json.dumps({"runners": RUNNERS, "execution": {"default": "main", "environments": places}}, indent=1)


class ScenarioSite(Site):
    """`tools` counts the Slurm commands of the engine: each is the real one, behind a script that notes it."""

    def __init__(self, directory: Path, counted: Sequence[str] = ()) -> None:
        self.asked = directory / "asked"
        super().__init__(directory, configuration())
        if counted:
            self.environ["PATH"] = f"{_counting(directory, counted, self.asked)}{os.pathsep}{os.environ['PATH']}"

    def commands(self) -> Counter[str]:
        """How often the engine has run each counted command."""
        return Counter(self.asked.read_text().split())

    def number(self, job: Job) -> str:
        """Slurm's number of it."""
        native: str = job.refresh().row["native_id"]
        return native.partition(".")[0]

    def until_why(self, job: Job, *texts: str) -> None:
        """Return when what `ps` says of it has all these texts."""
        with self.cluster._client.watch([job.id]) as watch:
            while watch.live:
                rows = watch.rows(LONG)
                assert rows, f"job {job.id} waits without a word of {texts}: {job.refresh().row['why']}"
                for row in rows:
                    job.row = row
                    if all(text in row["why"] for text in texts):
                        return
        raise AssertionError(f"job {job.id} ended before: {job.row}")

    def notices(self) -> str:
        """What `ps` says of the runners."""
        return "\n".join(self.cluster.client_ask("jobs", limit=1)["notices"])

    def gated(self, name: str, then: str = "true", *, to: str) -> Job:
        """A job that runs until `self.open(name)`."""
        return self.submit(self.counted(name, f"{self.gate(name).wait}; {then}"), to=to)

    def open(self, *names: str) -> None:
        for name in names:
            (self.directory / f"{name}.gate").write_text("go\n")

    def running(self, *jobs: Job) -> None:
        for job in jobs:
            self.until(job, State.RUNNING)

    def clear(self) -> None:
        """A test that failed has left jobs."""
        for name, *on in (("main",), ("bare",), ("main", "-M", "other")):
            listed = clusters.slurm(name, "squeue", *on, "--me", "--noheader", "-O", "JobID:20,WorkDir:4096", ok=False)
            if numbers := [line.split()[0] for line in listed.splitlines() if str(self.directory) in line]:
                clusters.slurm(name, "scancel", *on, *numbers, ok=False)


def _counting(directory: Path, names: Sequence[str], log: Path) -> Path:
    tools = directory / "tools"
    tools.mkdir()
    log.touch()
    for name in names:
        (tools / name).write_text(f'#!/bin/sh\necho {name} >>"{log}"\nexec {shutil.which(name)} "$@"\n')
        (tools / name).chmod(0o755)
    return tools
