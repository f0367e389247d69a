"""What Slurm's commands print, and what the back end makes of it: submissions, polls, endings. No cluster."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.backends import slurm_words
from abell.backends.contract import (
    BackendError,
    Bound,
    Call,
    Doubt,
    Exited,
    Later,
    Refused,
    Reply,
    Steps,
    Submission,
    SubmitSteps,
    TimedOut,
    Unreachable,
)
from abell.backends.slurm import CONFIRMED, PATIENCE_S, Slurm, by_cluster, chunks
from abell.backends.slurm_listings import (
    FIELD,
    RECORD,
    booked,
    queued,
    requested_bytes,
    seconds,
    size_bytes,
    wait_status,
)
from abell.backends.slurm_replies import said, submitted
from abell.backends.slurm_script import pattern
from abell.job import Cause, Resources, Sighting, State, Unknown
from tests.recorded.slurm.commands import submission
from tests.unit.backends.slurm_recordings import Clock, polls

KEY = "aqqqqqqqqqqqqq"
SAYS = "sbatch: error: "


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Exited(0, "12\n", ""), Bound(KEY, "12")),
        (Exited(0, "a plugin's greeting 7\n12;east\n", ""), Bound(KEY, "12")),
        (Exited(0, "Submitted\n", ""), Doubt),
        (Exited(0, "", ""), Doubt),
        (Exited(-9, "", ""), Doubt),
        (TimedOut(180, "", SAYS + "sleeping and retrying"), Doubt),
        (Unreachable("no such file", began=False), Later(KEY, "no such file", "cluster")),
        (Unreachable("cut", began=True), Doubt),
        (Exited(1, "", SAYS + "Batch job submission failed: Socket timed out on send/recv operation"), Doubt),
        (Exited(1, "", SAYS + "Batch job submission failed: Zero Bytes were transmitted or received"), Doubt),
        (Exited(1, "", SAYS + "something that nobody has heard"), Doubt),
        (Exited(1, "", SAYS + "Batch job submission failed: news from the future"), Refused),
        (Exited(1, "", SAYS + "Batch job submission failed: Requested node configuration is not available"), Refused),
        (
            Exited(1, "", "sbatch: unrecognized option '--nonsense'\nTry \"sbatch --help\" for more information"),
            Refused,
        ),
        (Exited(1, "", SAYS + "Invalid --mem specification"), Refused),
        (
            Exited(1, "", SAYS + "No cluster 'x' known by database.\n" + SAYS + "'x' can't be reached now, or it"),
            Refused,
        ),
    ],
)
def test_a_reply_of_sbatch(reply: Reply, expected: object) -> None:
    learned = submitted(KEY, "", replace(reply, err=f"{reply.err}\n") if isinstance(reply, Exited) else reply)
    assert learned == expected if not isinstance(expected, type) else isinstance(learned, expected)


POLICY = (
    "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
)


@pytest.mark.parametrize(
    ("text", "holds_up"),
    [
        (f"AssocMaxSubmitJobLimit\n{SAYS}{POLICY}", "destination"),
        (f"QOSMaxSubmitJobPerUserLimit\n{SAYS}{POLICY}", "destination"),
        ("Batch job submission failed: MaxJobCount limit reached", "cluster"),
        ("Batch job submission failed: Unable to contact slurm controller (connect failure)", "cluster"),
        ('Munge encode failed: Failed to access "/run/munge/munge.socket.2"', "cluster"),
        ("Batch job submission failed: Rate limit exceeded, please retry later", "cluster"),
    ],
)
def test_what_passes_and_whom_it_holds_up(text: str, holds_up: str) -> None:
    learned = submitted(KEY, "", Exited(1, "", SAYS + text + "\n"))
    assert isinstance(learned, Later) and learned.holds_up == holds_up


@pytest.mark.parametrize(
    ("err", "words"),
    [
        (
            f"{SAYS}Slurm temporarily unable to accept job, sleeping and retrying\n" * 2
            + f"{SAYS}Batch job submission failed: Resource temporarily unavailable\n",
            "Slurm temporarily unable to accept job; Resource temporarily unavailable",
        ),
        (
            f"{SAYS}s_p_parse_file: cannot stat file /x.conf: No such file, retrying in 1sec up to 60sec\n"
            "sbatch: fatal: Unable to process configuration file\n",
            "no usable slurm.conf: set the runner's slurm_conf, or SLURM_CONF for the server (s_p_parse_file: "
            "cannot stat file /x.conf: No such file; Unable to process configuration file)",
        ),
    ],
)
def test_what_is_told_of_a_command_that_failed(err: str, words: str) -> None:
    """It names what Slurm tried again in vain, and the remedy where nobody else can know it."""
    assert said(err) == words


@pytest.mark.parametrize("limit", ["AssocMaxCpuPerJobLimit", "QOSMaxWallDurationPerJobLimit", "QOSMaxMemoryPerJob"])
def test_a_limit_on_one_job_is_no_matter_of_waiting(limit: str) -> None:
    learned = submitted(KEY, "", Exited(1, "", f"{SAYS}{limit}\n{SAYS}{POLICY}\n"))
    assert isinstance(learned, Refused) and learned.reason.startswith(f"{limit}; Job violates")


def test_the_id_of_another_cluster() -> None:
    assert submitted(KEY, "east", Exited(0, "12;east\n", "")) == Bound(KEY, "12.east")
    assert by_cluster(["1", "2.east", "3", "4.east"]) == {"": ["1", "3"], "east": ["2", "4"]}


def row(
    number: str, word: str, reason: str = "None", code: str = "0", name: str = f"x.{KEY}", restarts: str = "0"
) -> str:
    return FIELD.join((number, word, reason, code, restarts, "1-00:01:05", "n1", name)) + RECORD + "\n"


def book(number: str, word: str, code: str = "0:0", peak: str = "", memory: str = "", name: str = f"x.{KEY}") -> str:
    return FIELD.join((number, word, code, "65", "00:01.500", peak, memory, "2", "n1", name)) + "\n"


Answer = Callable[[Any], Reply]


def run(steps: Steps[Any], answer: Answer) -> tuple[Any, list[Call]]:
    asked: list[Call] = []
    try:
        want = next(steps)
        while True:
            asked.append(want)
            want = steps.send(answer(want))
    except StopIteration as done:
        return done.value, asked


def slurm(listing: str = "", accounting: str | Reply = "", scontrol: str = "Invalid job id specified") -> Answer:
    """A Slurm that answers so."""

    def answer(call: Call) -> Reply:
        match call.argv[0]:
            case "squeue":
                return Exited(0, listing, "")
            case "sacct":
                return Exited(0, accounting, "") if isinstance(accounting, str) else accounting
            case "scontrol":
                return Exited(1, "", f"slurm_load_jobs error: {scontrol}")
            case "id":
                return Exited(0, "maria\n", "")
        raise AssertionError(call)

    return answer


def seen(ids: Sequence[str], answer: Answer, backend: Slurm | None = None) -> dict[str, Sighting | Unknown]:
    found, _ = run((backend or Slurm()).poll(ids), answer)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("word", "code", "cause", "exit_code", "signal"),
    [
        ("COMPLETED", "0", Cause.OK, 0, None),
        ("FAILED", "1792", Cause.EXIT, 7, None),
        ("FAILED", "7:0", Cause.EXIT, 7, None),  # since 23.11
        ("FAILED", "11", Cause.SIGNAL, None, 11),
        ("FAILED", "0:11", Cause.SIGNAL, None, 11),
        ("FAILED", "53", Cause.NODE, None, None),
        ("TIMEOUT", "15", Cause.WALLTIME, None, None),
        ("DEADLINE", "0", Cause.WALLTIME, None, None),
        ("NODE_FAIL", "0", Cause.NODE, None, None),
        ("BOOT_FAIL", "0", Cause.NODE, None, None),
        ("PREEMPTED", "0", Cause.PREEMPTED, None, None),
        ("LAUNCH_FAILED", "0:0", Cause.NODE, None, None),
    ],
)
def test_endings_that_the_controller_tells(
    word: str, code: str, cause: Cause, exit_code: int | None, signal: int | None
) -> None:
    found, asked = run(Slurm().poll(["5"]), slurm(row("5", word, code=code)))
    assert (found["5"].cause, found["5"].exit_code, found["5"].signal) == (cause, exit_code, signal)
    assert found["5"].key == KEY and found["5"].usage.elapsed_s == 86465 and found["5"].restarts == 0
    assert len(asked) == 1  # nobody else is asked


@pytest.mark.parametrize(
    ("word", "reason", "state", "said"),
    [
        ("PENDING", "Resources", State.QUEUED, "Resources: waits for free resources"),
        ("PENDING", "Priority", State.QUEUED, "Priority: jobs of higher"),
        (
            "PENDING",
            "ReqNodeNotAvail, UnavailableNodes:n5",
            State.QUEUED,
            "ReqNodeNotAvail, UnavailableNodes:n5: a node",
        ),
        ("PENDING", "JobHeldUser", State.HELD, "JobHeldUser: held by its user: `scontrol release"),
        ("PENDING", "launch failed requeued held", State.HELD, "launch failed requeued held: the node could not"),
        ("PENDING", "DependencyNeverSatisfied", State.HELD, "DependencyNeverSatisfied: .*never come"),
        ("PENDING", "AssocMaxCpuPerJobLimit", State.HELD, "AssocMaxCpuPerJobLimit: one job"),
        ("PENDING", "QOSMaxCpuPerUserLimit", State.QUEUED, "QOSMaxCpuPerUserLimit$"),
        ("PENDING", "AssocGrpCpuLimit", State.QUEUED, "AssocGrpCpuLimit$"),
        ("PENDING", "uid 7 not in group permitted to use this partition (s)", State.HELD, ".*may not use"),
        ("REQUEUE_HOLD", "x", State.HELD, "x"),
        ("CONFIGURING", "None", State.QUEUED, "$"),
        ("COMPLETING", "None", State.RUNNING, "$"),
        ("SUSPENDED", "None", State.SUSPENDED, "$"),
        ("A_WORD_OF_30_05", "None", State.RUNNING, "$"),
    ],
)
def test_states(word: str, reason: str, state: State, said: str) -> None:
    sighting = seen(["5"], slurm(row("5", word, reason)))["5"]
    assert isinstance(sighting, Sighting) and sighting.state is state and re.match(said, sighting.reason)


def test_who_cancelled_it_and_how_much_it_took() -> None:
    accounting = book("5", "CANCELLED by 1000", "0:15") + book("5.batch", "CANCELLED", "0:15", "2048K", name="batch")
    sighting = seen(["5"], slurm(row("5", "CANCELLED", code="15"), accounting))["5"]
    assert isinstance(sighting, Sighting)
    assert (sighting.cause, sighting.reason, sighting.usage.memory_bytes) == (Cause.CANCELLED, "by maria", 2 << 20)
    assert (sighting.usage.elapsed_s, sighting.usage.cpu_s, sighting.key, sighting.restarts) == (65, 1.5, KEY, 0)


@pytest.mark.parametrize(("memory", "cause"), [("100M", Cause.MEMORY), ("50Mc", Cause.MEMORY), ("101M", Cause.SIGNAL)])
def test_killed_by_9_at_its_memory(memory: str, cause: Cause) -> None:
    accounting = book("5", "FAILED", "0:9", memory=memory) + book("5.batch", "CANCELLED", "0:9", "102400K", memory)
    sighting = seen(["5"], slurm(row("5", "FAILED", code="9"), accounting))["5"]
    assert isinstance(sighting, Sighting) and (sighting.cause, sighting.signal) == (cause, 9)


def test_an_accounting_that_lags_is_waited_for_and_not_for_ever() -> None:
    clock = Clock()
    backend, late = Slurm(clock=clock), slurm(row("5", "CANCELLED"), book("5", "RUNNING"))
    assert seen(["5"], late, backend) == {}
    clock.now = PATIENCE_S - 1
    assert seen(["5"], late, backend) == {}
    clock.now = PATIENCE_S
    sighting = seen(["5"], late, backend)["5"]
    assert isinstance(sighting, Sighting) and sighting.cause is Cause.CANCELLED
    run(backend.forget(["5"]), late)
    assert seen(["5"], late, backend) == {}


def test_an_impossible_job_is_rejected() -> None:
    sighting = seen(["5"], slurm(row("5", "FAILED", "BadConstraints", "256")))["5"]
    assert isinstance(sighting, Sighting) and sighting.cause is Cause.REJECTED
    assert sighting.reason.startswith("BadConstraints: no node has what it asks for")


def test_an_earlier_run_in_the_accounting_is_not_this_ending() -> None:
    """20.11, `node_fail_requeue`: failed, put back, cancelled while it waited."""
    stale = slurm(row("5", "CANCELLED", restarts="1"), book("5", "NODE_FAIL"))
    sighting = until_patience(["5"], stale)["5"]
    assert isinstance(sighting, Sighting) and (sighting.cause, sighting.restarts) == (Cause.CANCELLED, 1)


def test_a_short_job_that_the_accounting_calls_allocation() -> None:
    answer = slurm(row("5", "CANCELLED"), book("5", "CANCELLED by 7", name="allocation"))
    sighting = seen(["5"], answer)["5"]
    assert isinstance(sighting, Sighting) and (sighting.key, sighting.reason) == (KEY, "by maria")


def test_an_older_job_of_the_same_id_in_the_accounting_is_not_this_one() -> None:
    other = slurm(row("5", "CANCELLED"), book("5", "CANCELLED by 1000", name="x.abbbbbbbbbbbbb"))
    sighting = until_patience(["5"], other)["5"]
    assert isinstance(sighting, Sighting) and (sighting.key, sighting.reason) == (KEY, "")


def test_what_the_controller_has_forgotten_the_accounting_tells() -> None:
    sighting = seen(["5", "6"], slurm(row("6", "RUNNING"), book("5", "TIMEOUT")))["5"]
    assert isinstance(sighting, Sighting) and sighting.cause is Cause.WALLTIME


def until_patience(ids: Sequence[str], answer: Answer) -> dict[str, Sighting | Unknown]:
    """What is said when the accounting has had its time; before, no ending and no absence is."""
    *before, last = polls(ids, answer)
    for heard in before:
        assert not any(isinstance(word, Unknown) or word.over for word in heard.values())
    return last


def test_neither_knows_it() -> None:
    found = until_patience(["5", "6"], slurm(row("6", "RUNNING")))
    assert found["5"] == Unknown("5", "Slurm has forgotten this job id")


def test_what_is_not_listed_is_asked_for_by_its_number() -> None:
    """A listing may be cut, and some leave out a job that is STOPPED: only the controller's own denial counts."""
    _, asked = run(Slurm().poll(["5"]), slurm())
    assert ("scontrol", "show", "job", "5") in [call.argv for call in asked]
    for trouble in ("Unable to contact slurm controller (connect failure)", "Socket timed out on send/recv operation"):
        assert until_patience(["5"], slurm(row("6", "RUNNING"), scontrol=trouble)) == {}
        assert until_patience(["5"], slurm(accounting=book("5", "NODE_FAIL"), scontrol=trouble)) == {}


