"""What a person waits for: `abell --help`, a no-op `abell run` with a server up, and one from a cold start.

    python bench/start.py [TIMES]

Seconds of wall time, medians, each beside the floor measured in the same run: the bare interpreter.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

ABELL = (sys.executable, "-m", "abell")


def seconds(*command, root):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "ABELL_ROOT": root})
    return time.perf_counter() - began


def main(times=9):
    floor, help_, warm, cold = [], [], [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="abell-bench-") as root:
            floor.append(seconds(sys.executable, "-c", "pass", root=root))
            help_.append(seconds(*ABELL, "--help", root=root))
            cold.append(seconds(*ABELL, "run", "--", "true", root=root))
            warm.append(seconds(*ABELL, "run", "--", "true", root=root))
            seconds(*ABELL, "stop", root=root)
    base = statistics.median(floor)
    for what, figures, wanted in (("--help", help_, 0.3), ("run, server up", warm, 0.25), ("run, cold", cold, 0.6)):
        middle = statistics.median(figures)
        print(f"abell {what:15} {middle:.2f} s (at most {wanted} wanted), {middle / base:.0f} x the bare interpreter")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
