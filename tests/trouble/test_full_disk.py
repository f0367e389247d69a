"""A full disk delays: nothing that was accepted is lost, nothing runs twice, and what cannot be kept is refused."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abell import address
from tests.trouble.conftest import Disk, Site, lines, needs_root, until

pytestmark = needs_root
MakeDisk = Callable[[str, str], Disk]

TELL = 'until [ -e "{go}" ]; do sleep 0.05; done; echo {name} >> "{ran}"'


def waiting_command(work: Path, name: str) -> str:
    return TELL.format(go=work / "go", ran=work / "ran", name=name)


@pytest.fixture
def on_disk(tmp_path: Path, disk: MakeDisk) -> Iterator[tuple[Site, Disk]]:
    """Everything that Abell keeps is on one small disk."""
    small = disk("disk", "3m")
    site = Site(small.point / "root", tmp_path / "work")
    yield site, small
    site.end()


def test_running_jobs_outlive_a_full_disk_and_new_ones_are_refused(on_disk: tuple[Site, Disk]) -> None:
    site, small = on_disk
    server = site.serve()
    jobs = [site.submit("--", waiting_command(site.work, f"j{n}")) for n in range(6)]  # four run, two wait
    until(lambda: [r["state"] for r in site.rows().values()].count("running") == 4)
    small.fill()

    refused = site("submit", "--", "true")
    assert refused.returncode == 125
    assert "cannot be written" in refused.stderr and "free some space" in refused.stderr
    assert "Traceback" not in refused.stderr

    (site.work / "go").touch()
    until(lambda: len(lines(site.work / "ran")) == 4, what="the end of the commands that run")
    assert site("ps").returncode == 0
    assert server.poll() is None
    rows = site.rows()
    assert not any(row["cause"] for row in rows.values()), "nothing has an ending that could not be recorded"

    small.free()
    until(lambda: site.ended(*jobs))
    assert [site.rows()[job]["cause"] for job in jobs] == ["ok"] * 6
    assert lines(site.work / "ran") == [f"j{n}" for n in range(6)]
    assert site("run", "--", "true").returncode == 0


def test_nothing_is_forgotten_when_only_the_database_is_full(tmp_path: Path, site: Site, disk: MakeDisk) -> None:
    small = disk("disk", "2m")
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  database_connection: sqlite:///{small.point}/abell.sqlite\n")
    server = site.serve("--config", str(config))
    jobs = [site.submit("--", waiting_command(site.work, f"j{n}")) for n in range(3)]
    until(lambda: [r["state"] for r in site.rows().values()].count("running") == 3)
    small.fill()
    (site.work / "go").touch()
    until(lambda: "cannot be written" in site.notices())
    assert "nothing is lost" in site.notices()
    assert site("cancel", str(jobs[0])).returncode == 125
    assert not site.ended(jobs[0])
    small.free()
    until(lambda: site.ended(*jobs), limit_s=15)
    until(lambda: not site.notices())
    assert [site.rows()[job]["cause"] for job in jobs] == ["ok"] * 3
    assert lines(site.work / "ran") == ["j0", "j1", "j2"]
    assert server.poll() is None


def test_jobs_wait_while_their_directories_have_no_room(tmp_path: Path, site: Site, disk: MakeDisk) -> None:
    small = disk("disk", "2m")
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  job_working_directory: {small.point}/jobs\n")
    server = site.serve("--config", str(config))
    small.fill()
    job = site.submit("--", f"echo once >> {site.work}/ran")
    until(lambda: "No space left" in site.notices())
    row = site.job(job)
    assert row["state"] in ("waiting", "submitting") and not row["cause"]
    assert "No space left" in row["why"]
    small.free()
    until(lambda: site.ended(job), limit_s=15)
    assert site.job(job)["cause"] == "ok"
    assert lines(site.work / "ran") == ["once"]
    assert server.poll() is None


def test_a_job_that_starts_on_a_full_disk_waits_for_its_run_lock(tmp_path: Path, site: Site, disk: MakeDisk) -> None:
    small = disk("disk", "2m")
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  job_working_directory: {small.point}/jobs\n")
    site.serve("--config", str(config))
    jobs = [site.submit("--", waiting_command(site.work, f"j{n}")) for n in range(5)]  # the last one is queued
    until(lambda: site.job(jobs[3])["state"] == "running" and site.job(jobs[4])["state"] == "queued")
    small.fill()
    assert site("cancel", str(jobs[0])).returncode == 0
    until(lambda: site.job(jobs[4])["state"] == "running")
    (site.work / "go").touch()
    until(lambda: lines(site.work / "ran") == ["j1", "j2", "j3"], what="the end of what ran already")
    assert not site.job(jobs[4])["cause"]
    small.free()
    until(lambda: site.ended(*jobs), limit_s=15)
    assert [site.job(job)["cause"] for job in jobs] == ["cancelled", "ok", "ok", "ok", "ok"]
    assert lines(site.work / "ran") == ["j1", "j2", "j3", "j4"]


def test_half_a_script_is_never_run(tmp_path: Path, site: Site, disk: MakeDisk) -> None:
    """A disk with room for a part of the script: a short write must not pass for a whole one."""
    small = disk("disk", "2m")
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  job_working_directory: {small.point}/jobs\n")
    site.serve("--config", str(config))
    small.fill()
    ballast = small.point / "ballast"
    with ballast.open("ab") as file:
        file.truncate(ballast.stat().st_size - 2 * 4096)
    long = "\n".join(f"echo {n} >> {site.work}/ran" for n in range(1000))
    job = site.submit("--", long)
    until(lambda: "No space left" in site.notices())
    assert not (site.work / "ran").exists()
    small.free()
    until(lambda: site.ended(job), limit_s=15)
    assert len(lines(site.work / "ran")) == 1000


def test_the_supervisors_journal_is_full(tmp_path: Path, disk: MakeDisk) -> None:
    """The root holds only the supervisor's papers: what it could not remember, it does not start."""
    small = disk("disk", "1m")
    site = Site(small.point / "root", tmp_path / "work")
    config = tmp_path / "galaxy.yml"
    config.write_text(
        f"galaxy:\n  job_working_directory: {tmp_path}/jobs\n  database_connection: sqlite:///{tmp_path}/abell.sqlite\n"
    )
    try:
        site.serve("--config", str(config))
        assert site("run", "--", "true").returncode == 0
        first = site.submit("--", waiting_command(site.work, "first"))
        until(lambda: site.job(first)["state"] == "running")
        small.fill()
        (small.point / "root" / "supervisor.journal").open("ab").close()
        jobs = [site.submit("--", f"echo j{n} >> {site.work}/ran; {'x' * 5000}=1") for n in range(4)]
        until(lambda: "No space left" in site.notices())
        (site.work / "go").touch()
        until(lambda: site.ended(first))
        assert site.job(first)["cause"] == "ok"
        small.free()
        until(lambda: site.ended(*jobs), limit_s=20)
        assert lines(site.work / "ran") == ["first", "j0", "j1", "j2", "j3"]
    finally:
        site.end()


