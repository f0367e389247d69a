"""What the back end says of jobs on a real Grid Engine: endings with their causes, options, limits, outages."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from abell.backends.contract import BackendError, Bound, Later, Refused
from abell.backends.gridengine import EXPLAIN_AFTER_S, FEW, PATIENCE_S
from abell.backends.gridengine_listings import listed
from abell.job import Cause, Sighting, State, Unknown
from tests.clusters.eventually import eventually
from tests.clusters.gridengine.clusters import FRAIL, accounted, configured, grid, one, state, without
from tests.clusters.gridengine.conftest import Driven

HOG = """python3 -c '
import os, time
for n in range(3): os.fork()
x = bytearray(60 << 20); time.sleep(60)'"""


def test_endings_by_exit_code_and_signal(driven: Driven) -> None:
    assert (driven.run("exit 0").cause, driven.run("exit 7").exit_code) == (Cause.OK, 7)
    killed = driven.run("kill -SEGV $$")
    assert (killed.cause, killed.signal) == (Cause.SIGNAL, 11)


def test_walltime_by_its_own_limit_and_by_that_of_its_queue(driven: Driven) -> None:
    own = driven.submit(driven.job("sleep 600", walltime_s=2))
    soft = driven.submit(driven.job("sleep 600", "-l s_rt=0:0:2"))
    queues = driven.submit(driven.job("sleep 600", "-l short=TRUE -q short.q"))
    for number, said in ((own, "h_rt=2"), (soft, "s_rt=2"), (queues, "h_rt=0:0:10")):
        seen = driven.until(number)
        assert seen.cause is Cause.WALLTIME and said in seen.reason, seen
        assert seen.usage.elapsed_s is not None and seen.usage.elapsed_s >= 2


def test_memory_of_all_processes_together(driven: Driven) -> None:
    seen = driven.run(HOG, memory_mb=200, slots=2)
    assert seen.cause is Cause.MEMORY, seen
    assert "h_vmem=100M for each of 2 slots" in seen.reason and (seen.usage.memory_bytes or 0) > 200 << 20


def test_a_signal_that_is_no_limit(driven: Driven) -> None:
    """A limit that was far away does not explain it."""
    seen = driven.run("kill -KILL $$", walltime_s=600, memory_mb=4096)
    driven.later_s = PATIENCE_S
    assert (seen.cause, seen.signal, seen.reason) == (Cause.SIGNAL, 9, "")


def test_cancelled_by_whom(driven: Driven) -> None:
    running, waiting, others = (driven.submit(driven.job("sleep 600", more)) for more in ("", "-h", "-h"))
    driven.until(running, lambda seen: seen.state is State.RUNNING)
    driven.do(driven.backend.cancel([running, waiting], "maria"))
    grid("main", "qdel", others)
    for number in (running, waiting, others):
        seen = driven.until(number)
        assert (seen.cause, seen.reason) == (Cause.CANCELLED, "by root")
    driven.do(driven.backend.cancel([running, "999999"], "maria"))  # gone already is no error


def test_cancelled_by_somebody_else_while_nobody_watched(driven: Driven) -> None:
    """The files of the cell say it."""
    number = driven.submit(driven.job("sleep 600"))
    driven.until(number, lambda seen: seen.state is State.RUNNING)
    grid("main", "qdel", number)
    eventually(lambda: accounted("main", number), "its record")
    driven.begin_again()
    seen = driven.until(number)
    assert (seen.cause, seen.reason) == (Cause.CANCELLED, "by root")


@pytest.mark.parametrize(
    ("native", "shell", "said"),
    [
        ("-wd /nonexistent/directory", "/bin/sh", "can't chdir to /nonexistent/directory"),
        ("", "/nonexistent/shell", "No such file or directory"),
    ],
)
def test_what_the_node_could_not_start(driven: Driven, native: str, shell: str, said: str) -> None:
    number = driven.submit(driven.job("true", native, shell=shell))
    seen = driven.until(number)
    assert seen.cause is Cause.REJECTED and said in seen.reason, seen
    assert state("main", number) == "Eqw"
    driven.do(driven.backend.forget([number]))
    eventually(lambda: not state("main", number), "it is out of the queue")


