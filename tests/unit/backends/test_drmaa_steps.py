"""The questions that the back end `drmaa` puts to the library's process, and what it makes of partial answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from abell.backends.contract import (
    Answered,
    Ask,
    BackendError,
    Bound,
    Doubt,
    Later,
    Learned,
    Refused,
    Reply,
    Steps,
    Submission,
    TimedOut,
    Unreachable,
)
from abell.backends.drmaa import Drmaa
from abell.backends.univa import Univa
from abell.job import Cause, Resources, Sighting, State, Unknown

ALIVE = {"state": "RUNNING"}


def submission(params: Mapping[str, Any] | None = None, key: str = "k1", **asked: Any) -> Submission:
    params = params or {}
    return Submission(
        key=key,
        job_id=12,
        number=1,
        name="a job",
        directory="/jobs/12",
        script="/jobs/12/job.sh",
        stdout="/jobs/12/job.out",
        stderr="/jobs/12/job.err",
        resources=Resources(**asked),
        params=params,
        runner_params={},
        workers=1,
    )


def run(steps: Steps[Any], reply: Callable[[Ask], Reply]) -> Any:
    """The steps' value; each question gets its reply."""
    try:
        want = next(steps)
        while True:
            assert isinstance(want, Ask)
            want = steps.send(reply(want))
    except StopIteration as done:
        return done.value


def learn(backend: Drmaa, jobs: list[Submission], reply: Callable[[Ask], Reply]) -> tuple[list[Ask], list[Learned]]:
    asked: list[Ask] = []
    learned: list[Learned] = []
    steps = backend.submit(jobs)
    try:
        want = next(steps)
        while True:
            if isinstance(want, Ask):
                asked.append(want)
                want = steps.send(reply(want))
            else:
                learned.append(want)  # type: ignore[arg-type]
                want = steps.send(None)
    except StopIteration:
        return asked, learned


def test_a_submission() -> None:
    backend = Drmaa({"drmaa_library_path": "/lib/a.so"})
    job = submission({"email": "a@example.org", "native_template": "-c {slots:1}", "native_specification": "-q x"})
    [ask], learned = learn(backend, [job], lambda ask: Answered({"answers": [{"id": "7"}]}))
    assert learned == [Bound("k1", "7")]
    assert (ask.peer, ask.verb, ask.data["library"]) == ("drmaa", "submit", "/lib/a.so")
    assert ask.data["jobs"] == [
        {
            "item": "job 12",  # the same for each attempt: a job that ends two processes is set aside
            "attributes": {
                "remoteCommand": "/jobs/12/job.sh",
                "jobName": "k1",
                "workingDirectory": "/jobs/12",
                "outputPath": ":/jobs/12/job.out",
                "errorPath": ":/jobs/12/job.err",
                "nativeSpecification": "-c 1 -q x",
                "email": ["a@example.org"],
            },
        }
    ]


def test_the_library_of_a_destination_is_another_cluster() -> None:
    backend = Drmaa({"drmaa_library_path": "/lib/a.so"})
    assert backend.cluster({}) == "" and backend.cluster({"drmaa_library_path": "/lib/b.so"}) == "/lib/b.so"
    backend.here = "/lib/b.so"
    [ask], _ = learn(backend, [submission()], lambda ask: Unreachable("x"))
    assert ask.data["library"] == "/lib/b.so"


def test_what_holds_up_all_is_asked_once() -> None:
    jobs = [submission(key=f"k{n}") for n in range(3)]
    down = Answered({"answers": [{"error": "DRM_COMMUNICATION_FAILURE", "text": "down"}]})
    asked, [first, *others] = learn(Drmaa(), jobs, lambda ask: down)
    assert len(asked) == 1 and isinstance(first, Doubt) and "down" in first.reason
    assert others == [Later(f"k{n}", first.reason) for n in (1, 2)]


def test_what_holds_up_a_destination_is_asked_once_for_each() -> None:
    jobs = [submission(key="k0"), submission(key="k1"), submission({"args": "x"}, key="k2")]
    full = Answered({"answers": [{"error": "TRY_LATER", "text": "only 1 jobs are allowed per user"}]})
    asked, learned = learn(Drmaa(), jobs, lambda ask: full)
    assert len(asked) == 2 and {word.holds_up for word in learned if isinstance(word, Later)} == {"destination"}


