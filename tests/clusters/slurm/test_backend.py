"""What the back end says of jobs on a real Slurm: endings with their causes, options, limits, other clusters."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from abell.backends.contract import Bound, Later, Refused
from abell.backends.slurm import PATIENCE_S
from abell.job import Cause, Sighting, State, Unknown
from tests.clusters.slurm.clusters import unused
from tests.clusters.slurm.conftest import Driven, admin, clean

HOG = "exec python3 -c 'import time; x = b\"1\" * (300 << 20); time.sleep(60)'"


@pytest.mark.uses("accounting")
def test_endings_by_exit_code_and_signal(driven: Driven) -> None:
    assert (driven.run("exit 0").cause, driven.run("exit 7").exit_code) == (Cause.OK, 7)
    killed = driven.run("kill -SEGV $$")
    assert (killed.cause, killed.signal) == (Cause.SIGNAL, 11)


@pytest.mark.uses("accounting")
def test_walltime(driven: Driven) -> None:
    native = driven.submit(driven.job("sleep 600", walltime_s=60))
    driven.until(native, lambda seen: seen.state is State.RUNNING)
    admin("scontrol", "update", f"jobid={native}", "EndTime=now+1")
    seen = driven.until(native)
    assert seen.cause is Cause.WALLTIME and seen.usage.elapsed_s is not None


@pytest.mark.uses("accounting")
def test_memory(driven: Driven) -> None:
    seen = driven.run(HOG, memory_mb=100)
    assert seen.cause is Cause.MEMORY and (seen.usage.memory_bytes or 0) > 100 << 20


@pytest.mark.breaks("low", "small")
def test_preempted_and_the_node_that_fails(driven: Driven) -> None:
    low = driven.submit(driven.job("sleep 600", "-p low --exclusive"))
    frail = driven.submit(driven.job("sleep 600", "-p small"))
    for native in (low, frail):
        driven.until(native, lambda seen: seen.state is State.RUNNING)
    driven.submit(driven.job("sleep 1", "-p high --exclusive"))
    admin("scontrol", "update", "node=n5", "state=down", "reason=test")
    try:
        assert driven.until(low).cause is Cause.PREEMPTED
        assert driven.until(frail).cause is Cause.NODE
    finally:
        admin("scontrol", "update", "node=n5", "state=resume")


@pytest.mark.uses("accounting")
def test_cancelled_by_whom(driven: Driven) -> None:
    running = driven.submit(driven.job("sleep 600"))
    waiting = driven.submit(driven.job("true", "--hold"))
    driven.until(running, lambda seen: seen.state is State.RUNNING)
    driven.do(driven.backend.cancel([running, waiting], "maria"))
    for native in (running, waiting):
        seen = driven.until(native)
        assert (seen.cause, seen.reason) == (Cause.CANCELLED, "by root")
    driven.do(driven.backend.cancel([running, "999999"], "maria"))  # gone already is no error


def test_a_job_that_cannot_be_launched(driven: Driven, tmp_path: Path) -> None:
    job = driven.job("true")
    script = Path(job.script)
    script.write_text(script.read_text().replace(job.stdout, "/nonexistent/out"))
    seen = driven.until(driven.submit(job))
    assert seen.cause is Cause.NODE and "could not open the job's directory or" in seen.reason


def test_held_and_why(driven: Driven) -> None:
    held = driven.until(driven.submit(driven.job("true", "--hold")), lambda seen: seen.state is State.HELD)
    assert held.reason.startswith("JobHeldUser: held by its user: `scontrol release ")
    later = driven.until(driven.submit(driven.job("true", "-b now+1hour")), lambda seen: "BeginTime" in seen.reason)
    assert later.state is State.QUEUED


def test_a_requeued_job_is_one_job(driven: Driven) -> None:
    native = driven.submit(driven.job("sleep 600", requeue=True))
    driven.until(native, lambda seen: seen.state is State.RUNNING)
    admin("scontrol", "requeue", native)
    seen = driven.until(native, lambda seen: seen.restarts == 1)
    assert not seen.over
    refuses = driven.submit(driven.job("sleep 600"))
    driven.until(refuses, lambda seen: seen.state is State.RUNNING)
    admin("scontrol", "requeue", refuses)
    assert driven.until(refuses, lambda seen: seen.state is State.RUNNING).restarts == 0


@pytest.mark.parametrize(
    "name",
    ["plain", "a b", 'q"q', "it's", "100%j", "50%%", "#h", r"back\slash", r"b\\2 %j", "ümläut", ":c", "a,b", "t\\"],
)
def test_any_path_and_name(driven: Driven, name: str) -> None:
    job = driven.job("pwd -P; echo no >&2", directory=name, name=name)
    seen = driven.until(driven.submit(job))
    assert seen.cause is Cause.OK and seen.key == job.key
    assert Path(job.stdout).read_text() == job.directory + "\n"
    assert Path(job.stderr).read_text() == "no\n"


def test_what_a_job_gets_is_what_effective_says(driven: Driven) -> None:
    for native, asked in (
        ("", {"slots": 3, "memory_mb": 300, "walltime_s": 90, "gpus": 1}),
        ("-n2 -c2 --mem-per-cpu=64", {"slots": 7, "memory_mb": 999}),
        ("--ntasks-per-node=3 --mem=100M -t 0-1:0", {"slots": 7, "walltime_s": 5}),
        ("-c 2 --gres=gpu:1 -p short --comment='a \"b\" #c'", {"queue": "main"}),
    ):
        job = driven.job("true", f"{native} --hold", **asked)
        shown = dict(
            word.partition("=")[::2] for word in admin("scontrol", "-o", "show", "job", driven.submit(job)).split()
        )
        given = job.resources
        assert shown["NumCPUs"] == str(given.slots), shown
        minutes = -(-(given.walltime_s or 600 if "short" not in native else 60) // 60)
        assert shown["TimeLimit"] == f"{minutes // 60:02}:{minutes % 60:02}:00"
        assert shown["Partition"] == (given.queue or "main")
        assert ("gpu:1" in shown.get("TresPerNode", "")) == bool(given.gpus)
        tres = dict(part.partition("=")[::2] for part in shown["TRES"].split(","))
        if given.memory_mb:
            assert tres["mem"] == f"{given.memory_mb}M"


def test_refusals(driven: Driven) -> None:
    for native, said in (
        ("-p nosuch", "Invalid partition name specified"),
        ("--mem=900G", "Requested node configuration is not available"),
        ("-p short -t 60", "Requested time limit is invalid"),
        ("-A nosuch", "Invalid account"),
        ("--nonsense", "unrecognized option '--nonsense'"),
        ("-M nosuch", "No cluster 'nosuch' known by database"),
    ):
        [learned] = driven.learn(driven.job("true", native))
        assert isinstance(learned, Refused) and said in learned.reason, learned


@pytest.mark.breaks("limited")
@pytest.mark.parametrize("limit", ["--account=limited", "--qos=tight"])
def test_a_limit_on_how_many_passes(driven: Driven, limit: str) -> None:
    unused("limited")
    jobs = [driven.job("true", f"{limit} --hold") for _ in range(3)]
    learned = driven.learn(*jobs)
    last = learned[-1]
    assert all(isinstance(word, Bound) for word in learned[:2]), learned
    assert isinstance(last, Later) and last.holds_up == "destination" and "MaxSubmitJob" in last.reason


@pytest.mark.uses("other")
def test_another_cluster(driven: Driven) -> None:
    job = driven.job("env > env.txt; sleep 600", "-M other -n 1")
    native = driven.submit(job)
    assert native.endswith(".other")
    driven.until(native, lambda seen: seen.state is State.RUNNING)
    driven.backend.here = "other"
    assert driven.do(driven.backend.find([job.key])) == {job.key: native}
    driven.do(driven.backend.cancel([native], "maria"))
    assert driven.until(native).cause is Cause.CANCELLED


@pytest.mark.uses("other")
def test_the_id_that_a_job_knows_is_its_id(driven: Driven) -> None:
    for native in ("", "-M other", "-M main"):
        job = driven.job(f'echo "{driven.backend.own_id}"', native)
        known = driven.submit(job)
        driven.until(known)
        assert Path(job.stdout).read_text() == known + "\n"


@pytest.mark.uses("accounting")
def test_find_and_what_nobody_knows(driven: Driven) -> None:
    job = driven.job("true", "--hold")
    native = driven.submit(job)
    assert driven.do(driven.backend.find([job.key, "azzzzzzzzzzzzz"])) == {job.key: native}
    assert driven.poll("987654") is None  # the accounting may not know it yet
    driven.later_s = PATIENCE_S
    assert isinstance(driven.poll("987654"), Unknown)


def test_variables_of_the_server_do_not_reach_its_jobs(driven: Driven, tmp_path: Path) -> None:
    secrets = {
        "ABELL_SECRET": "x",
        "SLURM_CPUS_PER_TASK": "9",
        "SLURM_MEM_PER_CPU": "9",
        "SBATCH_JOB_NAME": "theirs",
        "SBATCH_PARTITION": "nosuch",
        "SQUEUE_STATES": "SUSPENDED",
        "SLURM_JOB_ID": "1",
    }
    inside = Driven(tmp_path, "main", clean(os.environ, **secrets))
    job = inside.job("env")
    native = inside.submit(job)
    seen = inside.until(native)
    assert seen.cause is Cause.OK and seen.key == job.key
    variables = dict(line.partition("=")[::2] for line in Path(job.stdout).read_text().splitlines())
    assert variables["SLURM_JOB_ID"] == native and variables["SLURM_JOB_NAME"].endswith(job.key)
    assert not variables.keys() & {"ABELL_SECRET", "SLURM_CPUS_PER_TASK", "SBATCH_JOB_NAME"}
    assert variables["PATH"] == os.environ["PATH"]


@pytest.mark.uses("bare")
def test_a_cluster_without_accounting(bare: Driven) -> None:
    native = bare.submit(bare.job("sleep 600"))
    bare.until(native, lambda seen: seen.state is State.RUNNING)
    bare.do(bare.backend.cancel([native], "maria"))
    seen = bare.until(native)
    assert (seen.cause, seen.reason) == (Cause.CANCELLED, "")
    assert isinstance(bare.poll("987654"), Unknown)
    assert any("accounting is off" in finding.text for finding in bare.do(bare.backend.check()))


@pytest.mark.uses("accounting")
def test_check(driven: Driven) -> None:
    findings = driven.do(driven.backend.check())
    assert all(finding.ok for finding in findings)
    assert "accounting is on" in "\n".join(finding.text for finding in findings)


def test_a_controller_that_cannot_be_reached(tmp_path: Path, driven: Driven) -> None:
    conf = tmp_path / "slurm.conf"
    conf.write_text("ClusterName=none\nSlurmctldHost=localhost(127.0.0.1)\nSlurmctldPort=9\nMessageTimeout=2\n")
    driven.backend.runner_params = {"slurm_conf": str(conf)}
    [learned] = driven.learn(driven.job("true"))
    assert isinstance(learned, Later) and learned.holds_up == "cluster", learned
    assert not driven.do(driven.backend.check())[1].ok


def test_a_key_of_another_job_is_told(driven: Driven) -> None:
    """Ids are used again when a cluster is new: the name says whose job it is."""
    job = driven.job("true", "--hold", name="")
    seen = driven.poll(driven.submit(job))
    assert isinstance(seen, Sighting) and seen.key == job.key
