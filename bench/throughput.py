"""No-op jobs through a server, each recorded durably, against the floor: the same finished job scripts by xargs.

    python bench/throughput.py [JOBS] [ROUNDS]

Prints, per round and as medians: seconds for Abell (from the submission to the last ending known), seconds for the
floor, and their ratio; then the processor seconds that each process used a job.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from engine import Server, cpu_seconds

WORKERS = 4  # of the default configuration's runner


def by_abell(root, jobs):
    server = Server(root)
    began = time.perf_counter()
    ids = server.answer(op="submit", jobs=[{"command": ["true"]}] * jobs)["ids"]
    told = server.ask(op="wait", jobs=ids, only_endings=True)
    endings = Counter(row["event"]["cause"] for row in told if "event" in row)
    seconds = time.perf_counter() - began
    used = {"engine": cpu_seconds(server.process.pid), "supervisor": cpu_seconds(server.supervisor().pid)}
    server.stop()
    if endings != {"ok": jobs}:
        raise SystemExit(f"not all jobs ended ok: {dict(endings)}; see {root}/engine.log")
    return seconds, used


def by_xargs(root):
    scripts = sorted(map(str, (root / "jobs").glob("**/job.sh")))
    for script in scripts:
        directory = Path(script).parent
        shutil.rmtree(directory / "control")
        for name in ("control", "home", "tmp", "working"):
            (directory / name).mkdir(exist_ok=True)
    listing = "\0".join(scripts).encode()
    began = time.perf_counter()
    subprocess.run(
        ["xargs", "-0", "-n", "1", "-P", str(WORKERS), "bash"], input=listing, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - began


def main(jobs=2000, rounds=3):
    ratios, ours, floors = [], [], []
    with tempfile.TemporaryDirectory(prefix="abell-bench-") as folder:
        for number in range(1, rounds + 1):
            root = Path(folder, str(number))  # kept until the end: ext4 makes files slowly for minutes after removals
            root.mkdir()
            seconds, used = by_abell(root, jobs)
            floor = by_xargs(root)
            ours.append(seconds)
            floors.append(floor)
            ratios.append(seconds / floor)
            each = ", ".join(f"{who} {1000 * s / jobs:.2f} ms" for who, s in used.items())
            print(
                f"round {number}: abell {seconds:.2f} s, floor {floor:.2f} s, ratio {ratios[-1]:.2f}; CPU a job: {each}"
            )
    rates = f"abell {jobs / statistics.median(ours):.0f} jobs/s, floor {jobs / statistics.median(floors):.0f} jobs/s"
    middle = statistics.median(ratios)
    print(f"{jobs} jobs, {WORKERS} workers, medians: {rates}, ratio {middle:.2f} (at most 2.0 wanted)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
