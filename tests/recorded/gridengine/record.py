"""Records what a real Grid Engine says: one JSON file for each case, in a folder named after the version.

    clusters/gridengine/up
    python -m tests.recorded.gridengine.record [CASE...]

Runs as root on the clusters of clusters/gridengine, two minutes. A moment is one poll of a back end that remembers
nothing, with every command that it ran; of the cell's own files only the lines about the job are kept. Nothing is
edited by hand.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from abell.backends.contract import Exited, Reply, Submission, Want
from abell.backends.gridengine import EXPLAIN_AFTER_S, PATIENCE_S
from abell.job import State
from tests.clusters.eventually import eventually
from tests.clusters.gridengine.clusters import accounted, grid, using
from tests.clusters.gridengine.conftest import Driven

FOLDER = Path(__file__).parent
HOG = "python3 -c 'import os, time\nfor n in range(3): os.fork()\nx = bytearray(60 << 20); time.sleep(60)'"


class Recorder(Driven):
    """Notes every command and its reply, for the moment that is set."""

    def __init__(self, directory: Path) -> None:
        self.when = ""
        self.calls: list[dict[str, Any]] = []
        super().__init__(directory, "main", os.environ)

    async def fulfil(self, want: Want) -> Reply:
        reply = await super().fulfil(want)
        if self.when and isinstance(reply, Exited):
            out = reply.out
            if self.commands[-1][0] == "sh":
                mine = re.compile("|".join(rf":{n}:|job {n}\b" for n in self.ids))
                out = "".join(line for line in out.splitlines(keepends=True) if self.ids and mine.search(line))
            self.calls.append(
                {
                    "when": self.when,
                    "user": "root",
                    "argv": list(self.commands[-1]),
                    "env": {},
                    "exit": reply.code,
                    "stdout": self.tidy(out),
                    "stderr": self.tidy(reply.err),
                    "seconds": 0.0,
                }
            )
        return reply

    def tidy(self, text: str) -> str:
        return text.replace(str(self.directory), "<DIRECTORY>")

    def moment(self, when: str, *ids: str, later: tuple[float, ...] = (0.0,)) -> None:
        """What a new back end asks about these jobs, and the answers, in polls so many seconds later."""
        self.begin_again()
        for seconds in later:
            self.later_s = seconds
            self.when = when
            self.do(self.backend.poll(list(ids)))
            self.when = ""
        self.later_s = 0.0

    def told(self, when: str, job: Submission) -> None:
        """A submission, with what was said of it."""
        self.when = when
        self.learn(job)
        self.when = ""
        self.calls[-1]["argv"] = ["qsub"]


def over(it: Recorder, number: str) -> None:
    eventually(lambda: accounted("main", number), "its record")
    it.moment("ended", number)


def running(it: Recorder, number: str) -> None:
    it.until(number, lambda seen: seen.state is State.RUNNING)


def ends(body: str, native: str = "", **asked: Any) -> Callable[[Recorder], None]:
    def case(it: Recorder) -> None:
        over(it, it.submit(it.job(body, native, **asked)))

    return case


def cancelled(it: Recorder) -> None:
    number = it.submit(it.job("sleep 600"))
    running(it, number)
    it.moment("running", number)
    it.when = "cancel"
    it.do(it.backend.cancel([number], "maria"))
    it.when = ""
    over(it, number)


def cancelled_waiting(it: Recorder) -> None:
    number = it.submit(it.job("true", "-h"))
    it.moment("held", number)
    grid("main", "qdel", number)
    time.sleep(2)  # until its name is in the cell's files
    it.moment("ended", number, later=(0.0, PATIENCE_S))


def in_error(native: str = "", body: str = "true", shell: str = "/bin/sh") -> Callable[[Recorder], None]:
    def case(it: Recorder) -> None:
        number = it.submit(it.job(body, native, shell=shell))
        it.until(number)
        it.moment("in error", number)

    return case


def waits(native: str) -> Callable[[Recorder], None]:
    def case(it: Recorder) -> None:
        number = it.submit(it.job("true", native))
        time.sleep(2)  # a round of the scheduler
        it.moment("waiting", number, later=(0.0, EXPLAIN_AFTER_S, EXPLAIN_AFTER_S))

    return case


def depends(it: Recorder) -> None:
    first = it.submit(it.job("true", "-h"))
    second = it.submit(it.job("true", f"-hold_jid {first}"))
    it.moment("waiting", first, second)


def suspended(it: Recorder) -> None:
    number = it.submit(it.job("sleep 600"))
    running(it, number)
    grid("main", "qmod", "-sj", number)
    it.moment("suspended", number)
    grid("main", "qdel", number)


def requeued(it: Recorder) -> None:
    number = it.submit(
        it.job(f"[ -e {it.directory}/again ] && exit 3; : > {it.directory}/again; sleep 600", requeue=True)
    )
    running(it, number)
    eventually((it.directory / "again").exists, "its first run")
    grid("main", "qhold", number)
    grid("main", "qmod", "-rj", number)
    it.until(number, lambda seen: seen.state is State.HELD)
    it.moment("put back", number)
    grid("main", "qrls", number)
    eventually(lambda: len(accounted("main", number)) > 1, "its second record")
    it.moment("ended", number)


def unknown(it: Recorder) -> None:
    it.moment("asked", "999999", later=(0.0, PATIENCE_S))


def refusals(it: Recorder) -> None:
    for native in ("-q nosuch.q", "-P nosuch", "-pe nosuch 2", "-l nosuch=1", "-w e -l never=1", "-nonsense"):
        it.told(native, it.job("true", native))
    it.told("", it.job("true"))


def no_master(it: Recorder) -> None:
    it.backend.runner_params = {**it.backend.runner_params, "sge_qmaster_port": "9"}
    it.told("no qmaster", it.job("true"))


def odd_names(it: Recorder) -> None:
    number = grid("main", "qsub", "-terse", "-h", "-b", "y", "-N", "a<b&c", "true").strip()
    it.ids.append(number)
    it.moment("listed", number)


CASES: dict[str, Callable[[Recorder], None]] = {
    "ok": ends("exit 0"),
    "exit_7": ends("exit 7"),
    "segv": ends("kill -SEGV $$"),
    "killed_by_9": ends("kill -KILL $$"),
    "h_rt": ends("sleep 600", walltime_s=2),
    "h_rt_of_the_queue": ends("sleep 600", "-q short.q -l short=TRUE"),
    "s_rt": ends("sleep 600", "-l s_rt=2"),
    "h_vmem": ends(HOG, memory_mb=200, slots=2),
    "h_vmem_one_process": ends("python3 -c 'bytearray(300 << 20)'", memory_mb=100),
    "cancelled": cancelled,
    "cancelled_waiting": cancelled_waiting,
    "no_directory": in_error("-wd /nonexistent/directory"),
    "no_shell": in_error(shell="/nonexistent/shell"),
    "exit_100": in_error(body="exit 100"),
    "never": waits("-l never=1"),
    "queue_disabled": waits("-q off.q"),
    "depends": depends,
    "suspended": suspended,
    "requeued": requeued,
    "unknown": unknown,
    "refusals": refusals,
    "no_master": no_master,
    "odd_names": odd_names,
}


def record(names: list[str]) -> Iterator[str]:
    version = grid("main", "qstat", "-help").split("\n")[0].split()[-1]
    (FOLDER / version).mkdir(exist_ok=True)
    for name in names or CASES:
        with tempfile.TemporaryDirectory() as directory:
            it = Recorder(Path(directory))
            try:
                CASES[name](it)
            finally:
                it.when = ""
                it.close()
        text = json.dumps({"version": version, "case": name, "calls": it.calls, "scripts": {}}, indent=1)
        (FOLDER / version / f"{name}.json").write_text(text + "\n")
        yield name


if __name__ == "__main__":
    with using("main"):
        for done in record(sys.argv[1:]):
            print(done, flush=True)
