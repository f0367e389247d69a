"""A long queue: what it costs to take 100,000 jobs, to start with them waiting, to hold them, and to look at them.

python bench/waiting.py [JOBS]
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine import Connection, Server, cpu_seconds, resident_mb

IDLE_S = 10  # seconds over which the processor time of a server with nothing to do is measured


def children_of(pid):
    return [int(p) for t in Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split()]


def main(jobs=100_000):
    with tempfile.TemporaryDirectory(prefix="abell-bench-") as folder:
        root = Path(folder)
        server = Server(root)
        began = time.perf_counter()
        first = server.answer(op="submit", jobs=[{"command": "sleep 3600"}] * jobs)["ids"][0]
        print(f"{jobs} jobs accepted in {time.perf_counter() - began:.2f} s")
        rows = server.answer(op="jobs", states=["queued", "running"], limit=1000)["jobs"]
        taken = {row["id"] for row in rows}
        server.stop()
        for child in children_of(server.supervisor().pid):  # so that the next server finds room at once
            os.killpg(child, signal.SIGKILL)

        following = first + len(taken)
        began = time.perf_counter()
        server = Server(root)
        for told in server.ask(op="wait", jobs=[following]):
            if "event" in told and told["event"]["native_id"]:
                print(f"start to first submission: {time.perf_counter() - began:.2f} s (at most 5 wanted)")
                break
        print(f"resident memory of the server: {resident_mb(server.process.pid):.0f} MB (at most 400 wanted)")
        seconds = []
        for _ in range(5):
            began = time.perf_counter()
            command = [sys.executable, "-m", "abell", "ps", "--root", str(root)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - began)
        print(f"abell ps: {statistics.median(seconds):.2f} s (at most 1 wanted)")
        Connection(root).answer(op="cancel", jobs=list(range(first, first + jobs)))
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()

    with tempfile.TemporaryDirectory(prefix="abell-bench-") as folder:
        server = Server(Path(folder))
        before = cpu_seconds(server.process.pid)
        time.sleep(IDLE_S)  # what is measured is the passing of time
        share = (cpu_seconds(server.process.pid) - before) / IDLE_S
        memory = resident_mb(server.process.pid)
        print(f"idle server: {memory:.0f} MB (at most 80 wanted), {100 * share:.2f} % of a core (at most 0.5 wanted)")
        server.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
