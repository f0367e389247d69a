"""Jobs on a real Slurm (clusters/slurm/up), against a plain serial `sbatch` loop with the same scripts.

    python bench/slurm.py [JOBS] [ACTIVE] [MANY]

JOBS (500) no-op jobs, from the first submission to the last ending known, against the loop from its first sbatch to the
end of its last script; the commands that only asked; how long after the end of its script an ending is known, with 1
and with ACTIVE (1000) jobs in Slurm; processor time of the server a job, and a minute of watching ACTIVE jobs; and MANY
(5000) short jobs of every kind, whose endings are all checked.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drm import Site, as_new, cpu_s

SLURM_CONF = os.environ.get("SLURM_CONF", "/var/lib/abell-slurm/main/slurm.conf")
ASKING = ("squeue", "sacct", "scontrol", "sinfo")  # the commands that only ask
CONFIG = {
    "runners": {"slurm": {"load": "slurm", "slurm_conf": SLURM_CONF}},
    "execution": {
        "default": "plain",
        "environments": {
            "plain": {"runner": "slurm", "native_specification": "--mem=100"},
            "held": {"runner": "slurm", "native_specification": "--mem=100 --begin=now+1day"},
        },
    },
}
KINDS = (("true", "ok"), ("exit 3", "exit"), ("kill -9 $$", "signal"), ("sleep 0.2", "ok"))


def throughput(site, jobs, rounds=3):
    ratios = [once(site, jobs) for _ in range(rounds)]
    print(f"{jobs} no-op jobs against serial sbatch: median ratio {statistics.median(ratios):.2f} (at most 1.0)")


def once(site, jobs):
    before, asked = cpu_s(site.pid), site.questions()
    seconds = site.run(jobs)
    asked = site.questions() - asked
    own, commands = (now - then for now, then in zip(cpu_s(site.pid), before, strict=True))
    floor = serial(site.scripts(jobs))
    print(f"{jobs} no-op jobs: {seconds:.1f} s; serial sbatch {floor:.1f} s; ratio {seconds / floor:.2f}")
    per = seconds / asked if asked else float("inf")
    print(f"questions to Slurm meanwhile: {asked}, one in {per:.1f} s (at most one in 5 s)")
    print(f"CPU a job: server {1000 * own / jobs:.1f} ms, its sbatch and others {1000 * commands / jobs:.1f} ms")
    return seconds / floor


def serial(scripts):
    """Seconds from the first sbatch of these scripts to the end of the last one of them."""
    left = as_new(scripts)
    began = time.perf_counter()
    for script in scripts:
        subprocess.run(["sbatch", "--parsable", script], check=True, stdout=subprocess.DEVNULL)
    while left:
        left = [ending for ending in left if not ending.exists()]
        time.sleep(0.02)
    return time.perf_counter() - began


def latency(site, active, samples=40):
    late = []
    for _ in range(samples):
        (row,) = site.endings(site.submit(["true"]))
        late.append(row["ended"] - site.ended_s(row))
    middle, most = statistics.median(late), max(late)
    print(f"an ending is known, with {active} jobs active: {middle:.2f} s median, {most:.2f} s at most (0.5 s median)")


def watched(site, seconds=60):
    before, asked = cpu_s(site.pid), site.questions()
    time.sleep(seconds)
    own, commands = (now - then for now, then in zip(cpu_s(site.pid), before, strict=True))
    told = f"server {own:.2f} s, its squeue and others {commands:.2f} s"
    print(f"CPU a minute of watching: {told}; questions: {site.questions() - asked}")


def correctness(site, jobs):
    kinds = list(itertools.islice(itertools.cycle(KINDS), jobs))
    began = time.perf_counter()
    ids = site.submit([command for command, _ in kinds])
    expected = dict(zip(ids, (cause for _, cause in kinds), strict=True))
    told = {row["id"]: row["cause"] for row in site.endings(ids)}
    failures = sum(told[job] != "ok" and cause == "ok" for job, cause in expected.items())
    successes = sum(told[job] == "ok" and cause != "ok" for job, cause in expected.items())
    others = sum(told[job] != cause for job, cause in expected.items()) - failures - successes
    seconds = time.perf_counter() - began
    print(
        f"{jobs} short jobs in {seconds:.0f} s: {failures} false failures, {successes} false successes, "
        f"{others} other wrong causes (0, 0, 0 wanted)"
    )


def main(jobs=500, active=1000, many=5000):
    os.environ["SLURM_CONF"] = SLURM_CONF
    with tempfile.TemporaryDirectory(prefix="abell-bench-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder), CONFIG, ASKING)
        throughput(site, jobs)
        latency(site, 1)
        held = site.queue(active, "held")
        latency(site, active)
        watched(site)
        site.cancel(held)
        if many:
            correctness(site, many)
        site.server.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