def test_so_many_are_asked_for_in_a_poll_and_all_in_turn() -> None:
    ids = [str(number) for number in range(100, 125)]
    clock = Clock()
    backend, told = Slurm(clock=clock), set[str]()
    for _ in range(6):  # twice each: the accounting has its time in between
        clock.now += PATIENCE_S
        found, asked = run(backend.poll(ids), slurm())
        assert sum(call.argv[0] == "scontrol" for call in asked) == CONFIRMED
        told |= found.keys()
    assert told == set(ids)


def test_of_many_the_accounting_is_believed_once_the_controller_has_denied_some() -> None:
    ids = [str(number) for number in range(100, 150)]
    ended = "".join(book(number, "TIMEOUT") for number in ids[:-1])
    found, asked = run(Slurm().poll(ids), slurm(accounting=ended))
    assert found.keys() == set(ids[:-1]) and sum(call.argv[0] == "sacct" for call in asked) == 1
    assert all(isinstance(word, Sighting) and word.cause is Cause.WALLTIME for word in found.values())

    def one_lives(call: Call) -> Reply:
        if call.argv == ("scontrol", "show", "job", ids[0]):
            return TimedOut(60)
        return slurm(accounting=ended)(call)

    assert run(Slurm().poll(ids), one_lives)[0] == {}, "the listing may have been cut"


