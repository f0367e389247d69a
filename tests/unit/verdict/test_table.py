"""The table in verdict.py, row by row; and what must hold for every evidence there can be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.engine.last_words import LastWord
from abell.engine.verdict import EXPLAINS_A_CANCELLATION, HARD, NOT_RUN, Evidence, Patience, Verdict, Wait, verdict
from abell.job import Cause, Sighting, State, Unknown, Usage
from abell.script.ending import Ending

PATIENCE = Patience(settle_s=10.0, record_s=20.0)
CLEAN = Ending(
    run=1,
    nonce="n",
    host="h",
    boot_id="b",
    native_id="7",
    stage="ran",
    exit_code=0,
    metadata_exit=None,
    signals=(),
    started_s=1.0,
    ended_s=2.0,
    cpu_s=0.1,
    memory_bytes=None,
    oom_kills=None,
    outputs=(),
    outputs_cut=False,
)
EXIT_3 = replace(CLEAN, exit_code=3)
KILLED = replace(CLEAN, exit_code=137)
UNKNOWN = Unknown("7", "no such job")


def seen(cause: Cause | None = None, state: State | None = None, **more: object) -> Sighting:
    return Sighting("7", "WORD", state=state, cause=cause, **more)  # type: ignore[arg-type]


def judge(record: Ending | None, sighting: Sighting | Unknown | None, waited: float = 0.0, **more: object) -> object:
    return verdict(Evidence(record, sighting, more.pop("cancel_by", None), waited, **more), PATIENCE)  # type: ignore[arg-type]


def cause_of(found: object) -> Cause:
    assert isinstance(found, Verdict), found
    return found.cause


@pytest.mark.parametrize("record", [None, CLEAN, EXIT_3])
def test_rejected_in_the_drms_words(record: Ending | None) -> None:
    found = judge(record, seen(Cause.REJECTED, reason="no such queue"))
    assert found == Verdict(Cause.REJECTED, "no such queue")


@pytest.mark.parametrize("word", [None, UNKNOWN, seen(state=State.RUNNING), *map(seen, Cause)])
def test_a_clean_record_is_final(word: Sighting | Unknown | None) -> None:
    if not (isinstance(word, Sighting) and word.cause is Cause.REJECTED):
        assert judge(CLEAN, word) == Verdict(Cause.OK, exit_code=0)


@pytest.mark.parametrize("cause", sorted(HARD - {Cause.REJECTED}))
@pytest.mark.parametrize("record", [None, EXIT_3, KILLED, replace(CLEAN, signals=("TERM",))])
def test_a_hard_cause_goes_before_a_record_that_is_not_clean(record: Ending | None, cause: Cause) -> None:
    found = judge(record, seen(cause))
    assert cause_of(found) is cause


@pytest.mark.parametrize("word", [Cause.OK, Cause.EXIT, Cause.SIGNAL, Cause.LOST])
@pytest.mark.parametrize(
    ("record", "cause", "code", "signal"),
    [
        (EXIT_3, Cause.EXIT, 3, None),
        (KILLED, Cause.SIGNAL, 137, 9),
        (replace(KILLED, oom_kills=1), Cause.MEMORY, 137, 9),
        (replace(CLEAN, signals=("TERM",)), Cause.SIGNAL, 0, None),
        (replace(CLEAN, stage="stopped", exit_code=143, signals=("TERM",)), Cause.SIGNAL, 143, 15),
        *((replace(CLEAN, stage=stage, exit_code=1), Cause.EXIT, 1, None) for stage in NOT_RUN),
    ],
)
def test_over_for_no_hard_cause_is_told_by_the_record(
    record: Ending, cause: Cause, code: int, signal: int | None, word: Cause
) -> None:
    found = judge(record, seen(word))
    assert isinstance(found, Verdict)
    assert (found.cause, found.exit_code, found.signal) == (cause, code, signal)
    assert found.message


@pytest.mark.parametrize("word", [None, seen(state=State.RUNNING), UNKNOWN])
@pytest.mark.parametrize("record", [KILLED, replace(EXIT_3, signals=("TERM",))])
def test_a_record_that_is_not_clean_waits_for_the_last_word(record: Ending, word: Sighting | Unknown | None) -> None:
    found = judge(record, word, 4.0)
    assert isinstance(found, Wait) and found.for_s == 6.0
    assert isinstance(judge(EXIT_3, None, 4.0), Wait)
    assert cause_of(judge(EXIT_3, word, 10.0)) is Cause.EXIT
    assert cause_of(judge(KILLED, word, 10.0)) is Cause.SIGNAL


def test_no_waiting_for_a_record_where_the_administrator_wants_none() -> None:
    """And yet no ending is made up: what has come counts, what has not is lost."""
    final = replace(UNKNOWN, final=True)
    assert isinstance(judge(None, UNKNOWN), Wait)
    assert cause_of(judge(None, final)) is Cause.LOST
    assert cause_of(judge(None, final, cancel_by="ada")) is Cause.CANCELLED
    assert cause_of(judge(CLEAN, final)) is Cause.OK


def test_nobody_knows_more_of_an_exit_code_than_its_record_once_the_drm_has_forgotten_the_job() -> None:
    assert cause_of(judge(EXIT_3, UNKNOWN)) is Cause.EXIT
    assert isinstance(judge(EXIT_3, UNKNOWN, requeue=True), Wait)


@pytest.mark.parametrize(
    ("word", "cause", "code", "signal"),
    [
        (seen(Cause.EXIT, exit_code=5), Cause.EXIT, 5, None),
        (seen(Cause.SIGNAL, signal=9), Cause.SIGNAL, None, 9),
        (seen(Cause.OK, exit_code=0), Cause.LOST, None, None),
        (seen(Cause.OK), Cause.LOST, None, None),
        (seen(Cause.LOST), Cause.LOST, None, None),
        (UNKNOWN, Cause.LOST, None, None),
    ],
)
def test_over_without_a_record(word: Sighting | Unknown, cause: Cause, code: int | None, signal: int | None) -> None:
    found = judge(None, word, 19.0)
    assert isinstance(found, Wait) and found.for_s == 1.0
    found = judge(None, word, 20.0)
    assert isinstance(found, Verdict)
    assert (found.cause, found.exit_code, found.signal) == (cause, code, signal)


def test_a_job_that_the_drm_does_not_know_was_cancelled_if_someone_asked_for_that() -> None:
    assert judge(None, UNKNOWN, 20.0, cancel_by="maria") == Verdict(Cause.CANCELLED, "by maria")


@pytest.mark.parametrize("stage", ["stopped", "ran"])
def test_signalled_as_someone_wished(stage: str) -> None:
    record = replace(CLEAN, stage=stage, signals=("TERM",), exit_code=0 if stage == "ran" else 143)
    assert cause_of(judge(record, UNKNOWN, 10.0, cancel_by="maria")) is Cause.CANCELLED


@pytest.mark.parametrize("word", [None, *(seen(state=s) for s in State if s is not State.ENDED)])
def test_no_sign_of_an_ending(word: Sighting | None) -> None:
    assert judge(None, word, 1e9) is None


# -- last lines in the job's own stderr ---------------------------------------------------------------------------

LINE = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***"
WALLTIME = LastWord(Cause.WALLTIME, LINE)
NO_HARD_CAUSE = [Cause.OK, Cause.EXIT, Cause.SIGNAL, Cause.LOST]


@pytest.mark.parametrize("word", [*map(seen, NO_HARD_CAUSE), UNKNOWN])
@pytest.mark.parametrize("record", [EXIT_3, KILLED, replace(KILLED, oom_kills=1), replace(CLEAN, signals=("TERM",))])
def test_a_last_line_names_the_cause_where_the_drm_does_not(record: Ending, word: Sighting | Unknown) -> None:
    found = judge(record, word, last_words=WALLTIME)
    assert isinstance(found, Verdict)
    assert (found.cause, found.message, found.exit_code) == (Cause.WALLTIME, LINE, record.exit_code)


@pytest.mark.parametrize("word", [seen(Cause.EXIT, exit_code=1), seen(Cause.SIGNAL, signal=9)])
def test_a_last_line_and_a_bad_exit_need_no_record(word: Sighting) -> None:
    assert cause_of(judge(None, word, last_words=WALLTIME)) is Cause.WALLTIME


@pytest.mark.parametrize("word", [UNKNOWN, seen(Cause.OK), seen(Cause.OK, exit_code=0), seen(Cause.LOST)])
def test_a_last_line_without_a_bad_exit_waits_for_the_record(word: Sighting | Unknown) -> None:
    found = judge(None, word, 19.0, last_words=WALLTIME)
    assert isinstance(found, Wait) and found.for_s == 1.0
    assert cause_of(judge(None, word, 20.0, last_words=WALLTIME)) is Cause.WALLTIME


@pytest.mark.parametrize("word", [None, seen(state=State.RUNNING)])
def test_a_last_line_counts_when_the_drm_has_said_nothing(word: Sighting | None) -> None:
    found = judge(KILLED, word, 4.0, last_words=WALLTIME)
    assert isinstance(found, Wait) and found.for_s == 6.0
    assert cause_of(judge(KILLED, word, 10.0, last_words=WALLTIME)) is Cause.WALLTIME


@pytest.mark.parametrize("word", [None, *(seen(state=s) for s in State if s is not State.ENDED)])
def test_a_last_line_alone_ends_nothing(word: Sighting | None) -> None:
    assert judge(None, word, 1e9, last_words=WALLTIME) is None


@pytest.mark.parametrize("named", sorted(EXPLAINS_A_CANCELLATION))
@pytest.mark.parametrize("record", [None, KILLED])
def test_a_last_line_explains_a_cancellation_that_nobody_asked_for(record: Ending | None, named: Cause) -> None:
    found = judge(record, seen(Cause.CANCELLED), last_words=LastWord(named, LINE))
    assert isinstance(found, Verdict) and (found.cause, found.message) == (named, LINE)


@pytest.mark.parametrize("record", [None, KILLED])
def test_a_cancellation_stays_one(record: Ending | None) -> None:
    asked = judge(record, seen(Cause.CANCELLED), cancel_by="maria", last_words=WALLTIME)
    assert isinstance(asked, Verdict) and (asked.cause, asked.message) == (Cause.CANCELLED, "by maria")
    by_hand = judge(record, seen(Cause.CANCELLED), last_words=LastWord(Cause.CANCELLED, "*** CANCELLED ***"))
    assert isinstance(by_hand, Verdict) and (by_hand.cause, by_hand.message) == (Cause.CANCELLED, "*** CANCELLED ***")
    silent = judge(record, seen(Cause.CANCELLED))
    assert isinstance(silent, Verdict) and silent.message == "not through Abell; the DRM says: WORD"


@pytest.mark.parametrize("hard", sorted(HARD - {Cause.REJECTED, Cause.CANCELLED}))
def test_the_drms_own_hard_cause_goes_before_a_last_line(hard: Cause) -> None:
    assert cause_of(judge(KILLED, seen(hard), last_words=LastWord(Cause.CANCELLED, "x"))) is hard


@pytest.mark.parametrize("word", [None, UNKNOWN, *map(seen, set(Cause) - {Cause.REJECTED})])
def test_no_last_line_reopens_a_clean_record(word: Sighting | Unknown | None) -> None:
    assert judge(CLEAN, word, last_words=WALLTIME) == Verdict(Cause.OK, exit_code=0)


def test_a_script_that_ran_nothing() -> None:
    found = judge(None, seen(Cause.EXIT, exit_code=75), 20.0)
    assert isinstance(found, Verdict) and (found.cause, found.exit_code) == (Cause.LOST, 75)
    assert "run lock" in found.message and "ran nothing" in found.message
    own = judge(replace(CLEAN, exit_code=75), seen(Cause.EXIT, exit_code=75))
    assert isinstance(own, Verdict) and own.message == "the command exited with 75"


# -- jobs that may start again ------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [EXIT_3, KILLED, replace(CLEAN, signals=("TERM",))])
def test_what_lives_after_its_record_is_not_over(record: Ending) -> None:
    assert judge(record, None, 1e9, requeue=True, lives=True) is None
    assert judge(record, None, 1e9, requeue=True, lives=True, last_words=WALLTIME) is None
    assert isinstance(judge(record, None, 1e9, lives=True), Verdict), "only where the destination asks for it"


def test_a_clean_record_of_what_lives_is_final() -> None:
    assert judge(CLEAN, None, requeue=True, lives=True) == Verdict(Cause.OK, exit_code=0)


@pytest.mark.parametrize("cause", [Cause.NODE, Cause.PREEMPTED])
@pytest.mark.parametrize("record", [None, KILLED])
def test_what_has_a_drm_start_a_job_again_is_not_its_end_at_once(record: Ending | None, cause: Cause) -> None:
    found = judge(record, seen(cause), 4.0, requeue=True)
    assert isinstance(found, Wait) and found.for_s == 6.0
    assert cause_of(judge(record, seen(cause), 10.0, requeue=True)) is cause


def test_a_job_that_was_queued_again_and_cancelled() -> None:
    """Its record is of the run before."""
    assert isinstance(judge(EXIT_3, UNKNOWN, 4.0, cancel_by="maria", requeue=True), Wait)
    found = judge(EXIT_3, UNKNOWN, 10.0, cancel_by="maria", requeue=True)
    assert isinstance(found, Verdict) and (found.cause, found.message) == (Cause.CANCELLED, "by maria")
    assert cause_of(judge(EXIT_3, UNKNOWN, 10.0, cancel_by="maria")) is Cause.EXIT


# -- messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"last_words": WALLTIME, "walltime_s": 60}, f"ran 61 s of the 60 s it was given; {LINE}"),
        ({"last_words": WALLTIME}, LINE),
    ],
)
def test_a_last_line_stands_beside_the_figures(given: dict[str, object], message: str) -> None:
    found = judge(replace(KILLED, started_s=1.0, ended_s=62.0), seen(Cause.EXIT), **given)
    assert isinstance(found, Verdict) and found.message == message


@pytest.mark.parametrize(
    ("word", "given", "message"),
    [
        (seen(Cause.WALLTIME), {"walltime_s": 60}, "reached the 60 s it was given"),
        (seen(Cause.WALLTIME, reason="TimeLimit"), {}, "TimeLimit"),
        (seen(Cause.MEMORY), {"memory_mb": 64}, "exceeded the 64 MiB it was given"),
        (
            seen(Cause.MEMORY, usage=Usage(memory_bytes=60 << 20)),
            {"memory_mb": 64},
            "exceeded the 64 MiB it was given (the most that was measured is 60 MiB)",
        ),
        (seen(Cause.NODE, reason="NodeDown", host="n1"), {}, "on n1: NodeDown"),
        (seen(Cause.PREEMPTED), {}, "WORD"),
    ],
)
def test_messages_of_hard_causes(word: Sighting, given: dict[str, object], message: str) -> None:
    found = judge(None, word, **given)
    assert isinstance(found, Verdict) and found.message == message


def test_messages_say_what_was_asked_and_used() -> None:
    over_time = judge(None, seen(Cause.WALLTIME, usage=Usage(elapsed_s=31.2)), walltime_s=30)
    assert isinstance(over_time, Verdict) and over_time.message == "ran 31 s of the 30 s it was given"
    big = judge(KILLED, seen(Cause.MEMORY, usage=Usage(memory_bytes=70 << 20)), memory_mb=64)
    assert isinstance(big, Verdict) and big.message == "used 70 MiB of the 64 MiB it was given"
    stopped = judge(KILLED, seen(Cause.CANCELLED, reason="scancel"), cancel_by="maria")
    assert isinstance(stopped, Verdict) and stopped.message == "by maria"


# -- for all evidence ---------------------------------------------------------------------------------------------

maybe_count = st.none() | st.integers(0, 2**40)
stages = st.sampled_from(["environment", "workdir", "streams", "stopped", "ran"])
endings = st.builds(
    lambda stage, code, signals, kills: replace(
        CLEAN,
        stage=stage,
        exit_code=code if stage == "ran" else max(1, code),
        signals=(*signals, "TERM") if stage == "stopped" else tuple(signals),
        oom_kills=kills,
    ),
    stages,
    st.sampled_from([0, 1, 3, 126, 127, 128, 137, 143, 193, 255]) | st.integers(0, 255),
    st.lists(st.sampled_from(["TERM", "INT", "HUP", "USR1", "USR2", "XCPU"]), max_size=2),
    st.none() | st.integers(0, 2),
)
usages = st.builds(Usage, st.none() | st.floats(0, 1e9), st.none() | st.floats(0, 1e9), maybe_count)
sightings = st.builds(
    lambda how, reason, code, signal, usage: Sighting(
        "7",
        "WORD",
        state=how if isinstance(how, State) else None,
        cause=how if isinstance(how, Cause) else None,
        reason=reason,
        exit_code=code,
        signal=signal,
        usage=usage,
    ),
    st.sampled_from([s for s in State if s is not State.ENDED]) | st.sampled_from(list(Cause)),
    st.text(max_size=5),
    st.none() | st.integers(0, 255),
    st.none() | st.integers(0, 64),
    usages,
)
evidences = st.builds(
    Evidence,
    record=st.none() | endings,
    sighting=st.none() | st.just(UNKNOWN) | sightings,
    cancel_by=st.none() | st.text(max_size=5),
    waited_s=st.floats(0, 100),
    walltime_s=st.none() | st.integers(1, 1000),
    memory_mb=st.none() | st.integers(1, 1000),
    last_words=st.none() | st.builds(LastWord, st.sampled_from(list(Cause)), st.text(max_size=5)),
    requeue=st.booleans(),
    lives=st.booleans(),
)


@given(evidences)
def test_total_and_never_ok_without_a_clean_record(evidence: Evidence) -> None:
    found = verdict(evidence, PATIENCE)
    assert found is None or isinstance(found, Verdict | Wait)
    if isinstance(found, Wait):
        assert 0 < found.for_s <= max(PATIENCE.settle_s, PATIENCE.record_s)
    if isinstance(found, Verdict) and found.cause is Cause.OK:
        assert evidence.record is not None and evidence.record.clean
    if found is None:
        assert evidence.record is None or (evidence.requeue and evidence.lives)


@given(evidences)
def test_whoever_has_waited_long_enough_waits_no_more(evidence: Evidence) -> None:
    assert not isinstance(verdict(replace(evidence, waited_s=20.0), PATIENCE), Wait)


@given(evidences, st.floats(0, 100))
def test_a_clean_record_never_becomes_anything_else(evidence: Evidence, waited: float) -> None:
    if evidence.record is not None and evidence.record.clean:
        before = verdict(evidence, PATIENCE)
        assert verdict(replace(evidence, waited_s=waited), PATIENCE) == before
