"""The table in verdict.py, row by row; and what must hold for every evidence there can be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.engine.verdict import HARD, NOT_RUN, Evidence, Patience, Verdict, Wait, verdict
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
def test_a_record_that_is_not_clean_waits_for_the_last_word(word: Sighting | Unknown | None) -> None:
    found = judge(EXIT_3, word, 4.0)
    assert isinstance(found, Wait) and found.for_s == 6.0
    assert cause_of(judge(EXIT_3, word, 10.0)) is Cause.EXIT
    assert cause_of(judge(KILLED, word, 10.0)) is Cause.SIGNAL


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
        assert evidence.record is None


@given(evidences)
def test_whoever_has_waited_long_enough_waits_no_more(evidence: Evidence) -> None:
    assert not isinstance(verdict(replace(evidence, waited_s=20.0), PATIENCE), Wait)


@given(evidences, st.floats(0, 100))
def test_a_clean_record_never_becomes_anything_else(evidence: Evidence, waited: float) -> None:
    if evidence.record is not None and evidence.record.clean:
        before = verdict(evidence, PATIENCE)
        assert verdict(replace(evidence, waited_s=waited), PATIENCE) == before
