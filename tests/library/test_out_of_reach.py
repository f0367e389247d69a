"""A whole engine with a library: what is left when it is killed, and what its library and its jobs can get at."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.site import LONG, Cause, wait_for_end
from tests.library.engine import HostileSite
from tests.library.hostile.small_drm import SmallDrm

MakeSite = Callable[..., HostileSite]


@pytest.fixture
def make_site(compiled: Path, tmp_path: Path) -> Iterator[MakeSite]:
    drm = SmallDrm(tmp_path / "drm")
    sites = []

    def make(environ: dict[str, str] | None = None, **settings: Any) -> HostileSite:
        drm.environ |= environ or {}
        site = HostileSite(tmp_path / "site", compiled, drm, settings=settings)
        sites.append(site)
        return site

    yield make
    drm.order()
    for site in sites:
        site.close()


@pytest.mark.parametrize("order", ["", "run_job * hang", "run_job * stop"])
def test_an_engine_that_is_killed_leaves_no_process_behind(make_site: MakeSite, order: str) -> None:
    """Idle, in the middle of a call, or frozen; and the next engine runs the job once."""
    site = make_site()
    first = site.batch(1)
    site.wait(first.values())
    site.drm.order(order)
    pid = site.drm.pid
    jobs = site.batch(1) if order else {}
    site.eventually(lambda: site.drm.count("run_job") == 1 + len(jobs), "the call")
    assert Path(f"/proc/{pid}").exists()
    site.kill()
    assert wait_for_end(pid, LONG)
    site.drm.order()
    site.start()
    site.wait(jobs.values())
    site.all_well(first | jobs)


def test_a_process_without_its_library_is_replaced(make_site: MakeSite) -> None:
    """Killed by somebody while it is idle: the next job notices nothing."""
    site = make_site()
    first = site.batch(1)
    site.wait(first.values())
    os.kill(site.drm.pid, signal.SIGKILL)
    jobs = site.batch(2)
    site.wait(jobs.values())
    site.all_well(first | jobs)


def test_the_database_is_hidden_wherever_it_is(make_site: MakeSite, tmp_path: Path) -> None:
    """And jobs run where the configuration says, outside the root."""
    elsewhere, directories = tmp_path / "elsewhere", tmp_path / "directories"
    elsewhere.mkdir()
    (elsewhere / "other").write_text("x")
    queue = elsewhere / "queue.sqlite"
    site = make_site(database_connection=f"sqlite:///{queue}", job_working_directory=str(directories))
    hidden = [queue, Path(f"{queue}-wal"), Path(f"{queue}-shm"), site.root / "engine.lock", site.root / "libraries"]
    site.drm.order(*(f"run_job * read {path}" for path in (*hidden, elsewhere / "other", "/etc/passwd")))
    jobs = site.batch(1, "cat job.sh ../job.sh >/dev/null 2>&1; pwd; : > made")
    site.wait(jobs.values())
    [job] = jobs.values()
    assert job.cause is Cause.OK
    assert Path(job.row["directory"]).is_relative_to(directories) and not list(site.root.glob("jobs/0*"))
    assert job.stdout.read_text().startswith(f"{directories}/")
    assert queue.exists() and Path(f"{queue}-wal").exists()
    said = dict(line.rsplit(": ", 1) for line in (site.drm.folder / "read").read_text().splitlines())
    assert {str(path) for path in hidden if said[str(path)] != "Permission denied"} == set()
    assert said[str(elsewhere / "other")] == said["/etc/passwd"] == "can be read"


def test_jobs_of_a_library_get_no_secrets_of_the_server(make_site: MakeSite) -> None:
    """They inherit from its process, which has none."""
    secrets = {"ABELL_TOKEN": "open-sesame-1", "AWS_SECRET_ACCESS_KEY": "open-sesame-2", "PGPASSWORD": "open-sesame-3"}
    site = make_site(secrets)
    job = site.run("env; tr '\\0' '\\n' </proc/$PPID/environ")
    assert job.cause is Cause.OK
    assert "JOB_ID=" in job.stdout.read_text()
    assert "open-sesame" not in job.stdout.read_text()