def test_nobody_else_is_asked_for_while_the_controller_does_not_answer() -> None:
    _, asked = run(Slurm().poll(["5", "6", "7"]), slurm(scontrol="Socket timed out on send/recv operation"))
    assert sum(call.argv[0] == "scontrol" for call in asked) == 1


def test_an_accounting_that_does_not_answer_proves_nothing() -> None:
    down = Exited(1, "", "sacct: error: Problem talking to the database: Connection refused")
    for trouble in (down, TimedOut(60), "garbage\n", book("5", "FAILED", "7:0").rstrip("\n")):
        assert until_patience(["5"], slurm(accounting=trouble)) == {}


def test_killed_by_9_waits_for_the_steps() -> None:
    """A row of `.batch` tells whether it was for its memory."""
    for listing in ("", row("5", "FAILED", code="9")):
        assert seen(["5"], slurm(listing, book("5", "FAILED", "0:9", memory="1M"))) == {}
        found = until_patience(["5"], slurm(listing, book("5", "FAILED", "0:9", memory="1M")))["5"]
        assert isinstance(found, Sighting) and found.cause is Cause.SIGNAL


def test_an_exit_code_that_cannot_be_read_is_asked_for() -> None:
    found = seen(["5"], slurm(row("5", "FAILED", code="0:1x1"), book("5", "FAILED", "0:11")))["5"]
    assert isinstance(found, Sighting) and (found.cause, found.signal) == (Cause.SIGNAL, 11)


