"""What DRMAA's answers mean: states, endings, submissions, and answers that deny a job."""

from __future__ import annotations

from typing import Any

import pytest

from abell.backends.contract import (
    Answered,
    Bound,
    Doubt,
    Exited,
    Later,
    Learned,
    Refused,
    Reply,
    TimedOut,
    Unreachable,
)
from abell.backends.drmaa_endings import ABORTED, seen, signal_number, usage
from abell.backends.drmaa_missing import Missing
from abell.backends.drmaa_replies import about, remedy, submitted
from abell.backends.drmaa_words import STATES, is_over
from abell.job import Cause, Sighting, State, Unknown, Usage
from abell.library.drmaa import ERRORS
from abell.library.drmaa import STATES as LIBRARYS_STATES

EXITED = {"exited": True, "exit_code": 0, "signal": None, "core": False, "aborted": False, "usage": {}}
# As Grid Engine 8.1.9 gave them: h_rt exceeded, qdel of a running job, a working directory that is not there.
KILLED = {"exited": False, "exit_code": None, "signal": "SIGKILL", "core": False, "aborted": False, "usage": {}}
GE_ABORTED = {**EXITED, "exited": False, "exit_code": None, "aborted": True, "usage": {"exit_status": "137.0000"}}
NOT_STARTED = {**GE_ABORTED, "usage": {"exit_status": "0.0000", "cpu": "0.0000"}}


def test_every_state_of_the_interface_has_a_meaning() -> None:
    assert {*STATES, "UNDETERMINED"} == {*LIBRARYS_STATES.values()}
    assert seen("1", {"state": "UNDETERMINED"}) is None
    assert seen("1", {"state": "UNKNOWN 0x77"}) is None


@pytest.mark.parametrize(
    ("word", "state"), [(word, meaning) for word, meaning in STATES.items() if isinstance(meaning, State)]
)
def test_live_states(word: str, state: State) -> None:
    found = seen("1", {"state": word})
    assert found is not None and (found.state, found.cause, found.word) == (state, None, word)
    assert bool(found.reason) == (state is State.HELD)


@pytest.mark.parametrize(
    ("word", "ended", "cancelled", "cause", "code", "signal"),
    [
        ("DONE", EXITED, "", Cause.OK, 0, None),
        ("DONE", {**EXITED, "exit_code": 3}, "", Cause.EXIT, 3, None),
        ("DONE", KILLED, "", Cause.SIGNAL, None, 9),
        ("DONE", KILLED, "maria", Cause.SIGNAL, None, 9),  # the verdict knows of the wish
        ("FAILED", KILLED, "maria", Cause.CANCELLED, None, 9),
        ("FAILED", KILLED, "", Cause.SIGNAL, None, 9),
        ("DONE", None, "", Cause.OK, None, None),
        ("DONE", {**EXITED, "exited": False, "exit_code": None}, "", Cause.OK, None, None),
        ("FAILED", {**EXITED, "exit_code": 3}, "", Cause.EXIT, 3, None),
        ("FAILED", GE_ABORTED, "", Cause.SIGNAL, None, 9),
        ("FAILED", GE_ABORTED, "maria", Cause.CANCELLED, None, 9),
        ("FAILED", NOT_STARTED, "", Cause.EXIT, None, None),
        ("FAILED", NOT_STARTED, "maria", Cause.CANCELLED, None, None),
        ("FAILED", None, "", Cause.EXIT, None, None),  # deleted while pending
        ("FAILED", None, "maria", Cause.CANCELLED, None, None),
    ],
)
def test_endings(word: str, ended: Any, cancelled: str, cause: Cause, code: int | None, signal: int | None) -> None:
    answer: dict[str, Any] = {"state": word}
    if ended is None:
        answer["ended_error"] = {"error": "NO_RUSAGE", "text": "no usage information was returned"}
    else:
        answer["ended"] = ended
    found = seen("1", answer, cancelled)
    assert found is not None and found.state is None
    assert (found.cause, found.exit_code, found.signal) == (cause, code, signal)
    if cause is Cause.CANCELLED:
        assert found.reason == "by maria"
    elif word == "FAILED" and code is None and signal is None:
        assert found.reason.startswith(ABORTED)


def test_nothing_that_drmaa_says_is_ever_a_cause_that_it_has_no_word_for() -> None:
    guessed = {Cause.WALLTIME, Cause.MEMORY, Cause.NODE, Cause.PREEMPTED, Cause.REJECTED}
    assert not guessed & {meaning for meaning in STATES.values() if isinstance(meaning, Cause)}


