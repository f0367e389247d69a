"""The Slurm back end on what four real Slurms have said: each case and version, whole, purged, and cut."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abell.backends.contract import BackendError, Bound, Call, Doubt, Exited, Reply, Want
from abell.backends.native_options import NativeError
from abell.backends.slurm import Slurm
from abell.engine.verdict import Evidence, Patience, Verdict, verdict
from abell.job import Cause, Sighting, State, Unknown
from tests.recorded.slurm import commands
from tests.recorded.slurm.commands import submission
from tests.recorded.tape import NotRecordedError, Recording, Tape, play, play_submit
from tests.unit.backends import slurm_told
from tests.unit.backends.slurm_recordings import POLLS, TABLES, VERSIONS, Word, all_of, asked, keys, polls

CASES = [(version, recording) for version in VERSIONS for recording in all_of(version)]
EVERY = pytest.mark.parametrize("version, recording", [pytest.param(*it, id=f"{it[0]}-{it[1].case}") for it in CASES])


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


def test_what_was_recorded_is_what_the_back_end_runs_today() -> None:
    assert commands.FILE.read_text() == commands.text(), (
        "a command of the back end's has changed: python -m tests.recorded.slurm.commands, and record again"
    )


def test_all_versions_have_all_cases() -> None:
    assert len({tuple(recording.case for recording in all_of(version)) for version in VERSIONS}) == 1


def expected(name: str, version: str, case: str) -> dict[tuple[str, str], str]:
    rows: Mapping[tuple[str, str], str | Mapping[str, str]] = getattr(slurm_told, name)
    found = {}
    for key, text in rows.items():
        if key[0] == case:
            texts = text if isinstance(text, Mapping) else {" ".join(VERSIONS): text}
            for versions, told in texts.items():
                if version in versions.split():
                    found[key] = told
    return found


@pytest.mark.parametrize("name", TABLES)
@EVERY
def test_told(name: str, version: str, recording: Recording) -> None:
    assert TABLES[name](recording) == expected(name, version, recording.case)


@pytest.mark.parametrize("name", TABLES)
def test_no_row_is_about_nothing(name: str) -> None:
    """A row of a case that was renamed would test nothing."""
    assert {case for case, _ in getattr(slurm_told, name)} <= {recording.case for _, recording in CASES}


@EVERY
def test_a_job_that_is_held_comes_with_a_remedy_and_every_sighting_with_its_key(
    version: str, recording: Recording
) -> None:
    own = keys(recording)
    for _, word in words(recording):
        if isinstance(word, Sighting):
            assert word.key in own or recording.case in NAMED_OTHERWISE, word
            if word.state is State.HELD:
                assert re.search(r": .*(release|cancel it|administrator)", word.reason), word


NAMED_OTHERWISE = {"formats", "cancel_words"}  # some of their jobs have names that no key ends


def words(recording: Recording) -> Iterator[tuple[str, Word]]:
    for when, user, ids in asked(recording):
        try:
            for said in polls(ids, recording.tape(when, user).answer):
                yield from said.items()
        except BackendError:
            continue


def test_a_script_is_the_one_that_was_recorded() -> None:
    """The header that `record` has filled in is the one that the back end makes of the same native options."""
    compared = 0
    for _, recording in CASES:
        for path, script in recording.scripts.items():
            lines = [line for line in script.splitlines() if line.startswith("#SBATCH --")]
            if not lines or not re.match(r'#SBATCH --job-name ".*\.a[a-z2-7]{13}"', lines[0]):
                continue
            native = lines[-1].removeprefix("#SBATCH ") if re.match(r'#SBATCH ("?--\S+=|--hold)', lines[-1]) else ""
            stdout, stderr = (re.findall(rf'--{name} "(.*)"', script)[0] for name in ("output", "error"))
            name, key = re.findall(r'--job-name "(.*)\.(.*)"', script)[0]
            job = submission(
                native,
                requeue="#SBATCH --requeue" in lines,
                name=name,
                key=key,
                stdout=stdout,
                stderr=stderr,
                directory=path.rpartition("/")[0],
            )
            try:
                made = [line.replace('"', "") for line in Slurm().header(job)]
            except NativeError:  # such options come to nobody's script: the configuration is refused
                continue
            assert made == [line.replace('"', "") for line in lines]
            compared += 1
    assert compared > 400


def test_a_frozen_controller_has_the_job_of_which_sbatch_said_that_it_timed_out() -> None:
    for version in VERSIONS:
        [frozen] = (recording for recording in all_of(version) if recording.case == "controller_frozen")
        _, during = keys(frozen)
        assert during in play(Slurm().find([during]), frozen.tape("controller goes on", "alice").answer)


def test_a_job_that_slurm_calls_completed_is_lost_without_a_record() -> None:
    """20.11 says so of a job that never began, because the prolog failed."""
    [failed] = (it for it in all_of("20.11") if it.case == "launch_failed_no_requeue")
    completed = [word for _, word in words(failed) if isinstance(word, Sighting) and word.cause is Cause.OK]
    assert completed
    found = verdict(Evidence(None, completed[0], None, 1e6), Patience(60.0, 60.0))
    assert isinstance(found, Verdict) and found.cause is Cause.LOST


# -- what the controller has forgotten --------------------------------------------------------------------------------

FORGOTTEN = {  # (case, version): what the accounting alone says otherwise
    ("exit_139", "20.11"): "exit 11",  # it keeps the code without 128
    ("exit_139", "22.05"): "exit 11",
    ("exit_139", "24.11"): "exit 11",
}


@EVERY
def test_an_ending_that_only_the_accounting_knows(version: str, recording: Recording) -> None:
    """The same moment, had the controller purged the jobs: by what the accounting says the cause is the same."""
    for when, user, ids in asked(recording):
        tape = recording.tape(when, user)
        try:
            whole = merge(polls(ids, tape.answer))
            purged = merge(polls(ids, purge(tape)))
        except BackendError:
            continue
        for job, word in purged.items():
            now = whole.get(job)
            if isinstance(word, Sighting) and isinstance(now, Sighting) and now.over:
                assert word.over
                brief = f"{word.cause} {word.exit_code}"
                differs = FORGOTTEN.get((recording.case, version), f"{now.cause} {now.exit_code}")
                assert brief == differs or (recording.case, word.cause) in LAGGING, (when, word, now)


LAGGING = {("node_fail_requeue", Cause.NODE)}  # its end after the second run: see `same_ending`


def merge(heard: list[dict[str, Word]]) -> dict[str, Word]:
    """The first word of each job."""
    found: dict[str, Word] = {}
    for said in heard:
        found = {**said, **found}
    return found


def purge(tape: Tape) -> Callable[[Want], Reply]:
    def answer(want: Want) -> Reply:
        assert isinstance(want, Call)
        if want.argv[0] == "squeue":
            return Exited(0, "", "")
        if want.argv[0] == "scontrol":
            return Exited(1, "", "slurm_load_jobs error: Invalid job id specified\n")
        try:
            return tape.answer(want)
        except NotRecordedError:
            if want.argv[0] == "id":  # who cancelled it was not asked for then
                return Exited(0, "somebody\n", "")
            raise

    return answer


# -- damage -----------------------------------------------------------------------------------------------------------

MOMENTS = [(recording, when, user, ids) for _, recording in CASES for when, user, ids in asked(recording)]
NOISE = st.text(st.characters(codec="utf-8", exclude_characters="0123456789\x1f"), min_size=1, max_size=30)
Damage = Callable[[str], str]


def cut(at: int) -> Damage:
    return lambda text: text[: at % (len(text) + 1)]


def drop(numbers: frozenset[int]) -> Damage:
    def dropped(text: str) -> str:
        lines = text.splitlines(keepends=True)
        gone = {number % len(lines) for number in numbers} if lines else set()
        return "".join(line for number, line in enumerate(lines) if number not in gone)

    return dropped


def insert(at: int, noise: str) -> Damage:
    def inserted(text: str) -> str:
        where = at % (len(text) + 1)
        return text[:where] + noise + text[where:]

    return inserted


def put_before(number: int, noise: str) -> Damage:
    """A line of noise, among the others: a greeting, a warning."""

    def noisy(text: str) -> str:
        lines = text.splitlines(keepends=True)
        where = number % (len(lines) + 1)
        return "".join((*lines[:where], noise + "\n", *lines[where:]))

    return noisy


CUT = st.integers(0, 20_000).map(cut)
DROPPED = st.frozensets(st.integers(0, 200), max_size=60).map(drop)
NOISY_LINES = st.builds(put_before, st.integers(0, 20), NOISE)
DAMAGE = st.one_of(st.just(str), CUT, DROPPED, NOISY_LINES, st.builds(insert, st.integers(0, 20_000), NOISE))


def damaged(tape: Tape, damages: Mapping[str, Damage]) -> Callable[[Want], Reply]:
    def answer(want: Want) -> Reply:
        assert isinstance(want, Call)
        if want.argv[0] == "id":
            return Exited(0, "somebody\n", "")
        reply = tape.answer(want)
        assert isinstance(reply, Exited)
        damage = damages[want.argv[0]]
        return replace(reply, out=damage(reply.out), err=damage(reply.err))

    return answer


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(MOMENTS), st.fixed_dictionaries(dict.fromkeys(("squeue", "sacct", "scontrol"), DAMAGE)))
def test_damaged_output_says_no_ending_that_the_whole_does_not_say(
    moment: tuple[Recording, str, str, list[str]], damages: dict[str, Damage]
) -> None:
    """Whatever is cut, dropped or put in between. Of the accounting in one poll: it has no mark of its end, so its
    silence about a job is believed after some polls in a row."""
    recording, when, user, ids = moment
    tape = recording.tape(when, user)
    times = POLLS if damages["sacct"] is str else 1
    true = whole(tape, ids)
    try:
        seen = polls(ids, damaged(tape, damages), times)
    except BackendError:
        return
    for said in seen:
        for job, word in said.items():
            if isinstance(word, Sighting) and word.key not in {"", *keys(recording)}:
                continue  # two rows in one: the engine sees that it tells of another job
            if isinstance(word, Unknown) or word.over:
                assert ending(word) in true[job], (recording.case, when, true, word)


def whole(tape: Tape, ids: list[str]) -> dict[str, set[str]]:
    """The endings that were told: by the listing, and by scontrol some tenths of a second later."""
    told: dict[str, set[str]] = {job: set() for job in ids}
    for unlisted in (str, lambda text: ""):
        with contextlib.suppress(BackendError):
            for said in polls(ids, damaged(tape, {"squeue": unlisted, "sacct": str, "scontrol": str})):
                for job, word in said.items():
                    told[job].add(ending(word))
    return told


def ending(word: Word) -> str:
    return "unknown" if isinstance(word, Unknown) else str(word.cause)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(CASES), st.integers(0, 10_000), st.one_of(CUT, DROPPED, NOISY_LINES))
def test_damaged_output_of_sbatch_binds_no_other_job_and_loses_none(
    version_and_recording: tuple[str, Recording], which: int, damage: Damage
) -> None:
    """An id that was cut, say: 12 of 123. And a job that was taken is never refused, nor to be submitted again."""
    recording = version_and_recording[1]
    calls = [call for call in recording.calls if call.argv[:2] == ("sbatch", "--parsable") and len(call.argv) == 3]
    if not calls:
        return
    call = calls[which % len(calls)]
    reply = call.reply(180.0)
    if not isinstance(reply, Exited):
        return
    cracked = replace(reply, out=damage(reply.out), err=damage(reply.err))
    job = submission(script=call.argv[-1])
    [whole] = play_submit(Slurm().submit([job]), lambda want: reply)
    [learned] = play_submit(Slurm().submit([job]), lambda want: cracked)
    if isinstance(learned, Bound):
        assert learned == whole
    elif isinstance(whole, Bound | Doubt):
        assert isinstance(learned, Doubt)
