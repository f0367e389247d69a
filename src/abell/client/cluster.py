"""The Python API: submit jobs, wait for them, look at them.

from abell import Cluster

with Cluster() as cluster:
    job = cluster.submit("sort -u words.txt > sorted.txt", slots=2, mem="4G", time="30m")
    job.wait()
    print(job.cause, job.exit_code)
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from abell.client.client import Client
from abell.client.connect import Wish
from abell.client.request import Asked, make_request
from abell.client.wire import JobRow
from abell.errors import AbellError
from abell.job import Cause, Request, State
from abell.root import choose_root

if TYPE_CHECKING:
    from typing import Self, Unpack

AnyPath: TypeAlias = str | os.PathLike[str]
AnyJob = TypeVar("AnyJob", bound="JobView")


class JobView:
    """What was last heard of a job. Reading an attribute asks nobody."""

    def __init__(self, row: JobRow) -> None:
        self.row = row

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.cause or self.state}>"

    @property
    def id(self) -> int:
        return self.row["id"]

    @property
    def state(self) -> State:
        return State(self.row["state"])

    @property
    def cause(self) -> Cause | None:
        """Why it is over; None while it is not."""
        return Cause(self.row["cause"]) if self.row["cause"] else None

    @property
    def ok(self) -> bool:
        return self.cause is Cause.OK

    @property
    def message(self) -> str:
        """One sentence for a person, such as "walltime: ran 31 s of 30 s"."""
        return self.row["message"]

    @property
    def exit_code(self) -> int | None:
        """The command's own, if it came to one."""
        return self.row["exit_code"]

    @property
    def stdout(self) -> Path:
        """The file that has the command's output; it exists once the command has begun."""
        return self._file("stdout", self.row["stdout"])

    @property
    def stderr(self) -> Path:
        return self._file("stderr", self.row["stderr"])

    def _file(self, name: str, path: str | None) -> Path:
        if path is None:
            raise AbellError(f"it is not known yet where job {self.id} writes its {name}", "refresh() or wait() for it")
        return Path(path)


class Job(JobView):
    """A job of a `Cluster`."""

    def __init__(self, cluster: Cluster, row: JobRow) -> None:
        super().__init__(row)
        self._cluster = cluster

    def refresh(self) -> Self:
        """Ask the engine how it is now."""
        self.row = self._cluster.client_ask("job", job=self.id)["job"]
        return self

    def wait(self, timeout: float | None = None) -> Self:
        """Return when it has ended, however it has; raises TimeoutError after `timeout` seconds."""
        self._cluster.wait([self], timeout)
        return self

    def cancel(self) -> None:
        """Ask for it to end. Returns at once; `wait` tells when it has."""
        self._cluster.cancel([self])


class Cluster:
    """The jobs of one root. Any thread may use it; each `wait` has a connection of its own.

    root: Abell's own directory; by default $ABELL_ROOT, else what a galaxy.yml names, else ~/.local/state/abell.
    config: a job_conf.yml, job_conf.xml or galaxy.yml; by default the one that a running server has, else none:
    local jobs.

    An engine is started if none runs. Waiting goes on across a restart of the engine that takes up to two minutes.
    Every method may raise AbellError (abell.errors): NoEngineError, or RefusedError in the engine's words.
    """

    def __init__(self, root: AnyPath | None = None, config: AnyPath | None = None) -> None:
        self._client = Client(wish_for(root, config))
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection. Jobs go on."""
        with self._lock:
            self._client.close()

    def submit(self, command: str | Sequence[str], **asked: Unpack[Asked]) -> Job:
        """Submit one job; it is durable when this returns. Options as for `abell.make_request`:

        cluster.submit("bwa mem ref.fa $ABELL_READS", slots=8, mem="16G", env={"ABELL_READS": "a b.fq"})
        cluster.submit(["sort", "-u", "a file.txt"], to="long_jobs", outputs={"sorted": "sorted.txt"})
        """
        return self.submit_many([make_request(command, **asked)])[0]

    def submit_many(self, requests: Sequence[Request]) -> list[Job]:
        """Submit all or none, in one message: thousands are as cheap as one.

        cluster.submit_many([make_request(["gzip", path], slots=1) for path in paths])
        """
        if not requests:
            return []
        with self._lock:
            ids = self._client.submit(requests)
        return [Job(self, new_row(job, request)) for job, request in zip(ids, requests, strict=True)]

    def wait(self, jobs: Iterable[Job], timeout: float | None = None) -> list[Job]:
        """Return the jobs when all have ended, however they have; raises TimeoutError after `timeout` seconds."""
        waited = list(jobs)
        by_id = grouped(waited)
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._client.watch(by_id) as watch:
            while watch.live:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"{len(watch.live)} of {len(by_id)} jobs have not ended after {timeout} s")
                for row in watch.rows(left):
                    for job in by_id[row["id"]]:
                        job.row = row
        return waited

    def cancel(self, jobs: Iterable[Job]) -> dict[int, str]:
        """Ask for these to end: id -> "cancelling", or "ended" for one that already had."""
        with self._lock:
            return dict(self._client.cancel([job.id for job in jobs]))

    def jobs(
        self,
        *,
        states: Iterable[State] | None = None,
        user: str | None = None,
        ids: Sequence[int] | None = None,
        limit: int | None = 100,
        order: Literal["oldest", "newest"] = "newest",
    ) -> list[Job]:
        """The jobs there are, at most `limit` of them: cluster.jobs(states=[State.RUNNING])."""
        with self._lock:
            page = self._client.jobs(states=states, user=user, ids=ids, limit=limit, order=order)
        return [Job(self, row) for row in page["jobs"]]

    def client_ask(self, op: str, **fields: Any) -> dict[str, Any]:
        with self._lock:
            return self._client.ask(op, **fields)


def wish_for(root: AnyPath | None, config: AnyPath | None) -> Wish:
    """The engine that a Cluster is about."""
    named = None if config is None else str(Path(config).absolute())
    return Wish(choose_root(root, named), named)


def grouped(jobs: Iterable[AnyJob]) -> dict[int, list[AnyJob]]:
    """By id: somebody may hold several handles of one job."""
    by_id: dict[int, list[AnyJob]] = {}
    for job in jobs:
        by_id.setdefault(job.id, []).append(job)
    return by_id


def new_row(job: int, request: Request) -> JobRow:
    """What is known of a job that has just been accepted, without asking again."""
    command = request.command if isinstance(request.command, str) else " ".join(request.command)
    return JobRow(
        id=job,
        name=request.name,
        state=State.NEW,
        cause=None,
        message="",
        exit_code=None,
        signal=None,
        user=request.user,
        tool_id=request.tool_id,
        destination=request.destination,
        runner="",
        slots=request.resources.slots,
        memory_mb=request.resources.memory_mb,
        walltime_s=request.resources.walltime_s,
        attempt=0,
        native_id="",
        created=time.time(),
        started=None,
        ended=None,
        directory=None,
        stdout=None,
        stderr=None,
        job_stdout=None,
        job_stderr=None,
        command=command,
        usage={"elapsed_s": None, "cpu_s": None, "memory_bytes": None},
        outputs=[],
        metadata=None,
        why="",
        cancel_by=None,
    )
