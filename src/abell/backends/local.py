"""Local jobs: processes of this machine, run by the supervisor of the root (`abell.supervisor`).

Galaxy's LocalJobRunner (https://docs.galaxyproject.org/en/master/admin/cluster.html#local), and more:

runner       workers      so many jobs at once (4)
             cores        N or `auto`: slots are reserved, and never more than so many in use; without it, as in Galaxy,
                          slots are only told to the job
destination  local_slots  $GALAXY_SLOTS of the job; else what the job asks for, else the server's $GALAXY_SLOTS, else 1
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from abell.backends.contract import (
    Answered,
    Ask,
    Backend,
    BackendError,
    Bound,
    Doubt,
    Later,
    Refused,
    Reply,
    Steps,
    Submission,
    SubmitSteps,
    Unreachable,
)
from abell.job import Cause, Resources, Sighting, State, Unknown, Usage
from abell.supervisor.pool import too_wide

PEER = "supervisor"


class Local(Backend):
    """The supervisor remembers every key until it is told to forget it, also when it is killed and comes back."""

    name = "local"
    own_id = "${ABELL_NATIVE_ID:-}"
    rings = False  # its events are there sooner
    poll_every_s = 30.0  # it pushes what happens
    settle_s = 10.0
    record_s = 10.0
    expresses = frozenset({"slots", "memory_mb", "walltime_s"})
    resources_from = "plan"
    watch_cgroup = False  # the supervisor tells the peak of the whole process tree
    states: ClassVar[Mapping[str, State | Cause]] = {
        "queued": State.QUEUED,  # waits for a worker, or for cores
        "running": State.RUNNING,
        "stopping": State.RUNNING,  # signals are sent; something of it still runs
        "done": Cause.OK,  # exit status 0
        "failed": Cause.EXIT,  # another exit status
        "killed": Cause.SIGNAL,  # by a signal that the supervisor has not sent
        "walltime": Cause.WALLTIME,
        "memory": Cause.MEMORY,
        "cancelled": Cause.CANCELLED,
        "node": Cause.NODE,  # the machine restarted meanwhile
        "rejected": Cause.REJECTED,  # it cannot be started: no such directory, ...
        "gone": Cause.LOST,  # it ended while no supervisor looked: only its own record can tell how
    }  # and `unknown`, which is contract.Unknown

    def __init__(
        self, runner_params: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        """`environ`: the server's own, the default."""
        super().__init__(runner_params)
        self._environ = os.environ if environ is None else environ

    def effective(self, asked: Resources, params: Mapping[str, Any], environment: Mapping[str, str]) -> Resources:
        return replace(asked, slots=slots(params, asked, environment))

    def impossible(self, given: Resources, runner: str) -> str:
        return too_wide(given.slots or 1, _cores(self.runner_params), runner)

    def room(self, workers: int) -> int:
        """A queue ahead of the workers, so that none of them ever waits for the engine."""
        return workers + max(16, 2 * workers)

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        jobs = []
        for submission in submissions:
            try:
                jobs.append(self._job(submission))
            except ValueError as error:
                yield Refused(submission.key, str(error))
        if jobs:
            yield from self._start(jobs)

    def _start(self, jobs: Sequence[Mapping[str, Any]]) -> SubmitSteps:
        reply = yield Ask(PEER, "start", {"jobs": list(jobs)})
        match reply:
            case Answered(data) if "error" not in data:
                for key, answer in data["jobs"].items():
                    yield _learned(key, answer)
            case Answered() if len(jobs) > 1:  # one of them is wrong, and none was started: each for itself
                for job in jobs:
                    yield from self._start([job])
            case Answered(data):
                yield Refused(jobs[0]["key"], data["error"])
            case Unreachable(reason, began=False):
                for job in jobs:
                    yield Later(job["key"], reason)
            case _:
                for job in jobs:
                    yield Doubt(job["key"], _why(reply))

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        data = _data((yield Ask(PEER, "status", {"ids": list(ids)})))
        return {report["id"]: self._seen(report) for report in data["jobs"]}

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        """End the whole process trees of these; `by` becomes part of the reason."""
        _data((yield Ask(PEER, "cancel", {"ids": list(ids), "by": by})))

    def find(self, keys: Sequence[str], cluster: str = "") -> Steps[dict[str, str]]:
        return dict(_data((yield Ask(PEER, "find", {"keys": list(keys)})))["ids"])

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        """Their endings are recorded: the supervisor need not remember them any longer."""
        _data((yield Ask(PEER, "forget", {"ids": list(ids)})))

    def events(self, data: Iterable[Mapping[str, Any]]) -> list[Sighting]:
        return [seen for report in data if isinstance(seen := self._seen(report), Sighting)]

    def _seen(self, report: Mapping[str, Any]) -> Sighting | Unknown:
        word = report["word"]
        if word == "unknown":
            return Unknown(report["id"], report.get("reason", word))
        meaning = self.meaning(word) or State.RUNNING
        return Sighting(
            native_id=report["id"],
            word=word,
            state=meaning if isinstance(meaning, State) else None,
            cause=meaning if isinstance(meaning, Cause) else None,
            reason=report.get("reason", ""),
            exit_code=report.get("exit"),
            signal=report.get("signal"),
            usage=Usage(report.get("elapsed_s"), report.get("cpu_s"), report.get("memory_bytes")),
            key=report["key"],
            host=report["id"].partition(":")[0],
        )

    def _job(self, submission: Submission) -> dict[str, Any]:
        """Raises ValueError for a parameter that cannot be used."""
        return {
            "key": submission.key,
            "pool": submission.runner,
            "workers": submission.workers,
            "cores": _cores(submission.runner_params),
            "argv": [submission.script],
            "cwd": submission.directory,
            "env": environment(self._environ, submission.search_path),
            "stdout": submission.stdout,
            "stderr": submission.stderr,
            "slots": submission.resources.slots or 1,
            "memory_mb": submission.resources.memory_mb,
            "walltime_s": submission.resources.walltime_s,
        }