def test_an_exit_code_that_is_an_order_is_an_exit_code(driven: Driven) -> None:
    """Abell's own script never ends so."""
    number = driven.submit(driven.job("exit 100"))
    seen = driven.until(number)
    assert (seen.cause, seen.exit_code) == (Cause.EXIT, 100)
    driven.do(driven.backend.forget([number]))


def test_held_and_why(driven: Driven) -> None:
    held = driven.submit(driven.job("true", "-h"))
    assert driven.until(held, lambda seen: seen.state is State.HELD).reason == f"held: `qrls {held}` lets it go"
    after = driven.submit(driven.job("true", f"-hold_jid {held}"))
    assert driven.until(after, lambda seen: seen.state is State.HELD).reason == f"waits for job {held}"


def test_why_a_job_waits_and_one_that_will_never_run(driven: Driven) -> None:
    never = driven.submit(driven.job("true", "-l never=1"))
    off = driven.submit(driven.job("true", "-q off.q"))
    assert driven.until(never, lambda seen: True).state is State.QUEUED
    assert driven.until(off, lambda seen: True).state is State.QUEUED
    driven.later_s = EXPLAIN_AFTER_S
    seen = driven.until(never, lambda seen: seen.state is State.HELD)
    assert seen.reason.startswith("no queue could ever run it: cancel it") and "never=0" in seen.reason
    assert driven.poll(off) is not None
    driven.later_s += 1 + EXPLAIN_AFTER_S
    waits = driven.until(off, lambda seen: seen.reason)
    assert waits.state is State.QUEUED and "off.q" in waits.reason


def test_suspended(driven: Driven) -> None:
    number = driven.submit(driven.job("sleep 600"))
    driven.until(number, lambda seen: seen.state is State.RUNNING)
    grid("main", "qmod", "-sj", number)
    driven.until(number, lambda seen: seen.state is State.SUSPENDED)
    grid("main", "qmod", "-usj", number)
    driven.until(number, lambda seen: seen.state is State.RUNNING)


def test_a_job_that_runs_again_is_one_job(driven: Driven, tmp_path: Path) -> None:
    body = f"echo run >> {tmp_path}/runs; [ $(wc -l < {tmp_path}/runs) = 2 ] || exec sleep 600; exit 3"
    number = driven.submit(driven.job(body, requeue=True))
    driven.until(number, lambda seen: seen.state is State.RUNNING)
    eventually((tmp_path / "runs").exists, "its first run")
    grid("main", "qmod", "-rj", number)
    seen = driven.until(number)
    assert (seen.cause, seen.exit_code) == (Cause.EXIT, 3)
    assert [record["failed"][:2] for record in accounted("main", number)] == ["25", "0"]
    refuses = driven.submit(driven.job("sleep 600"))
    driven.until(refuses, lambda seen: seen.state is State.RUNNING)
    assert "not re" in grid("main", "qmod", "-rj", refuses, ok=False)


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "a b",
        'q"q',
        "it's",
        "100%j",
        "$X",
        "#h",
        r"back\slash",
        "ümläut",
        ":c",
        "*",
        "1st",
        "@x",
        "t\\",
        "&lt;",
    ],
)
def test_any_path_and_name(driven: Driven, name: str) -> None:
    job = driven.job("pwd -P; echo no >&2", directory=name, name=name)
    seen = driven.until(driven.submit(job))
    assert seen.cause is Cause.OK and seen.key == job.key
    assert Path(job.stdout).read_text() == job.directory + "\n"
    assert Path(job.stderr).read_text() == "no\n"


@pytest.mark.parametrize("name", ["a,b", "x$JOB_ID"])
def test_a_path_that_it_cannot_write_to(driven: Driven, name: str) -> None:
    [learned] = driven.learn(driven.job("true", directory=name))
    assert isinstance(learned, Refused) and "keep jobs in a directory without" in learned.reason


