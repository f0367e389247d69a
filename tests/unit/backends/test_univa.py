"""DRMAA's word and Grid Engine's: the printed table row by row; and whose qstat it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from abell.backends.contract import Exited, Reply, TimedOut, Unreachable
from abell.backends.univa_merge import NEVER_STARTED, PATIENCE_S, Word, is_enough, merged
from abell.backends.univa_qstat import is_grid_engine, whose
from abell.job import Cause, Sighting, State, Unknown, Usage

RUNS = Sighting("7", "RUNNING", state=State.RUNNING)
KILLED = Sighting("7", "DONE", cause=Cause.SIGNAL, signal=9, usage=Usage(2.0, 0.1, 5))
ABORTED = Sighting("7", "FAILED", cause=Cause.EXIT, reason="ended, or not started")
OURS = Sighting("7", "FAILED", cause=Cause.CANCELLED, signal=9, reason="by maria")
GONE = Unknown("7", "INVALID_JOB: no")
FORGOTTEN = Unknown("7", "qacct has no record of it")
EXITING = Sighting("7", "dr", state=State.RUNNING, key="k")
WALLTIME = Sighting("7", "failed 37", cause=Cause.WALLTIME, reason="ran 2 s of h_rt=1", key="k", usage=Usage(2.0))
BY_ROOT = Sighting("7", "failed 100", cause=Cause.CANCELLED, reason="by root", signal=9)
BY_SIGNAL = Sighting("7", "failed 100", cause=Cause.SIGNAL, signal=9, key="k", host="n1")
NODE = Sighting("7", "failed 19", cause=Cause.NODE)


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        (RUNS, True),
        (Sighting("7", "DONE", cause=Cause.OK, exit_code=0), True),
        (Sighting("7", "DONE", cause=Cause.EXIT, exit_code=3), True),
        (Sighting("7", "DONE", cause=Cause.EXIT, exit_code=138), False),  # a shell whose command got SIGUSR1
        (Sighting("7", "DONE", cause=Cause.OK), False),
        (KILLED, False),
        (ABORTED, False),
        (OURS, False),
    ],
)
def test_when_drmaas_word_is_enough(said: Sighting, enough: bool) -> None:
    assert is_enough(said) == enough


@pytest.mark.parametrize(
    ("said", "denied", "grid", "waited_s", "counts"),
    [
        (KILLED, None, EXITING, 0, EXITING),
        (KILLED, None, WALLTIME, 0, replace(WALLTIME, signal=9, usage=Usage(2.0, 0.1, 5))),
        (ABORTED, None, BY_ROOT, 0, BY_ROOT),
        (OURS, None, BY_ROOT, 0, BY_ROOT),
        (OURS, None, BY_SIGNAL, 0, replace(OURS, key="k", host="n1")),
        (KILLED, None, BY_SIGNAL, 0, replace(BY_SIGNAL, usage=Usage(2.0, 0.1, 5))),
        (KILLED, None, NODE, 0, replace(NODE, signal=9, usage=Usage(2.0, 0.1, 5))),
        (ABORTED, None, FORGOTTEN, 0, replace(ABORTED, cause=Cause.CANCELLED, reason=NEVER_STARTED)),
        (OURS, None, FORGOTTEN, 0, OURS),
        (KILLED, None, FORGOTTEN, 0, KILLED),
        (KILLED, None, None, 0, None),
        (KILLED, None, None, PATIENCE_S, KILLED),
        (None, GONE, EXITING, 0, EXITING),
        (None, GONE, WALLTIME, 0, WALLTIME),
        (None, GONE, FORGOTTEN, 0, FORGOTTEN),
        (None, replace(GONE, final=True), FORGOTTEN, 0, replace(FORGOTTEN, final=True)),
        (None, GONE, None, 1e9, None),
        (None, None, EXITING, 0, EXITING),
        (None, None, FORGOTTEN, 0, None),
        (None, None, None, 0, None),
    ],
)
def test_merged(said: Sighting | None, denied: Unknown | None, grid: Word, waited_s: float, counts: Word) -> None:
    assert merged(said, denied, grid, waited_s) == counts


def test_absence_is_never_a_success() -> None:
    for said in (None, KILLED, ABORTED, OURS):
        for denied in (None, GONE):
            word = merged(said, denied, FORGOTTEN, 1e9)
            assert not isinstance(word, Sighting) or word.cause is not Cause.OK


SGE = """SGE 8.1.9
usage: qstat [options]
        [-ext]                            view additional attributes
        [-xml]                            display the information in XML-format
"""
# As published of UGE 8.6, Open Grid Scheduler 2011.11, Sun's 6.2u5; TORQUE 6.1 and PBS Professional 19.
OTHERS = {
    "UGE 8.6.18\nusage: qstat [options]\n [-xml] x\n": "gridengine",
    "AGE 2023.1.1\nusage: qstat [options]\n [-xml] x\n": "gridengine",
    "OGS/GE 2011.11p1\nusage: qstat [options]\n [-xml] x\n": "gridengine",
    "GE 6.2u5\nusage: qstat [options]\n [-xml] x\n": "gridengine",
    "usage: \nqstat [-f [-1]] [-W site_specific] [-x] [ job_identifier... | destination... ]\n": "other",
    "Usage:\n\tqstat [-f] [-J] [-p] [-t] [-x] [-E] [-F format] [-D delim] [ job_identifier... ]\n": "other",
    "Usage:\n    qstat [-a|-i|-r] [-n [-1]] [-G|-M] [-u *user_list*] [-? | --help] [--man] [*job_id*...]\n": "other",
    "": "other",
}


def test_whose_qstat() -> None:
    assert whose(Exited(0, SGE, "")) == "gridengine"
    for text, owner in OTHERS.items():
        assert whose(Exited(2, "", text)) == owner, text


@pytest.mark.parametrize(
    ("reply", "owner"),
    [(Unreachable("qstat: No such file or directory"), "none"), (TimedOut(10.0), ""), (Exited(-9, SGE, ""), "")],
)
def test_a_qstat_that_does_not_answer(reply: Reply, owner: str) -> None:
    assert whose(reply) == owner


@pytest.mark.parametrize(
    ("drm", "its"),
    [
        ("SGE 8.1.9", True),
        ("UGE 8.6.18", True),
        ("OGS/GE 2011.11p1", True),
        ("Univa Grid Engine", True),
        ("GE 6.2u5", True),
        ("Torque/PBS", False),
        ("SLURM 21.08", False),
        ("PBS Professional", False),
        ("Platform LSF 10.1", False),
        ("", False),
    ],
)
def test_grid_engines_library(drm: str, its: bool) -> None:
    assert is_grid_engine(drm) == its