@pytest.mark.parametrize("text", [row("5", "FAILED").rstrip("\n"), row("5", "FAILED")[:-5], row("x5", "FAILED"), "5"])
def test_a_listing_that_was_cut_says_nothing(text: str) -> None:
    with pytest.raises(BackendError):
        seen(["5"], slurm(row("4", "RUNNING") + text))


def test_a_cancellation_is_told_without_an_accounting_that_answers() -> None:
    """By whom is not known then."""
    for trouble in (Exited(1, "", "sacct: error: down"), TimedOut(20), "garbage\n"):
        found = seen(["5"], slurm(row("5", "CANCELLED"), trouble))["5"]
        assert isinstance(found, Sighting) and found.cause is Cause.CANCELLED


def test_without_accounting_the_controller_is_believed_and_the_accounting_left_alone() -> None:
    now = [0.0]
    backend = Slurm(clock=lambda: now[0])
    answer = slurm(row("6", "CANCELLED"), Exited(1, "", "Slurm accounting storage is disabled\n"))
    found = seen(["5", "6"], answer, backend)
    assert isinstance(found["5"], Unknown) and isinstance(found["6"], Sighting)
    _, asked = run(backend.poll(["5"]), answer)
    assert "sacct" not in {call.argv[0] for call in asked}
    now[0] = 1e4
    _, asked = run(backend.poll(["5"]), answer)
    assert "sacct" in {call.argv[0] for call in asked}


