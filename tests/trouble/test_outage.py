"""A file system that is not mounted shows no records, and that says nothing about how jobs ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.trouble.conftest import Site, mount, needs_root, until


@needs_root
def test_a_job_is_not_lost_while_its_file_system_is_not_mounted(tmp_path: Path, site: Site) -> None:
    server, point = tmp_path / "server", tmp_path / "point"
    server.mkdir()
    point.mkdir()
    mount("--bind", str(server), str(point))
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  job_working_directory: {point}/jobs\n")
    engine = site.serve("--config", str(config))
    job = site.submit("--own-workdir", "--", f"until [ -e {site.work}/go ]; do sleep 0.05; done")
    until(lambda: site.job(job)["state"] == "running")
    os.kill(engine.pid, signal.SIGSTOP)  # it looks only when the record is out of sight
    try:
        (site.work / "go").touch()
        until(lambda: list(server.glob("jobs/*/*/*/control/ending.1")), what="the record")
        until(lambda: '"ended"' in (site.root / "supervisor.journal").read_text(), what="the end of the job")
        subprocess.run(["umount", "-l", str(point)], check=True)
    finally:
        os.kill(engine.pid, signal.SIGCONT)
    until(lambda: "is its file system mounted" in json.dumps(site.job(job)))
    assert not site.job(job)["cause"]
    mount("--bind", str(server), str(point))
    try:
        until(lambda: site.ended(job))
        assert site.job(job)["cause"] == "ok"
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)