def test_options_in_the_script_are_no_options(driven: Driven) -> None:
    """A user's words may begin a line with `#$`."""
    job = driven.job("true '\n#$ -t 1-9\n#$ -q nosuch.q\n#$ -N theirs\n'; exit 3")
    seen = driven.until(driven.submit(job))
    assert (seen.exit_code, seen.key) == (3, job.key)


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash", "/bin/bash -e", "/usr/bin/env bash"])
def test_the_shell_of_the_script(driven: Driven, shell: str) -> None:
    job = driven.job('echo "${BASH_VERSION:+bash}"; case $- in *e*) echo e;; esac', shell=shell)
    assert driven.until(driven.submit(job)).cause is Cause.OK
    assert Path(job.stdout).read_text().split() == ["bash"] * ("bash" in shell) + ["e"] * shell.endswith("-e")


def test_what_a_job_gets_is_what_effective_says(driven: Driven) -> None:
    for native, asked, said, slots, per_slot in (
        ("", {"slots": 3, "memory_mb": 300, "walltime_s": 90}, "h_rt=90,h_vmem=100M", "3", "100"),
        ("-pe threads 2 -l mem_free=64M", {"slots": 7, "memory_mb": 999}, "mem_free=64M", "2", "64"),
        ("-P bignodes -R y -pe threads 8", {"memory_mb": 8000}, "h_vmem=1000M", "8", "1000"),
        ("-l h_rt=1:0:0 -soft -l h_vmem=1G", {"walltime_s": 5, "memory_mb": 512}, "h_rt=3600", "", "512"),
        ("-q short.q -l short=TRUE", {"queue": "all.q"}, "short=TRUE", "", ""),
    ):
        job = driven.job("true", f"{native} -h", **asked)
        number = driven.submit(job)
        parts = (line.partition(":") for line in grid("main", "qstat", "-j", number).splitlines())
        shown = {name.strip(): value.strip() for name, _, value in parts}
        assert set(said.split(",")) <= set(shown["hard resource_list"].split(",")), shown
        assert bool(slots) == ("parallel environment" in shown)
        assert (job.resources.slots or 1) == int(slots or 1)
        if slots:
            assert shown["parallel environment"].endswith(f"range: {slots}"), shown
        if per_slot:
            assert f"ABELL_MEMORY_MB_PER_SLOT={per_slot}" in shown["env_list"]
            assert job.resources.memory_mb == int(per_slot) * int(slots or 1)
        assert ("bignodes" in shown.get("project", "")) == ("bignodes" in native)


def test_refusals(driven: Driven) -> None:
    for native, said in (
        ("-q nosuch.q", "unknown queue"),
        ("-P nosuch", 'the requested project "nosuch" does not exist'),
        ("-pe nosuch 4", "does not exist"),
        ("-l nosuch=1", 'unknown resource "nosuch"'),
        ("-w e -l never=1", "no suitable queues"),
        ("-nonsense", "invalid option argument"),
    ):
        [learned] = driven.learn(driven.job("true", native))
        assert isinstance(learned, Refused) and said in learned.reason, learned


@pytest.mark.breaks(FRAIL)
def test_a_limit_on_how_many_passes(frail: Driven) -> None:
    others = len({row.number for row in listed(grid(FRAIL, "qstat", "-u", "root", "-xml"))})
    with configured(FRAIL, max_u_jobs=str(others + 2)):
        first, second, last = frail.learn(*(frail.job("true", "-h") for _ in range(3)))
        assert isinstance(first, Bound) and isinstance(second, Bound)
        assert isinstance(last, Later) and last.holds_up == "destination" and "per user" in last.reason


@pytest.mark.breaks(FRAIL)
def test_an_accounting_that_lags(frail: Driven) -> None:
    """Nothing is concluded from what it does not have yet."""
    ids = [frail.submit(frail.job(f"exit {n}")) for n in range(FEW + 2)]
    started = time.monotonic()
    seen: dict[str, Sighting | Unknown] = {}
    while len(seen) < len(ids):
        assert time.monotonic() < started + 120
        seen = {n: s for n, s in frail.do(frail.backend.poll(ids)).items() if not isinstance(s, Sighting) or s.over}
        time.sleep(0.3)
    assert [s.exit_code for n in ids if isinstance(s := seen[n], Sighting)] == list(range(FEW + 2)), seen
    assert ("qacct", "-o", "root", "-d", "2", "-j") in frail.commands


