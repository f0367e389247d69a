"""The local back end: pure questions and answers, and once against the real supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from abell.backends.contract import (
    Answered,
    Ask,
    BackendError,
    Bound,
    Doubt,
    Later,
    Refused,
    Reply,
    Submission,
    TimedOut,
    Unreachable,
)
from abell.backends.local import Local, environment, slots
from abell.hosts.supervisor import SupervisorPeer
from abell.job import Cause, Resources, Sighting, State, Unknown
from abell.supervisor.spec import parse

from .harness import Supervised

SERVER = {"HOME": "/home/ada", "PATH": "/server/bin", "SECRET": "x", "LANG": "de_DE.UTF-8", "TMPDIR": "/scratch"}


def submission(key: str = "akey", directory: str = "/tmp", **more: Any) -> Submission:
    plain: dict[str, Any] = {
        "job_id": 1,
        "number": 1,
        "name": "n",
        "directory": directory,
        "script": f"{directory}/job.sh",
        "stdout": f"{directory}/job.o",
        "stderr": f"{directory}/job.e",
        "resources": Resources(),
        "params": {},
        "runner_params": {},
        "workers": 4,
        "runner": "local",
    }
    return Submission(key=key, **{**plain, **more})


def drive(steps: Generator[Any, Any, Any], *replies: Reply) -> tuple[list[Any], Any]:
    """(everything yielded, result)."""
    yielded: list[Any] = []
    left = list(replies)
    reply: Reply | None = None
    while True:
        try:
            want = steps.send(reply)
        except StopIteration as stop:
            assert not left
            return yielded, stop.value
        yielded.append(want)
        reply = left.pop(0) if isinstance(want, Ask) else None


def test_a_submission_is_a_job_of_the_supervisors() -> None:
    asked = submission(resources=Resources(memory_mb=512, walltime_s=60), runner_params={"cores": "8"}, workers=3)
    (question, learned), _ = drive(
        Local(environ=SERVER).submit([asked]), Answered({"jobs": {"akey": {"id": "vm:0:akey"}}})
    )
    assert learned == Bound("akey", "vm:0:akey")
    spec = parse(question.data["jobs"][0])
    assert (spec.argv, spec.cwd, spec.pool, spec.workers, spec.cores) == (("/tmp/job.sh",), "/tmp", "local", 3, 8)
    assert (spec.slots, spec.memory_mb, spec.walltime_s) == (1, 512, 60)
    assert spec.env == {"HOME": "/home/ada", "PATH": "/server/bin", "LC_CTYPE": "de_DE.UTF-8", "TMPDIR": "/scratch"}


def test_what_is_learned_of_each() -> None:
    many = [submission(k) for k in ("a", "b", "c")] + [submission("d", runner_params={"cores": "two"})]
    answers = {"a": {"id": "x:y:a"}, "b": {"refused": "too wide"}, "c": {"later": "disk full"}}
    yielded, _ = drive(Local(environ={}).submit(many), Answered({"jobs": answers}))
    learned = [y for y in yielded if not isinstance(y, Ask)]
    assert learned[1:] == [Bound("a", "x:y:a"), Refused("b", "too wide"), Later("c", "disk full")]
    assert isinstance(learned[0], Refused) and "cores: 'two'" in learned[0].reason


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Unreachable("no"), Later),
        (Unreachable("cut", began=True), Doubt),
        (TimedOut(60), Doubt),
        (Answered({"error": "jobs[0]: cwd"}), Refused),
    ],
)
def test_no_answer_to_a_submission(reply: Reply, kind: type) -> None:
    yielded, _ = drive(Local(environ={}).submit([submission()]), reply)
    assert isinstance(yielded[1], kind)


@pytest.mark.parametrize("reply", [TimedOut(1), Unreachable("no"), Answered({"error": "wrong"})])
def test_an_outage_changes_nothing(reply: Reply) -> None:
    for steps in (
        Local(environ={}).poll(["x"]),
        Local(environ={}).cancel(["x"], "ada"),
        Local(environ={}).find(["x"]),
        Local(environ={}).forget(["x"]),
    ):
        with pytest.raises(BackendError):
            drive(steps, reply)


def test_reports_are_sightings() -> None:
    reports = [
        {"id": "vm:0:a", "key": "a", "word": "failed", "exit": 3, "elapsed_s": 1.5, "cpu_s": 0.5, "memory_bytes": 7},
        {"id": "vm:0:b", "key": "b", "word": "cancelled", "reason": "by ada", "signal": 15},
        {"id": "vm:0:c", "key": "c", "word": "running"},
        {"id": "vm:0:d", "key": "d", "word": "unknown", "reason": "no such job"},
        {"id": "vm:0:e", "key": "e", "word": "gone"},
        {"id": "vm:0:f", "key": "f", "word": "a word of the future"},
    ]
    _, found = drive(Local(environ={}).poll(["vm:0:a"]), Answered({"jobs": reports}))
    a, b = found["vm:0:a"], found["vm:0:b"]
    assert (a.cause, a.exit_code, a.usage.elapsed_s, a.usage.cpu_s, a.usage.memory_bytes) == (
        Cause.EXIT, 3, 1.5, 0.5, 7,
    )  # fmt: skip
    assert (a.key, a.host) == ("a", "vm")
    assert (b.cause, b.reason, b.signal) == (Cause.CANCELLED, "by ada", 15)
    assert found["vm:0:c"].state is State.RUNNING
    assert found["vm:0:d"] == Unknown("vm:0:d", "no such job")
    assert found["vm:0:e"].cause is Cause.LOST  # over, and only its own record can tell how
    assert found["vm:0:f"].state is State.RUNNING
    assert Local(environ={}).events(reports) == [s for s in found.values() if isinstance(s, Sighting)]


def test_slots() -> None:
    assert slots({}, Resources(), {}) == 1
    assert slots({}, Resources(), {"GALAXY_SLOTS": "3"}) == 3
    assert slots({}, Resources(), {"GALAXY_SLOTS": "many"}) == 1
    assert slots({}, Resources(slots=2), {"GALAXY_SLOTS": "3"}) == 2
    assert slots({"local_slots": "5"}, Resources(slots=2), {"GALAXY_SLOTS": "3"}) == 5
    for bad in ("0", "-1", "two", "", True):
        with pytest.raises(ValueError, match="local_slots"):
            slots({"local_slots": bad}, Resources(), {})


def test_environment() -> None:
    assert environment({}, "") == {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_CTYPE": "C.UTF-8"}
    assert environment(SERVER, "/users/bin")["PATH"] == "/users/bin"
    assert environment({"LANG": "POSIX"}, "")["LC_CTYPE"] == "C.UTF-8"
    assert environment({"LC_ALL": "en_US.utf8", "LANG": "C"}, "")["LC_CTYPE"] == "en_US.utf8"


def test_one_job_that_cannot_be_is_refused_alone() -> None:
    steps = Local(environ=SERVER).submit([submission("a"), submission("b"), submission("c")])
    wrong = Answered({"error": "jobs[0]: slots: a whole number from 1"})
    started = [Answered({"jobs": {key: {"id": f"n:b:{key}"}}}) for key in "ac"]
    yielded, _ = drive(steps, Answered({"error": "jobs[1]: slots"}), started[0], wrong, started[1])
    assert [y for y in yielded if not isinstance(y, Ask)] == [
        Bound("a", "n:b:a"),
        Refused("b", "jobs[0]: slots: a whole number from 1"),
        Bound("c", "n:b:c"),
    ]
    assert [[job["key"] for job in y.data["jobs"]] for y in yielded if isinstance(y, Ask)] == [
        ["a", "b", "c"],
        ["a"],
        ["b"],
        ["c"],
    ]


def test_through_the_real_supervisor(supervised: Supervised, tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\necho $ABELL_NATIVE_ID; env | cut -d= -f1 | sort > names; exit 4\n")
    script.chmod(0o755)
    local = Local(environ=SERVER | {"PATH": "/usr/bin:/bin"})

    async def main() -> Sighting:
        seen: asyncio.Queue[Sighting] = asyncio.Queue()

        def told(event: Any) -> None:
            for sighting in local.events([event]):
                seen.put_nowait(sighting)

        peer = SupervisorPeer(tmp_path, told)
        steps = local.submit([submission(directory=str(tmp_path))])
        bound = steps.send(await peer.ask(next(steps)))
        assert isinstance(bound, Bound)
        while not (sighting := await asyncio.wait_for(seen.get(), 30)).over:
            pass
        polling = local.poll([bound.native_id])
        with pytest.raises(StopIteration) as stop:
            polling.send(await peer.ask(next(polling)))
        assert stop.value.value == {bound.native_id: sighting}
        await peer.close()
        assert (tmp_path / "job.o").read_text() == f"{bound.native_id}\n"
        return sighting

    sighting = asyncio.run(main())
    assert (sighting.cause, sighting.exit_code, sighting.key) == (Cause.EXIT, 4, "akey")
    names = set((tmp_path / "names").read_text().split()) - {"PWD", "_", "SHLVL", "OLDPWD"}
    assert names == {"ABELL_NATIVE_ID", "HOME", "LC_CTYPE", "PATH", "TMPDIR"}
