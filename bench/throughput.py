"""No-op jobs through a server, each recorded durably, against the floor: the same finished job scripts by xargs.

    python bench/throughput.py [JOBS] [ROUNDS]

Prints, per round and as medians: seconds for Abell (from the submission to the last ending known), seconds for the
floor, and their ratio; then the processor seconds that each process used a job.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from abell import address

WORKERS = 4  # of the default configuration's runner


def ask(stream, **message):
    """One question to the engine and all that it says in answer; the last message is the answer itself."""
    stream.write(json.dumps({"id": 1, **message}).encode() + b"\n")
    stream.flush()
    while True:
        told = json.loads(stream.readline())
        yield told
        if "event" not in told:
            return


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def by_abell(root, jobs):
    command = [sys.executable, "-c", "import sys; from pathlib import Path; from abell.engine.serve import serve;"
               "sys.exit(serve(Path(sys.argv[1]), None))", str(root)]  # fmt: skip
    with (root / "engine.log").open("wb") as log:
        engine = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
    while (here := address.read(root, "engine")) is None or not here.alive:
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(here.socket)
    stream = connection.makefile("rwb")
    began = time.perf_counter()
    (answer,) = ask(stream, op="submit", jobs=[{"command": ["true"]}] * jobs)
    waited = ask(stream, op="wait", jobs=answer["ids"], only_endings=True)
    endings = Counter(told["event"]["cause"] for told in waited if "event" in told)
    seconds = time.perf_counter() - began
    used = {"engine": cpu_seconds(engine.pid), "supervisor": cpu_seconds(address.read(root, "supervisor").pid)}
    list(ask(stream, op="stop", when="now"))
    engine.wait()
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
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="abell-bench-") as folder:
            root = Path(folder)
            seconds, used = by_abell(root, jobs)
            floor = by_xargs(root)
        ours.append(seconds)
        floors.append(floor)
        ratios.append(seconds / floor)
        each = ", ".join(f"{who} {1000 * s / jobs:.2f} ms" for who, s in used.items())
        print(
            f"round {number}: abell {seconds:.2f} s, floor {floor:.2f} s, ratio {seconds / floor:.2f}; CPU a job: {each}"
        )
    rates = ", ".join(
        f"{who} {jobs / statistics.median(s):.0f} jobs/s" for who, s in (("abell", ours), ("floor", floors))
    )
    print(
        f"{jobs} jobs, {WORKERS} workers, medians: {rates}, ratio {statistics.median(ratios):.2f} (at most 2.0 wanted)"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
