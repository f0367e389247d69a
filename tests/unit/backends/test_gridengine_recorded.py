"""The back end on what a real Grid Engine has said (tests/recorded/gridengine), whole and cut."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from abell.backends.contract import BackendError, Bound, Call, Later, Refused, Reply, Want
from abell.backends.gridengine import EXPLAIN_AFTER_S, PATIENCE_S, GridEngine
from abell.backends.gridengine_replies import submitted
from abell.job import Sighting, Unknown
from tests.recorded.tape import Recorded, Recording, play, recordings

FOLDER = Path(__file__).parents[2] / "recorded" / "gridengine"
ALL = recordings(FOLDER)

# (case, moment) -> what is made of its jobs: word, state or cause, code or signal, reason.
TOLD: Mapping[tuple[str, str], str] = {
    ("ok", "ended"): "exit_status 0: ok 0",
    ("exit_7", "ended"): "exit_status 7: exit 7",
    ("segv", "ended"): "failed 100: assumedly after job: signal by 11",
    ("killed_by_9", "ended"): "failed 100: assumedly after job: signal by 9",
    ("h_rt", "ended"): "failed 37: qmaster enforced h_rt, h_cpu, or h_vmem limit: walltime (ran N s of h_rt=2)",
    ("h_rt_of_the_queue", "ended"): "failed 37: qmaster enforced h_rt, h_cpu, or h_vmem limit: walltime "
    "(ran N s of h_rt=0:0:10)",
    ("s_rt", "ended"): "failed 100: assumedly after job: walltime by 10 (ran N s of s_rt=2)",
    ("h_vmem", "ended"): "failed 37: qmaster enforced h_rt, h_cpu, or h_vmem limit: memory "
    "(seen at N MiB of h_vmem=100M for each of 2 slots)",
    ("h_vmem_one_process", "ended"): "exit_status 1: exit 1",
    ("cancelled", "running"): "r: running",
    ("cancelled", "ended"): "failed 100: assumedly after job: cancelled by 9 (by root)",
    ("cancelled_waiting", "held"): "hqw: held (held: `qrls ID` lets it go)",
    ("cancelled_waiting", "ended"): "deleted: cancelled (by root)",
    ("no_directory", "in error"): "Eqw: rejected (can't chdir to /nonexistent/directory: No such file or directory)",
    ("no_shell", "in error"): 'Eqw: rejected (unable to find shell "/nonexistent/shell")',
    ("exit_100", "in error"): "Eqw: exit 100",
    (
        "never",
        "waiting",
    ): "qw: held (no queue could ever run it: cancel it, and change the destination's options or what "
    'the job asks for ((-l never=1) cannot run at host "vm" because it offers only hc:never=0.000000))',
    ("queue_disabled", "waiting"): 'qw: queued (queue instance "off.q@vm" dropped because it is disabled)',
    ("depends", "waiting"): "hqw: held (held: `qrls ID` lets it go) | hqw: held (waits for job ID)",
    ("suspended", "suspended"): "s: suspended",
    ("requeued", "put back"): "hRq: held (held: `qrls ID` lets it go)",
    ("requeued", "ended"): "exit_status 3: exit 3",
    ("unknown", "asked"): "unknown",
    ("odd_names", "listed"): "hqw: held (held: `qrls ID` lets it go)",
}
SUBMITTED = {
    "-q nosuch.q": 'Refused Job was rejected because job requests unknown queue "nosuch.q"',
    "-P nosuch": 'Refused job rejected: the requested project "nosuch" does not exist',
    "-pe nosuch 2": 'Refused job rejected: the requested parallel environment "nosuch" does not exist',
    "-l nosuch=1": 'Refused unknown resource "nosuch"',
    "-w e -l never=1": "Refused no suitable queues",
    "-nonsense": 'Refused invalid option argument "-nonsense"',
    "": "Bound ID",
    "no qmaster": "Later commlib error: got select error (Connection refused); "
    'unable to send message to qmaster using port 9 on host "vm": got send error',
}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


class Then:
    """The answers of one moment, in the order in which they were given to each command; the last one for good."""

    def __init__(self, calls: tuple[Recorded, ...], cut: float = 1.0) -> None:
        self.left: dict[tuple[str, ...], list[Recorded]] = {}
        self.cut = cut
        for call in calls:
            self.left.setdefault(call.argv, []).append(call)

    def __call__(self, want: Want) -> Reply:
        assert isinstance(want, Call)
        said = self.left[want.argv]
        reply = said.pop(0) if len(said) > 1 else said[0]
        return replace(reply, stdout=reply.stdout[: int(len(reply.stdout) * self.cut)]).reply(want.timeout_s)


def ids(recording: Recording, when: str) -> list[str]:
    """The jobs that were asked about."""
    calls = recording.at(when, "root")
    words = [call.argv[-1] for call in calls if call.argv[:2] in (("qstat", "-j"), ("qacct", "-j"))]
    listed = re.findall(r"<JB_job_number>(\d+)<", "".join(call.stdout for call in calls))
    return [number for word in words[:1] for number in word.split(",")] or listed[:1]


def polled(recording: Recording, when: str, cut: float = 1.0) -> list[dict[str, Sighting | Unknown]]:
    now = 0.0
    backend = GridEngine(clock=lambda: now)
    answer = Then(recording.at(when, "root"), cut)
    heard = []
    for seconds in (0.0, EXPLAIN_AFTER_S, PATIENCE_S):
        now = seconds
        heard.append(play(backend.poll(ids(recording, when)), answer))
    return heard


def text(word: Sighting | Unknown | None) -> str:
    if not isinstance(word, Sighting):
        return "unknown" if word else "nothing"
    what = f"{word.word}: {word.state or word.cause}"
    what += f" {word.exit_code}" if word.exit_code is not None else ""
    what += f" by {word.signal}" if word.signal else ""
    reason = re.sub(r"(job|qrls) \d+", r"\1 ID", re.sub(r"(ran|at) \d+", r"\1 N", word.reason))
    return f"{what} ({reason})" if reason else what


MOMENTS = [(recording, when) for recording in ALL for when, _ in recording.moments()]
POLLED = [pytest.param(*it, id=f"{it[0].case}-{it[1]}") for it in MOMENTS if (it[0].case, it[1]) in TOLD]


def test_all_that_was_recorded_is_expected_and_only_that() -> None:
    other = {(recording.case, when) for recording, when in MOMENTS if recording.case in ("refusals", "no_master")}
    assert {(recording.case, when) for recording, when in MOMENTS} == set(TOLD) | other | {("cancelled", "cancel")}


@pytest.mark.parametrize(("recording", "when"), POLLED)
def test_told(recording: Recording, when: str) -> None:
    last = polled(recording, when)[-1]
    assert " | ".join(text(last.get(number)) for number in ids(recording, when)) == TOLD[recording.case, when]


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.7, 0.95])
@pytest.mark.parametrize(("recording", "when"), POLLED)
def test_output_that_was_cut_makes_no_ending_of_its_own(recording: Recording, when: str, cut: float) -> None:
    """What is heard of less is the same, less, or nothing."""
    whole = polled(recording, when)[-1]
    try:
        heard = polled(recording, when, cut)
    except BackendError:
        return
    for seen in heard:
        for number, word in seen.items():
            if isinstance(word, Sighting) and word.over:
                full = whole[number]
                assert isinstance(full, Sighting) and full.cause in (word.cause,), (word, full)


@pytest.mark.parametrize("case", ["refusals", "no_master"])
def test_submissions(case: str) -> None:
    [recording] = [recording for recording in ALL if recording.case == case]
    for call in recording.calls:
        learned = submitted("KEY", call.reply(60.0))
        if isinstance(learned, Bound):
            said = "ID"
        else:
            assert isinstance(learned, Refused | Later), learned
            said = learned.reason
        assert f"{type(learned).__name__} {said}" == SUBMITTED[call.when]
