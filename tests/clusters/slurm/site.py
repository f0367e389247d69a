"""A real engine with destinations on all three clusters."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.clusters.scenario import Scenario
from tests.clusters.slurm import clusters

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


class ScenarioSite(Scenario):
    """`tools` counts the Slurm commands of the engine: each is the real one, behind a script that notes it."""

    def __init__(self, directory: Path, counted: Sequence[str] = ()) -> None:
        self.asked = directory / "asked"
        super().__init__(directory, configuration())
        if counted:
            self.environ["PATH"] = f"{_counting(directory, counted, self.asked)}{os.pathsep}{os.environ['PATH']}"

    def commands(self) -> Counter[str]:
        """How often the engine has run each counted command."""
        return Counter(self.asked.read_text().split())

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
