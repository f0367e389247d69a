"""Jobs on a real Grid Engine by its DRMAA library (clusters/gridengine/up), against a bare loop over drmaa-python.

    python bench/gridengine.py [JOBS] [ACTIVE] [ROUNDS]

JOBS (500) no-op jobs, from the first submission to the last ending known, against the same scripts by runJob and then
synchronize; and the processor time of the server and of its library's process in a minute of watching ACTIVE (1000)
jobs, against one jobStatus a job and second, as Galaxy asks.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drm import Site, as_new, cpu_s
from engine import cpu_seconds

SETTINGS = Path(os.environ.get("ABELL_GRIDENGINE", "/var/lib/abell-gridengine/main/settings.sh"))
CONFIG = {
    "runners": {"drmaa": {"load": "galaxy.jobs.runners.drmaa:DRMAAJobRunner"}},
    "execution": {
        "default": "plain",
        "environments": {
            "plain": {"runner": "drmaa"},
            "held": {"runner": "drmaa", "jobSubmissionState": "drmaa_hold"},
        },
    },
}
LOOP = Path(__file__).with_name("drmaa_loop.py")


def use(settings):
    """The variables that name a cell, of its settings.sh."""
    for line in settings.read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        os.environ[name] = os.path.expandvars(value)


def loop(*arguments, stdin):
    environ = {**os.environ, "LD_PRELOAD": "libjemalloc.so.2"}
    done = subprocess.run(
        [sys.executable, LOOP, *arguments], input="\n".join(map(str, stdin)), env=environ, text=True,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return float(done.stdout)


def throughput(site, jobs, rounds):
    ratios = []
    for _ in range(rounds):
        before = cpu_s(site.pid), cpu_seconds(library(site))
        ours = site.run(jobs)
        own, child = cpu_s(site.pid)[0] - before[0][0], cpu_seconds(library(site)) - before[1]
        scripts = site.scripts(jobs)
        as_new(scripts)
        bare = loop("run", stdin=scripts)
        ratios.append(ours / bare)
        print(f"{jobs} no-op jobs: {ours:.1f} s; runJob and synchronize {bare:.1f} s; ratio {ours / bare:.2f}")
        print(f"CPU a job: server {1000 * own / jobs:.1f} ms, the library's process {1000 * child / jobs:.1f} ms")
    print(f"{jobs} no-op jobs against drmaa-python: median ratio {statistics.median(ratios):.2f} (at most 1.15)")


def watched(site, jobs, seconds=60):
    native = [row["native_id"] for row in site.server.answer(op="jobs", ids=jobs)["jobs"]]
    time.sleep(10)  # until the news of the submissions has been heard
    before = cpu_s(site.pid)[0] + cpu_seconds(library(site))
    time.sleep(seconds)
    ours = (cpu_s(site.pid)[0] + cpu_seconds(library(site)) - before) * 60 / seconds
    bare = 60 * loop("watch", "5", stdin=native)
    print(
        f"CPU a minute of watching {len(jobs)} jobs: server and library {ours:.2f} s; one jobStatus a job and second "
        f"{bare:.1f} s; ratio {ours / bare:.3f} (at most 0.1)"
    )


def library(site):
    """The process that has the library."""
    (child,) = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()[-1:]
    assert b"abell.library" in Path(f"/proc/{child}/cmdline").read_bytes(), child
    return int(child)


def main(jobs=500, active=1000, rounds=3):
    use(SETTINGS)
    with tempfile.TemporaryDirectory(prefix="abell-bench-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder), CONFIG, ())
        site.run(1)  # starts the library's process
        throughput(site, jobs, rounds)
        held = site.queue(active, "held")
        watched(site, held)
        site.cancel(held)
        site.server.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