def test_a_parameter_that_cannot_be_is_refused() -> None:
    asked, [learned] = learn(Drmaa(), [submission({"args": "'x"})], lambda ask: Unreachable("x"))
    assert not asked and isinstance(learned, Refused) and learned.reason.startswith("args: ")


def of(drm: str) -> Callable[[Ask], Reply]:
    """A library of that DRM, which takes every job."""
    return lambda ask: Answered({"drm": drm} if ask.verb == "about" else {"answers": [{"id": "7"}]})


def test_a_path_that_grid_engine_cannot_write_is_refused() -> None:
    job = replace(submission(), stdout="/jobs/a,b/job.out")
    asked, [learned] = learn(Univa(), [job], of("SGE 8.1.9"))
    assert [ask.verb for ask in asked] == ["about"]
    assert isinstance(learned, Refused) and "comma" in learned.reason


def test_univa_with_the_library_of_another_drm() -> None:
    """Its options go to it as they are written; what has no words there is refused, and nothing is made up."""
    slurms = {"nativeSpecification": "--mem=4G -c 2", "native_template": "[--time={minutes}]"}
    Univa.check_destination(slurms)
    assert Univa().effective(Resources(walltime_s=90), slurms, {}) == Resources(2, 4096, 120)
    assert Univa().unexpressed(Resources(slots=2, walltime_s=90), slurms) == ("slots",)
    pbs = {"native_specification": "-l nodes=1:ppn=4,walltime=1:00:00 -q batch"}
    for drm, params, asked, native in (
        ("SLURM 21.08", slurms, Resources(walltime_s=90), "--time=2 --mem=4G -c 2"),
        ("PBS Professional", pbs, Resources(), "-l nodes=1:ppn=4,walltime=1:00:00 -q batch"),
    ):
        [_, ask], [learned] = learn(Univa(), [replace(submission(params), resources=asked)], of(drm))
        assert learned == Bound("k1", "7")
        assert ask.data["jobs"][0]["attributes"]["nativeSpecification"] == native
    _, [learned] = learn(Univa(), [submission(pbs, memory_mb=100)], of("PBS Professional"))
    assert isinstance(learned, Refused) and "h_vmem=100M" in learned.reason and "native_template" in learned.reason


def test_a_library_that_may_not_be_confined() -> None:
    """As one that calls a program with set-user-ID."""
    for params, confined in (({}, True), ({"drmaa_library_confined": False}, False)):
        [ask], _ = learn(Drmaa(params), [submission()], of("PBS"))
        assert ask.data.get("confine", True) is confined


def test_those_that_were_not_answered_are_asked_first_the_next_time() -> None:
    backend = Drmaa()
    orders: list[list[str]] = []

    def two(ask: Ask) -> Reply:
        orders.append(list(ask.data["ids"]))
        return Answered({"answers": dict.fromkeys(orders[-1][:2], ALIVE), "trouble": "out of time"})

    ids = ["1", "2", "3", "4", "5"]
    seen = [set(run(backend.poll(ids), two)) for _ in range(3)]
    assert seen == [{"1", "2"}, {"3", "4"}, {"5", "1"}]


def test_no_answer_teaches_nothing() -> None:
    for reply in (TimedOut(60.0), Unreachable("lost", began=True), Answered({"answers": {}, "trouble": "hung"})):
        with pytest.raises(BackendError):
            run(Drmaa().poll(["1"]), lambda ask, reply=reply: reply)  # type: ignore[misc]


@pytest.mark.parametrize(
    "error", ["DRM_COMMUNICATION_FAILURE", "INTERNAL_ERROR", "AUTH_FAILURE", "SET_ASIDE", "NO_MEMORY"]
)
def test_an_error_about_one_job_is_no_answer_about_it(error: str) -> None:
    answers = {"1": ALIVE, "2": {"error": error, "text": "no"}}
    found = run(Drmaa().poll(["1", "2"]), lambda ask: Answered({"answers": answers}))
    assert found == {"1": Sighting("1", "RUNNING", state=State.RUNNING)}


def test_an_error_about_all_jobs_is_the_librarys_trouble() -> None:
    answers = {"1": {"error": "DRM_COMMUNICATION_FAILURE", "text": "the master is down"}}
    with pytest.raises(BackendError, match="the master is down"):
        run(Drmaa().poll(["1"]), lambda ask: Answered({"answers": answers}))


