"""A server for a benchmark on a real DRM, with a count of the commands that it asks it by."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from pathlib import Path

from engine import Server, cpu_seconds


class Site:
    """A server with a root of its own, in `folder`; `asking`: the commands that only ask the DRM."""

    def __init__(self, folder, configuration, asking):
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()
        self.asked = folder / "asked"
        self.asked.touch()
        tools = folder / "bin"
        tools.mkdir()
        for name in asking:
            script = f'#!/bin/sh\necho {name} >>"{self.asked}"\nexec {shutil.which(name)} "$@"\n'
            (tools / name).write_text(script)
            (tools / name).chmod(0o755)
        config = folder / "job_conf.yml"
        config.write_text(json.dumps(configuration))
        os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
        self.server = Server(self.root, "-c", str(config))
        self.pid = self.server.process.pid

    def submit(self, commands, destination="plain"):
        jobs = [{"command": command, "destination": destination} for command in commands]
        return self.server.answer(op="submit", jobs=jobs)["ids"]

    def endings(self, ids):
        """The rows of these jobs, each as its ending becomes known."""
        for told in self.server.ask(op="wait", jobs=ids, only_endings=True):
            if "event" in told:
                yield told["event"]

    def run(self, jobs):
        """Seconds from the first submission of so many no-op jobs to the last ending known."""
        began = time.perf_counter()
        causes = Counter(row["cause"] for row in self.endings(self.submit(["true"] * jobs)))
        seconds = time.perf_counter() - began
        if causes != {"ok": jobs}:
            raise SystemExit(f"not all jobs ended ok: {dict(causes)}")
        return seconds

    def scripts(self, jobs):
        """The last so many job scripts."""
        return sorted((self.root / "jobs").glob("**/job.sh"))[-jobs:]

    def queue(self, jobs, destination):
        """Ids of so many jobs, once the DRM has them all."""
        ids = self.submit(["true"] * jobs, destination)
        while any(row["state"] not in ("queued", "held") for row in self.server.answer(op="jobs", ids=ids)["jobs"]):
            time.sleep(0.5)
        return ids

    def cancel(self, ids):
        self.server.answer(op="cancel", jobs=ids, by="bench")
        for _ in self.endings(ids):
            pass

    def questions(self):
        return len(self.asked.read_text().splitlines())

    def ended_s(self, row):
        """When its script had written its record."""
        return (Path(row["directory"]) / "control" / "ending.1").stat().st_mtime


def cpu_s(pid):
    """Of a process itself, and of the commands it ran and has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return cpu_seconds(pid), (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def as_new(scripts):
    """Have these scripts run again as if they had not; the endings that they will write."""
    for script in scripts:
        shutil.rmtree(script.parent / "control")
        (script.parent / "control").mkdir()
        for name in ("home", "tmp", "working", "outputs"):
            (script.parent / name).mkdir(exist_ok=True)
    return [script.parent / "control" / "ending.1" for script in scripts]