def test_usage() -> None:
    ge = {"cpu": "1.5000", "ru_wallclock": "2.0000", "maxvmem": "3629056.0000", "exit_status": "0.0000"}
    assert usage(ge) == Usage(2.0, 1.5, 3629056)
    assert usage({"ru_utime": "1.0", "ru_stime": "0.5"}) == Usage(None, 1.5, None)
    assert usage({"mem": "12kb", "cput": "00:00:01", "walltime": "7"}) == Usage(7.0, None, None)
    assert usage({"cpu": "nan", "maxvmem": "-1", "walltime": "1e400"}) == Usage()


@pytest.mark.parametrize(
    ("word", "number"),
    [("SIGKILL", 9), ("KILL", 9), ("9", 9), ("SIGXCPU", 24), ("", None), (None, None), ("0", None), ("?!", None)],
)
def test_signals(word: Any, number: int | None) -> None:
    assert signal_number(word) == number


ONE: list[tuple[Reply, Learned]] = [
    (Answered({"answers": [{"id": "4711"}]}), Bound("k", "4711")),
    (Answered({"answers": [{"doubt": "it was killed by SIGSEGV"}]}), Doubt("k", "it was killed by SIGSEGV")),
    (Answered({"answers": [{"later": "it was lost before"}]}), Later("k", "it was lost before")),
    (Answered({"answers": [{"set_aside": "job 1 has ended two"}]}), Refused("k", "job 1 has ended two")),
    (Answered({"answers": [{"set_aside": "job 1 has ended two", "began": True}]}), Doubt("k", "job 1 has ended two")),
    (Answered({"answers": [{"id": ""}]}), Doubt("k", "the library's process has answered {'id': ''}")),
    (Answered({"answers": []}), Doubt("k", "the library's process has answered {'answers': []}")),
    (TimedOut(300.0), Doubt("k", "the DRM's library has not answered for 300 s")),
    (Unreachable("no such library"), Later("k", "no such library")),
    (Unreachable("lost", began=True), Doubt("k", "lost")),
    (Exited(0, "", ""), Doubt("k", "no answer of a library: Exited(code=0, out='', err='')")),
]


@pytest.mark.parametrize(("reply", "learned"), ONE)
def test_submitted(reply: Reply, learned: Learned) -> None:
    assert submitted("k", reply) == learned


# Error, the library's words, what is learned, whose submissions pause. The texts are Grid Engine's, Slurm's, PBS's.
ERROR = [
    ("TRY_LATER", "busy", Later, "cluster"),
    ("TRY_LATER", "job rejected: only 1 jobs are allowed per user (current job count: 1)", Later, "destination"),
    ("TRY_LATER", "job rejected: only 9 jobs are allowed per cluster (current job count: 9)", Later, "cluster"),
    ("DRM_COMMUNICATION_FAILURE", "unable to send message to qmaster using port 16444", Doubt, ""),
    ("DENIED_BY_DRM", 'unknown resource "nosuch"', Refused, ""),
    ("DENIED_BY_DRM", "error: no suitable queues", Refused, ""),
    ("DENIED_BY_DRM", "job rejected: Only 3 jobs are allowed per user (current job count: 3)", Later, "destination"),
    ("DENIED_BY_DRM", "Batch job submission failed: AssocMaxSubmitJobLimit", Later, "destination"),
    ("DENIED_BY_DRM", "would exceed queue generic's per-user limit", Later, "destination"),
    ("DENIED_BY_DRM", "unable to contact qmaster", Doubt, ""),
    ("AUTH_FAILURE", "not allowed", Refused, ""),
    ("INVALID_ATTRIBUTE_VALUE", "this library has no drmaa_wct_hlimit", Refused, ""),
    ("INVALID_ATTRIBUTE_FORMAT", "bad", Refused, ""),
    ("CONFLICTING_ATTRIBUTE_VALUES", "start after deadline", Refused, ""),
    ("INVALID_ARGUMENT", "bad", Refused, ""),
    ("NO_MEMORY", "", Doubt, ""),
    ("NO_ACTIVE_SESSION", "", Later, "cluster"),
    ("INTERNAL_ERROR", "commlib error: got read error", Doubt, ""),
    ("INTERNAL_ERROR", "Only 3 jobs are allowed per user", Later, "destination"),
    ("INTERNAL_ERROR", "bad luck", Doubt, ""),
    ("INVALID_JOB", "nonsense here", Doubt, ""),
    ("ERRNO_99", "unheard of", Doubt, ""),
]