def test_a_denied_job() -> None:
    answers = {"1": {"error": "INVALID_JOB", "text": "no"}}
    found = run(Drmaa().poll(["1"]), lambda ask: Answered({"answers": answers}))
    assert found == {"1": Unknown("1", "INVALID_JOB: no")}


def test_a_cancellation_of_several() -> None:
    """What the library did not end is asked for again; of the others it is known for whom they ended."""
    backend = Drmaa()
    answers = {"1": {"ok": True}, "2": {"error": "AUTH_FAILURE", "text": "not yours"}, "3": {"error": "INVALID_JOB"}}
    with pytest.raises(BackendError, match="2: AUTH_FAILURE: not yours"):
        run(backend.cancel(["1", "2", "3", "4"], "maria"), lambda ask: Answered({"answers": answers}))
    over = {native: {"state": "FAILED", "ended_error": {"error": "NO_RUSAGE", "text": ""}} for native in "12"}
    found = run(backend.poll(["1", "2"]), lambda ask: Answered({"answers": over}))
    assert [found[native].cause for native in "12"] == [Cause.CANCELLED, Cause.EXIT]


def test_an_id_that_is_given_again_has_no_past() -> None:
    backend = Drmaa()
    run(backend.cancel(["7"], "maria"), lambda ask: Answered({"answers": {"7": {"ok": True}}}))
    learn(backend, [submission()], lambda ask: Answered({"answers": [{"id": "7"}]}))
    over = {"7": {"state": "FAILED", "ended_error": {"error": "NO_RUSAGE", "text": ""}}}
    assert run(backend.poll(["7"]), lambda ask: Answered({"answers": over}))["7"].cause is Cause.EXIT


def test_what_has_no_word_is_said() -> None:
    asked = Resources(slots=4, memory_mb=100, walltime_s=60, gpus=1, queue="q", account="a")
    assert Drmaa().unexpressed(asked, {}) == ("slots", "memory_mb", "walltime_s", "gpus", "queue", "account")
    params = {"native_template": "-c {slots:1} [-t {time}]"}
    assert Drmaa().unexpressed(asked, params) == ("memory_mb", "gpus", "queue", "account")
    assert Drmaa().effective(asked, params, {}) == Resources(slots=4, walltime_s=60)
    assert Univa().unexpressed(asked, {}) == ("gpus",) and Univa().unexpressed(asked, {"gpu_resource": "gpu"}) == ()


@pytest.mark.parametrize(
    ("native", "given"),
    [
        ("--ntasks=1 --cpus-per-task=8 --mem=4G --time=60", Resources(slots=8, memory_mb=4096, walltime_s=3600)),
        ("-pe smp 8 -l h_vmem=2G", Resources()),  # Grid Engine's? `univa` knows it for certain
        ("-n 8 -M 4000", Resources()),  # LSF's memory, or Slurm's cluster
        ("-l nodes=1:ppn=8", Resources()),
        ("--time=nonsense", Resources()),
    ],
)
def test_native_options_are_read_only_where_there_is_no_doubt_whose_they_are(native: str, given: Resources) -> None:
    assert Drmaa().effective(Resources(), {"nativeSpecification": native}, {}) == given


def test_a_limit_of_the_destination_is_what_a_job_gets() -> None:
    params = {"hardWallclockTimeLimit": "1:00:00"}
    assert Drmaa().effective(Resources(), params, {}).walltime_s == 3600
    params = {"hard_wallclock_time_limit": "[{time}]"}
    assert Drmaa().effective(Resources(walltime_s=90), params, {}).walltime_s == 90


def test_univa_says_it_in_grid_engines_words() -> None:
    params = {"parallel_environment": "smp", "native_specification": "-P 'a b' -R y"}
    asked = Resources(slots=2, memory_mb=1000, walltime_s=60)
    assert Univa().native(asked, params) == "-r n -pe smp 2 -l h_vmem=500M,h_rt=60 -P 'a b' -R y"
    assert Univa().native(Resources(), {"native_specification": "-l mem_free=1G"}) == "-r n -w n -l mem_free=1G"
    for option in ("-N x", "-o /x", "-t 1-3", "-sync y"):
        with pytest.raises(ValueError, match=r"^native_specification: "):
            Univa.check_destination({"native_specification": option})


def test_a_server_without_such_a_runner_does_not_load_the_host_of_libraries() -> None:
    code = "import sys, abell.engine.process; print([m for m in sys.modules if m.startswith('abell.hosts.library')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
