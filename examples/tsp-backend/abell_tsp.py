"""task-spooler 1.0 (tsp(1); Debian: task-spooler), a batch system for one user on one machine.

runner       socket    $TS_SOCKET of the queue to use; without it, the one of the server's environment

`tsp -S N`, or $TS_SLOTS before the queue's first use, says how many slots the queue shares out; a job takes as many as
it asks for. There are no limits of time and memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from abell.backends.contract import (
    Backend,
    BackendError,
    Bound,
    Call,
    Doubt,
    Exited,
    Finding,
    Later,
    Refused,
    Reply,
    Steps,
    Submission,
    SubmitSteps,
    TimedOut,
    Unreachable,
)
from abell.job import Cause, Sighting, State, Unknown, Usage

# tsp tells a job neither its number nor a name, and detaches its output: `sh` does both, then becomes the job script.
START = 'ABELL_NATIVE_ID=$1 exec "$2" >"$3" 2>"$4"'

# `tsp -l`:  3  finished  stdout  -1  0.51/0.00/0.00 [aabcdefghijklm]sh -c ...
ROW = re.compile(
    r"(?P<number>\d+) +(?P<word>\w+) +\S+ +"
    r"(?:(?P<level>-?\d+) +(?P<real>[\d.]+)/(?P<user>[\d.]+)/(?P<system>[\d.]+) +)?"
    r"\[(?P<key>a[a-z2-7]{13})\]"
)
KILLED = re.compile(r"^Exit status: killed by signal (\d+)$", re.MULTILINE)  # in `tsp -i`


class Row(NamedTuple):
    """One job of ours in the queue."""

    number: int  # counted from 0 again when the queue is new: never kept, looked up anew each time
    word: str
    level: int | None  # "E-Level": the exit code, -1 for a death by a signal
    usage: Usage


class TaskSpooler(Backend):
    """A job's id is its key, which is its label in the queue (`tsp -L`)."""

    name = "tsp"
    tools = ("tsp",)
    own_id = "${ABELL_NATIVE_ID:-}"
    expresses = frozenset({"slots"})
    poll_every_s = 2.0  # one `tsp -l` for all jobs; endings are heard by bell, sooner
    settle_s = 4.0  # same machine: nothing lags
    record_s = 4.0
    states: ClassVar[Mapping[str, State | Cause]] = {
        "queued": State.QUEUED,
        "running": State.RUNNING,
        "finished": Cause.EXIT,  # or OK, or SIGNAL: its E-Level tells
        "skipped": Cause.REJECTED,  # `tsp -d`, `-D`: the job before it failed; Abell asks for neither
    }

    def room(self, workers: int) -> int:
        """Each job in the queue is a waiting process and a connection ($TS_MAXCONN): most wait with Abell."""
        return 100

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        for job in submissions:
            start = ("sh", "-c", START, "abell", job.key, job.script, job.stdout, job.stderr)
            match (yield self.tsp("-B", "-n", "-L", job.key, "-N", str(job.resources.slots or 1), *start)):
                case Exited(code=0):
                    yield Bound(job.key, job.key)
                case Exited(code=2):  # -B
                    yield Later(job.key, "the queue of tsp is full")
                case Exited(err=said):
                    yield Refused(job.key, said.strip())
                case Unreachable(reason, began=False):
                    yield Later(job.key, reason)
                case reply:
                    yield Doubt(job.key, why(reply))

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        queue = yield from self.queue()
        seen: dict[str, Sighting | Unknown] = {}
        for key in ids:
            if key in queue:
                signal = (yield from self.signal(queue[key])) if queue[key].level == -1 else None
                seen[key] = self.sighting(key, queue[key], signal)
            else:
                seen[key] = Unknown(key, "not in the queue")
        return seen

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        """`-k` sends TERM to the process group of one that runs, `-r` removes one that waits."""
        queue = yield from self.queue()
        for key in ids:
            if key in queue and queue[key].word in ("queued", "running"):
                reply = yield self.tsp("-r" if queue[key].word == "queued" else "-k", str(queue[key].number))
                if not isinstance(reply, Exited) or reply.code:  # it may have begun or ended in between
                    raise BackendError(why(reply))

    def find(self, keys: Sequence[str], cluster: str = "") -> Steps[dict[str, str]]:
        queue = yield from self.queue()
        return {key: key for key in keys if key in queue}

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        queue = yield from self.queue()
        for key in ids:
            if key in queue:
                yield self.tsp("-r", str(queue[key].number))

    def check(self) -> Steps[list[Finding]]:
        reply = yield self.tsp("-S")
        if isinstance(reply, Exited) and reply.code == 0:
            return [Finding(True, f"the queue of tsp shares out {reply.out.strip()} slots")]
        return [Finding(False, why(reply), "apt-get install task-spooler")]

    def queue(self) -> Steps[dict[str, Row]]:
        """Our jobs by key: all that there are, or BackendError."""
        reply = yield self.tsp("-l")
        if not (isinstance(reply, Exited) and reply.code == 0 and reply.out.startswith("ID ")):
            raise BackendError(why(reply))
        return dict(rows(reply.out))

    def signal(self, row: Row) -> Steps[int | None]:
        reply = yield self.tsp("-i", str(row.number))
        found = KILLED.search(reply.out) if isinstance(reply, Exited) else None
        return int(found[1]) if found else None

    def sighting(self, key: str, row: Row, signal: int | None) -> Sighting:
        meaning = self.meaning(row.word) or State.RUNNING
        if row.word == "finished":
            meaning = Cause.OK if row.level == 0 else Cause.SIGNAL if row.level == -1 else Cause.EXIT
        return Sighting(
            native_id=key,
            word=row.word,
            state=meaning if isinstance(meaning, State) else None,
            cause=meaning if isinstance(meaning, Cause) else None,
            exit_code=None if row.level == -1 else row.level,
            signal=signal,
            usage=row.usage,
            key=key,
        )

    def tsp(self, *arguments: str) -> Call:
        socket = self.runner_params.get("socket")
        return Call((*(("env", f"TS_SOCKET={socket}") if socket else ()), "tsp", *arguments))


def rows(listing: str) -> Iterator[tuple[str, Row]]:
    """Key and row of each job of ours in what `tsp -l` prints; other people's have no such label."""
    for row in map(ROW.match, listing.splitlines()):
        if row:
            level = None if row["level"] is None else int(row["level"])
            usage = Usage() if level is None else Usage(float(row["real"]), float(row["user"]) + float(row["system"]))
            yield row["key"], Row(int(row["number"]), row["word"], level, usage)


def why(reply: Reply) -> str:
    """What went wrong, for people."""
    match reply:
        case Exited(code, out, err):
            return f"tsp exited with {code}: {(err or out).strip()}"
        case Unreachable(reason):
            return reason
        case TimedOut(seconds):
            return f"tsp has not answered for {seconds:.0f} s"
        case _:
            return str(reply)
