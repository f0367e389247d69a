"""An accounting that is late, and one that no longer has what is asked for: never a wrong ending."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.gridengine.clusters import DIRECTORY, FRAIL, accounted
from tests.clusters.gridengine.site import KINDS, TELLS, GridSite
from tests.contract.site import Cause

pytestmark = [pytest.mark.timeout(900, func_only=True), pytest.mark.breaks(FRAIL)]
FILE = DIRECTORY / FRAIL / "common" / "accounting"


def test_it_is_late_and_then_it_is_rotated_while_no_engine_runs(site: GridSite, tmp_path: Path) -> None:
    """With Debian's flush_time, 15 s. Where no record of the job's own tells, the best that is known is `lost`."""
    late = site.each("h_rt", "sleep 900", "h_rt")
    dies = site.each_gated("dies", "kill -9 $PPID")  # the script, before it can write its record
    fails, well = site.each_gated("fails", "exit 3"), site.each_gated("well")
    site.wait([late[kind] for kind in TELLS], 120)
    assert {late[kind].cause for kind in TELLS} == {Cause.WALLTIME}
    site.running(*(job for jobs in (dies, fails, well) for job in jobs.values()))
    numbers = [site.number(job) for job in dies.values()]
    site.kill()
    site.open_each("dies", "fails", "well")
    eventually(lambda: all(accounted(FRAIL, number) for number in numbers), "the accounting has them")
    rotated = FILE.with_name("accounting.0")
    FILE.rename(rotated)
    try:
        site.start()
        site.wait([*fails.values(), *well.values()])
        after = site.run(site.counted("after"), to="grid")  # for which a new file is begun
        site.wait([*dies.values(), late["drmaa"]], 150)
    finally:
        with rotated.open("ab") as old:
            old.write(FILE.read_bytes() if FILE.exists() else b"")
        rotated.rename(FILE)
    assert late["drmaa"].cause is Cause.SIGNAL, late["drmaa"].row  # its library has told that before
    assert {job.cause for job in (*well.values(), after)} == {Cause.OK}
    assert {(job.cause, job.exit_code) for job in fails.values()} == {(Cause.EXIT, 3)}
    for kind, job in dies.items():
        assert job.cause is Cause.LOST, (kind, job.row)
    names = (f"{name}-{kind}" for name in ("h_rt", "dies", "fails", "well") for kind in KINDS)
    assert site.ran() == dict.fromkeys((*names, "after"), 1)
