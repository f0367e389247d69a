"""How a job ends, on every back end."""

from __future__ import annotations

import pytest

from tests.contract.backends import Row
from tests.contract.site import LONG, Cause, Site, State


def test_success(site: Site) -> None:
    job = site.run("echo to stdout; echo to stderr >&2")
    assert (job.cause, job.exit_code) == (Cause.OK, 0)
    assert job.stdout.read_text() == "to stdout\n"
    assert job.stderr.read_text() == "to stderr\n"


def test_arguments_arrive_exactly_as_given(site: Site) -> None:
    words = ["printf", "<%s>", "a b", "", "$HOME", "'", '"', "*", "\\n", "ü\n", "-n"]
    assert site.run(words).stdout.read_text() == "<a b><><$HOME><'><\"><*><\\n><ü\n><-n>"


@pytest.mark.parametrize("code", [1, 3, 127, 255])
def test_exit_code(site: Site, code: int) -> None:
    job = site.run(f"exit {code}")
    assert (job.cause, job.exit_code) == (Cause.EXIT, code)
    assert str(code) in job.message


@pytest.mark.parametrize(("name", "number"), [("KILL", 9), ("SEGV", 11)])
def test_signal(site: Site, name: str, number: int) -> None:
    job = site.run(f"kill -{name} $$")
    assert (job.cause, job.row["signal"]) == (Cause.SIGNAL, number)
    assert name in job.message


def test_a_command_that_does_not_exist(site: Site) -> None:
    job = site.run(["/no/such/program"])
    assert (job.cause, job.exit_code) == (Cause.EXIT, 127)


def test_a_working_directory_that_is_gone_when_the_job_starts(site: Site) -> None:
    gate, where = site.gate("gone"), site.directory / "gone"
    where.mkdir()
    first = site.submit(gate.wait, to="one_at_a_time")
    second = site.submit(site.counted("never"), to="one_at_a_time", workdir=where)
    where.rmdir()
    gate.open()
    site.wait([first, second])
    assert second.cause is Cause.EXIT and "working directory" in second.message
    assert "never" not in site.ran()


def test_walltime(site: Site, row: Row) -> None:
    if not row.walltime:
        pytest.skip(f"{row.name} enforces no walltime")
    job = site.run("sleep 600", time="1s")
    assert job.cause is Cause.WALLTIME
    assert "1 s" in job.message


def test_memory(site: Site, row: Row) -> None:
    if not row.memory:
        pytest.skip(f"{row.name} enforces no memory limit")
    job = site.run(["python3", "-c", "x = bytearray(300 << 20); import time; time.sleep(600)"], mem="64M")
    assert job.cause is Cause.MEMORY
    assert "64 MiB" in job.message


def test_usage_is_told(site: Site) -> None:
    usage = site.run(["python3", "-c", "x = bytearray(80 << 20)\nfor i in range(10**6): pass"]).row["usage"]
    assert usage["elapsed_s"] is not None and usage["elapsed_s"] >= 0
    assert usage["cpu_s"] is not None and usage["cpu_s"] > 0


def test_a_later_failure_of_the_metadata_command_is_its_own(site: Site) -> None:
    job = site.run("echo made > file", metadata="grep -q made file && exit 4")
    assert job.cause is Cause.OK
    assert job.row["metadata"] == {"exit_code": 4}


def test_metadata_after_a_failed_command(site: Site) -> None:
    job = site.run("exit 3", metadata="true")
    assert (job.cause, job.exit_code) == (Cause.EXIT, 3)


def test_an_unknown_job(site: Site) -> None:
    from abell.errors import RefusedError

    with pytest.raises(RefusedError, match="no job 999999"):
        site.cluster.client_ask("job", job=999_999)
    with pytest.raises(RefusedError, match="no job 999999"):
        site.cluster.client_ask("wait", jobs=[999_999])
    assert site.cluster.client_ask("cancel", jobs=[999_999])["results"] == {"999999": "unknown"}


def test_200_jobs_at_once(site: Site) -> None:
    requests = [site.request(site.counted(f"many-{n}", f"exit $(({n} % 7 == 0))")) for n in range(200)]
    jobs = site.cluster.submit_many(requests)
    site.wait(jobs)
    ran = site.ran()
    assert all(ran[f"many-{n}"] == 1 for n in range(200))
    assert [j.cause for j in jobs] == [Cause.EXIT if n % 7 == 0 else Cause.OK for n in range(200)]
    assert len({j.id for j in jobs}) == 200


def test_the_story_of_a_job(site: Site) -> None:
    gate = site.gate("story")
    job = site.submit(gate.wait)
    site.until(job, State.RUNNING)
    gate.open()
    job.wait(LONG)
    kinds = [line.partition(":")[0] for line in site.story(job)]
    assert kinds == ["accepted", "submitted", "started", "ended"]
