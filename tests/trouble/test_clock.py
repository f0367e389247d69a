"""A clock that steps: jobs end as they should, and no duration is of another world."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trouble.conftest import Site, lines, until

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("faketime") is None, reason="needs clusters/faketime/up"
)
DAY = 86400


@pytest.fixture
def stepping(site: Site, tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    """Every process of the site reads the offset of its wall clock from a file; monotonic clocks are the real ones."""
    offset = tmp_path / "offset"
    offset.write_text("+0")
    argv = ["faketime", "-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]
    library = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    site.environ |= {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    yield site, offset


@pytest.mark.parametrize("step", [-DAY, +DAY])
def test_jobs_end_right_when_the_clock_steps(stepping: tuple[Site, Path], step: int) -> None:
    site, offset = stepping
    server = site.serve()
    command = f"until [ -e {site.work}/go ]; do sleep 0.05; done; echo once >> {site.work}/ran"
    job = site.submit("--time", "30s", "--", command)
    until(lambda: site.job(job)["state"] == "running")
    before = site.job(job)
    offset.write_text(f"{step:+d}")
    late = site.submit("--time", "2s", "--", "sleep 60")
    assert abs(site.job(late)["created"] - before["created"] - step) < 60, "the engine's clock has stepped"
    (site.work / "go").touch()
    until(lambda: site.ended(job, late))
    row, late_row = site.job(job), site.job(late)
    assert row["cause"] == "ok"
    assert late_row["cause"] == "walltime", "a limit is measured by a clock that does not step"
    assert 0 <= row["usage"]["elapsed_s"] < 30
    assert 1 <= late_row["usage"]["elapsed_s"] < 30
    assert lines(site.work / "ran") == ["once"]
    for line in site("ps", "--all").stdout.splitlines()[1:]:
        assert line.split("\t")[6] in [f"{seconds}s" for seconds in range(30)]
    assert server.poll() is None