@pytest.mark.parametrize("reply", [Exited(1, "", "x"), Exited(0, "garbage", ""), TimedOut(60), Unreachable("no")])
def test_an_outage_changes_nothing(reply: Reply) -> None:
    with pytest.raises(BackendError):
        run(Slurm().poll(["5"]), lambda call: reply)


def test_one_cluster_that_is_down_hides_no_other() -> None:
    def answer(call: Call) -> Reply:
        return Exited(1, "", "down") if "east" in call.argv else slurm(row("5", "RUNNING"))(call)

    assert set(seen(["5", "5.east"], answer)) == {"5"}


def test_names_of_other_peoples_jobs_hurt_nothing() -> None:
    listing = row("4", "RUNNING", name="a\nb\x1f9") + "CLUSTER: east\n" + row("5", "RUNNING")
    assert set(seen(["5"], slurm(listing))) == {"5"}


def test_cancel() -> None:
    _, asked = run(Slurm().cancel(["1", "2.east", "3"], "maria"), lambda call: Exited(0, "", ""))
    assert [call.argv for call in asked] == [("scancel", "1", "3"), ("scancel", "-M", "east", "2")]
    gone = "scancel: error: Kill job error on job id 1: Job/step already completing or completed\n"
    run(Slurm().cancel(["1"], "maria"), lambda call: Exited(1, "", gone))
    for error in ("scancel: error: Kill job error on job id 1: Access/permission denied", ""):
        with pytest.raises(BackendError):
            run(Slurm().cancel(["1"], "maria"), lambda call, error=error: Exited(1, "", gone * bool(error) + error))  # type: ignore[misc]


FULL = "sbatch: error: Batch job submission failed: MaxJobCount limit reached\n"
LIMIT = "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates ...\n"


@pytest.mark.parametrize(("said", "tried"), [(FULL, ["a1", "b1"]), (LIMIT, ["a1", "a3", "b1"])])
def test_a_controller_that_said_no_is_not_asked_again_at_once(said: str, tried: list[str]) -> None:
    """a1, a2: the same destination; a3: the same cluster, another account; b1: another cluster."""

    def job(key: str, native: str = "", account: str | None = None) -> Submission:
        return replace(submission(native, key=key, script=key), resources=Resources(account=account))

    jobs = [job("a1"), job("a2"), job("a3", account="lab"), job("b1", "-M east")]
    found, asked = run_submit(Slurm().submit(jobs), lambda call: Exited(1, "", said))
    assert [call.argv[-1] for call in asked] == tried
    assert [word.key for word in found] == ["a1", "a2", "a3", "b1"]
    assert all(isinstance(word, Later) for word in found) and len({word.reason for word in found}) == 1