def test_a_supervisor_that_starts_on_a_full_disk_keeps_its_jobs(tmp_path: Path, disk: MakeDisk) -> None:
    """Its new journal has no room, so it goes on with the old one, and its successor still knows what runs."""
    small = disk("disk", "1m")
    site = Site(small.point / "root", tmp_path / "work")
    config = tmp_path / "galaxy.yml"
    config.write_text(
        f"galaxy:\n  job_working_directory: {tmp_path}/jobs\n  database_connection: sqlite:///{tmp_path}/abell.sqlite\n"
    )
    try:
        site.serve("--config", str(config))
        job = site.submit("--", waiting_command(site.work, "once"))
        until(lambda: site.job(job)["state"] == "running")
        small.fill()
        kill_supervisor(site)
        time.sleep(0.5)
        small.free()
        until(lambda: supervisor_pid(site) is not None)
        kill_supervisor(site)
        until(lambda: supervisor_pid(site) is not None)
        (site.work / "go").touch()
        until(lambda: site.ended(job))
        assert site.job(job)["cause"] == "ok"
        assert lines(site.work / "ran") == ["once"]
        left = [
            path.name for path in (small.point / "root").iterdir() if re.search(r"json\.\d+|\.new|\.probe", path.name)
        ]
        assert not left, "drafts that had no room are removed"
    finally:
        site.end()


def test_a_journal_of_an_earlier_boot_that_cannot_be_replaced(site: Site) -> None:
    """It is gone on with; what follows in it is of this boot, so the next supervisor must not think the jobs dead."""
    site.root.mkdir()
    (site.root / "supervisor.journal").write_text('{"fact":"boot","boot":"0-0","host":"elsewhere"}\n')
    (site.root / "supervisor.journal.new").mkdir()  # no draft can be written
    site.serve()
    job = site.submit("--", waiting_command(site.work, "once"))
    until(lambda: site.job(job)["state"] == "running")
    kill_supervisor(site)
    until(lambda: supervisor_pid(site) is not None)
    (site.work / "go").touch()
    until(lambda: site.ended(job))
    assert site.job(job)["cause"] == "ok"
    assert lines(site.work / "ran") == ["once"]


def supervisor_pid(site: Site) -> int | None:
    found = address.read(site.root, "supervisor")
    return found.pid if found and found.alive else None


def kill_supervisor(site: Site) -> None:
    pid = supervisor_pid(site)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: supervisor_pid(site) != pid)


def test_outputs_wait_for_room_where_they_belong(tmp_path: Path, site: Site, disk: MakeDisk) -> None:
    small = disk("disk", "1m")
    config = tmp_path / "galaxy.yml"
    config.write_text("galaxy:\n  outputs_to_working_directory: true\n")
    site.serve("--config", str(config))
    small.fill()
    job = site.submit("--output", f"big={small.point}/big", "--", 'head -c 300000 /dev/zero > "$ABELL_OUTPUT_big"')
    until(lambda: "No space left" in site.job(job)["why"])
    assert site.job(job)["state"] == "finishing"
    small.free()
    until(lambda: site.ended(job), limit_s=15)
    assert site.job(job)["cause"] == "ok"
    assert (small.point / "big").stat().st_size == 300000


def test_no_engine_can_start_on_a_full_disk(on_disk: tuple[Site, Disk]) -> None:
    site, small = on_disk
    site.root.mkdir()
    small.fill()
    for verb in (("run", "--", "true"), ("serve",)):
        began = time.monotonic()
        failed = site(*verb)
        assert failed.returncode == 125, verb
        assert "No space left on device" in failed.stderr and "free some space" in failed.stderr
        assert "Traceback" not in failed.stderr
        assert time.monotonic() - began < 10
    small.free()
    assert site("run", "--", "true").returncode == 0