@pytest.mark.breaks(FRAIL)
def test_the_qmaster_is_away(frail: Driven) -> None:
    number = frail.submit(frail.job("exit 4"))
    with without("stop", "qmaster", FRAIL):
        [learned] = frail.learn(frail.job("true"))
        assert isinstance(learned, Later) and learned.holds_up == "cluster", learned
        with pytest.raises(BackendError, match="unable to send message to qmaster"):
            frail.poll(number)
        with pytest.raises(BackendError):
            frail.do(frail.backend.cancel([number], "maria"))
        found = frail.do(frail.backend.check())
        assert [finding.ok for finding in found[:2]] == [True, False]
    assert frail.until(number).exit_code == 4


@pytest.mark.breaks(FRAIL)
def test_an_accounting_file_that_is_rotated(frail: Driven) -> None:
    """The end that it had is not known any more: never a wrong one."""
    number = frail.run("exit 5").native_id
    file = Path(frail.backend.runner_params["sge_root"], FRAIL, "common", "accounting")
    moved = file.with_name("accounting.0")
    file.rename(moved)
    try:
        assert frail.poll(number) is None
        frail.later_s = PATIENCE_S
        assert isinstance(frail.poll(number), Unknown)
    finally:
        with moved.open("ab") as kept:
            kept.write(file.read_bytes() if file.exists() else b"")
        moved.rename(file)
    frail.later_s = 0
    assert frail.until(number).exit_code == 5


def test_find_and_what_nobody_knows(driven: Driven) -> None:
    job = driven.job("true", "-h")
    number = driven.submit(job)
    assert driven.do(driven.backend.find([job.key, "azzzzzzzzzzzzz"])) == {job.key: number}
    assert driven.poll("987654") is None  # the accounting may not have it yet
    driven.later_s = PATIENCE_S
    assert isinstance(driven.poll("987654"), Unknown)


def test_a_number_that_was_another_jobs(driven: Driven) -> None:
    """Numbers are used again: a record of before is not of this job."""
    number = driven.run("exit 3").native_id
    driven.backend._keys[number] = "aaaaaaaaaaaaaa"
    assert driven.poll(number) is None
    driven.later_s = PATIENCE_S
    assert isinstance(driven.poll(number), Unknown)


def test_variables_of_the_server_do_not_reach_its_jobs(parts: None, tmp_path: Path) -> None:
    secrets = {"ABELL_SECRET": "x", "SGE_TASK_ID": "9", "JOB_ID": "1", "NSLOTS": "7", "SGE_O_PATH": "/x"}
    inside = Driven(tmp_path, "main", {**os.environ, **secrets})
    job = inside.job("env", "-V")
    number = inside.submit(job)
    assert inside.until(number).cause is Cause.OK
    variables = dict(line.partition("=")[::2] for line in Path(job.stdout).read_text().splitlines())
    assert variables["JOB_ID"] == number and variables["JOB_NAME"].endswith(job.key)
    assert "ABELL_SECRET" not in variables and variables.get("NSLOTS") != "7"


def test_jobs_one_at_a_time_and_the_id_that_a_job_knows(driven: Driven) -> None:
    jobs = [driven.job(f'echo "{driven.backend.own_id}"', f"-l {one()}=1") for _ in range(3)]
    for job in jobs:
        number = driven.submit(job)
        driven.until(number)
        assert Path(job.stdout).read_text() == number + "\n"


def test_check(driven: Driven) -> None:
    found = driven.do(driven.backend.check())
    said = "\n".join(finding.text for finding in found)
    assert all(finding.ok for finding in found), said
    for words in ("8.1.9", "the qmaster answers", "accounting can be read", "smp", "joblog is on"):
        assert words in said
