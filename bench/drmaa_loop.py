"""What a bare loop over drmaa-python costs: the peer of bench/gridengine.py, in a process of its own.

    python bench/drmaa_loop.py run      < scripts     submit each, wait for all: seconds
    python bench/drmaa_loop.py watch N  < job ids     N rounds of one jobStatus for each job: CPU seconds of a round

Grid Engine's library needs libjemalloc to be loaded early: LD_PRELOAD=libjemalloc.so.2.
"""

from __future__ import annotations

import sys
import time

import drmaa


def run(scripts):
    with drmaa.Session() as session:
        began = time.perf_counter()
        jobs = []
        for script in scripts:
            job = session.createJobTemplate()
            job.remoteCommand = script
            job.outputPath = job.errorPath = ":/dev/null"
            jobs.append(session.runJob(job))
            session.deleteJobTemplate(job)
        session.synchronize(jobs, drmaa.Session.TIMEOUT_WAIT_FOREVER, True)
        return time.perf_counter() - began


def watch(jobs, rounds):
    with drmaa.Session() as session:
        began = time.process_time()
        for _ in range(rounds):
            for job in jobs:
                session.jobStatus(job)
        return (time.process_time() - began) / rounds


if __name__ == "__main__":
    lines = sys.stdin.read().split()
    print(run(lines) if sys.argv[1] == "run" else watch(lines, int(sys.argv[2])))