def run_submit(steps: SubmitSteps, answer: Answer) -> tuple[list[Any], list[Call]]:
    learned: list[Any] = []
    asked: list[Call] = []
    reply: Reply | None = None
    with contextlib.suppress(StopIteration):
        while True:
            want = steps.send(reply)
            reply = None
            if isinstance(want, Call):
                asked.append(want)
                reply = answer(want)
            else:
                learned.append(want)
    return learned, asked


def test_what_was_refused_is_not_found() -> None:
    """An impossible job stays for a while under the name that it was refused with."""
    found, _ = run(Slurm().find([KEY]), slurm(row("5", "FAILED", "BadConstraints", "256")))
    assert found == {}


@pytest.mark.parametrize(("cluster", "native"), [("", "5"), ("east", "5.east")])
def test_find_asks_the_cluster_that_may_have_it_and_no_other(cluster: str, native: str) -> None:
    backend = Slurm({"slurm_conf": "/etc/c"})
    backend.here = cluster
    backend.cluster({"native_specification": "-M down"})
    found, asked = run(backend.find([KEY, "azzzzzzzzzzzzz"]), slurm(row("5", "RUNNING")))
    assert found == {KEY: native} and len(asked) == 1
    assert all(call.env == {"SLURM_CONF": "/etc/c"} and call.keep == ("SLURM_CONF",) for call in asked)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "slurmstepd-n1: error: *** JOB 5 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***",
            Cause.WALLTIME,
        ),
        ("slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***", Cause.PREEMPTED),
        (
            "[2026-01-01T00:00:00.971] error: *** JOB 5 ON n1 CANCELLED AT x DUE TO NODE FAILURE, SEE SLURMCTLD",
            Cause.NODE,
        ),
        ("slurmstepd-n1: error: StepId=5.batch exceeded memory limit (109 > 104), being killed", Cause.MEMORY),
        ("slurmstepd: error: Exceeded job memory limit", Cause.MEMORY),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=5.batch. Some of the step tasks", Cause.MEMORY),
        ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.batch cgroup.", Cause.MEMORY),
        ("slurmstepd-n1: error: *** JOB 5 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***", None),
        ("echo: Exceeded job memory limit", None),
        ("  slurmstepd: error: Exceeded job memory limit", None),
    ],
)
def test_last_words(line: str, cause: Cause | None) -> None:
    assert {c for words, c in slurm_words.LAST_WORDS.items() if re.search(words, line)} == ({cause} if cause else set())


def test_amounts() -> None:
    assert [seconds(t) for t in ("0:05", "1:02:03", "2-00:00:01", "00:01.500", "INVALID", "")] == [
        5, 3723, 172801, 1.5, None, None,
    ]  # fmt: skip
    assert [size_bytes(t) for t in ("107120K", "1.50G", "0", "", "x")] == [109690880, 1610612736, 0, None, None]
    assert [requested_bytes(t, "2") for t in ("1M", "1Mn", "1Mc", "")] == [1 << 20, 1 << 20, 2 << 20, None]
    assert [wait_status(t) for t in ("1792", "15", "0:9", "N/A")] == [(7, None), (0, 15), (0, 9), (None, None)]


def test_chunks_fit_into_one_argument() -> None:
    numbers = [str(n) for n in range(10**6, 10**6 + 40_000)]
    made = list(chunks(numbers))
    assert [n for some in made for n in some] == numbers
    assert all(len(",".join(some)) <= 100_000 for some in made) and len(made) == 4


def test_a_path_stands_for_itself() -> None:
    assert [pattern(p) for p in ("/a b", "/100%j", r"/b\x%j")] == ["/a b", "/100%%j", r"/b\\x%j"]


JUNK = st.text(alphabet=f"1 x:.-\n{FIELD}{RECORD}", max_size=60) | st.text(max_size=60)


@given(JUNK)
def test_any_listing_is_read_or_refused(text: str) -> None:
    for read in (queued, booked):
        try:
            list(read(text))
        except BackendError:
            pass


@given(st.integers(-20, 300), JUNK, JUNK)
def test_any_answer_is_understood_or_changes_nothing(code: int, out: str, err: str) -> None:
    reply = Exited(code, out, err)
    assert isinstance(submitted(KEY, "", reply), Bound | Refused | Later | Doubt)
    try:
        found, _ = run(Slurm().poll(["5", "6.east"]), lambda call: reply)
    except BackendError:
        return
    assert not any(isinstance(word, Unknown) for word in found.values()) or "Invalid job id" in err or "disabled" in err