@pytest.mark.parametrize(("error", "text", "kind", "holds_up"), ERROR)
def test_a_submission_that_failed(error: str, text: str, kind: type[Learned], holds_up: str) -> None:
    learned = submitted("k", Answered({"answers": [{"error": error, "text": text}]}))
    assert type(learned) is kind and (text or error) in getattr(learned, "reason", "")
    assert getattr(learned, "holds_up", "") == holds_up


@pytest.mark.parametrize("error", [each for each in ERRORS if each != "SUCCESS"])
def test_no_error_of_a_submission_is_taken_for_a_job(error: str) -> None:
    assert not isinstance(submitted("k", Answered({"answers": [{"error": error, "text": "x"}]})), Bound)


def test_what_is_over_already_needs_no_end() -> None:
    assert is_over("INVALID_JOB", "") and is_over("INTERNAL_ERROR", "Job/step already completing or completed")
    assert not is_over("AUTH_FAILURE", "") and not is_over("INTERNAL_ERROR", "")


def denials(params: dict[str, Any], error: str, times: int = 4) -> list[Unknown | None]:
    missing = Missing(params)
    return [missing.denied("7", error, "no") for _ in range(times)]


def test_a_denied_job_is_unknown_after_the_retries() -> None:
    gone = Unknown("7", "INVALID_JOB: no")
    assert denials({}, "INVALID_JOB", 1) == [gone]
    assert denials({"invalidjobexception_retries": 2}, "INVALID_JOB") == [None, None, gone, gone]
    final = Unknown("7", "INVALID_JOB: no", final=True)
    assert denials({"invalidjobexception_state": "error", "invalidjobexception_retries": 1}, "INVALID_JOB", 2) == [
        None,
        final,
    ]


def test_internal_errors_count_only_where_it_is_written() -> None:
    assert denials({}, "INTERNAL_ERROR") == [None] * 4
    assert denials({"invalidjobexception_state": "error"}, "INTERNAL_ERROR") == [None] * 4
    gone = Unknown("7", "INTERNAL_ERROR: no")
    assert denials({"internalexception_state": "ok"}, "INTERNAL_ERROR", 1) == [gone]
    assert denials({"internalexception_retries": 3}, "INTERNAL_ERROR") == [None, None, None, gone]
    assert denials({"internalexception_state": "error"}, "INTERNAL_ERROR", 1) == [
        Unknown("7", "INTERNAL_ERROR: no", final=True)
    ]


@pytest.mark.parametrize("error", [each for each in ERRORS if each not in ("SUCCESS", "INVALID_JOB", "INTERNAL_ERROR")])
def test_no_other_error_ever_ends_a_job(error: str) -> None:
    params = {f"{name}_{what}": value for name in ("invalidjobexception", "internalexception")
              for what, value in (("state", "error"), ("retries", 0))}  # fmt: skip
    assert denials(params, error, 100) == [None] * 100


def test_only_denials_in_a_row_count() -> None:
    missing = Missing({"invalidjobexception_retries": 1})
    assert missing.denied("7", "INVALID_JOB", "no") is None
    missing.answered("7")
    assert missing.denied("7", "INVALID_JOB", "no") is None
    assert missing.denied("7", "DRM_COMMUNICATION_FAILURE", "down") is None
    assert missing.denied("7", "INVALID_JOB", "no") is None
    assert missing.denied("8", "INVALID_JOB", "no") is None
    assert missing.denied("7", "INVALID_JOB", "no") == Unknown("7", "INVALID_JOB: no")


def test_what_the_library_says_of_itself() -> None:
    told = {"path": "/lib/x.so", "drm": "SGE 8.1.9", "version": "1.0", "contact": "session=1", "notes": ["mind this"]}
    first, second = about(Answered(told))
    assert first.ok and first.text == "/lib/x.so: SGE 8.1.9, DRMAA 1.0, session session=1"
    assert second.ok and second.text == "mind this"
    [bad] = about(Unreachable("libdrmaa.so: cannot open shared object file: No such file or directory"))
    assert not bad.ok and "drmaa_library_path" in bad.remedy
    assert remedy("anything") == "set drmaa_library_path to the DRM's library"


def test_a_sighting_has_no_key_because_drmaa_tells_no_name() -> None:
    assert seen("1", {"state": "RUNNING"}) == Sighting("1", "RUNNING", state=State.RUNNING)