def slots(params: Mapping[str, Any], resources: Resources, environ: Mapping[str, str]) -> int:
    """What a local job gets as $GALAXY_SLOTS. Raises ValueError for a `local_slots` that is no number from 1."""
    said = params.get("local_slots")
    if said is not None:
        return _positive("local_slots", said)
    if resources.slots is not None:
        return resources.slots
    inherited = environ.get("GALAXY_SLOTS", "")
    return int(inherited) if inherited.isascii() and inherited.isdigit() and int(inherited) else 1


def environment(environ: Mapping[str, str], search_path: str) -> dict[str, str]:
    """All that a local job sees of the server's environment: what Galaxy lets it see."""
    kept = {name: environ[name] for name in ("HOME", "TMPDIR") if name in environ}
    path = search_path or environ.get("PATH") or "/usr/local/bin:/usr/bin:/bin"
    return kept | {"PATH": path, "LC_CTYPE": _utf8(environ)}


def _utf8(environ: Mapping[str, str]) -> str:
    """The server's own character type (locale(7) says which variable counts) if it is UTF-8, else C.UTF-8."""
    said = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return said if said.lower().replace("-", "").endswith("utf8") else "C.UTF-8"


def _cores(runner_params: Mapping[str, Any]) -> int | Literal["auto"] | None:
    said = runner_params.get("cores")
    return said if said is None or said == "auto" else _positive("cores", said)


def _positive(name: str, said: object) -> int:
    text = str(said).strip()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError(f"{name}: {said!r} is not a number from 1")
    return int(text)


def _learned(key: str, answer: Mapping[str, str]) -> Bound | Refused | Later:
    if "id" in answer:
        return Bound(key, answer["id"])
    return Refused(key, answer["refused"]) if "refused" in answer else Later(key, answer["later"])


def _data(reply: Reply) -> Mapping[str, Any]:
    if isinstance(reply, Answered) and "error" not in reply.data:
        return reply.data
    raise BackendError(_why(reply))


def _why(reply: Reply) -> str:
    match reply:
        case Unreachable(reason, _):
            return reason
        case Answered(data):
            return str(data["error"])
        case _:
            return f"the supervisor of local jobs has not answered: {reply}"
