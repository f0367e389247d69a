"""Jobs that reach a limit of theirs: each kind of runner says what it can know, and never what is wrong."""

from __future__ import annotations

import pytest

from tests.clusters.gridengine.site import KINDS, TELLS, GridSite
from tests.contract.site import Cause

pytestmark = pytest.mark.timeout(300, func_only=True)
FOREVER = "sleep 900"
HOG = """python3 -c '
import os, time
for n in range(3): os.fork()
x = bytearray(60 << 20); time.sleep(60)'"""


def test_limits_of_time_and_memory(site: GridSite) -> None:
    jobs = {
        (name, kind): job
        for name, command in (("h_rt", FOREVER), ("s_rt", FOREVER), ("h_vmem", HOG))
        for kind, job in site.each(name, command, name).items()
    }
    site.wait(jobs.values(), 150)
    expected = {"h_rt": Cause.WALLTIME, "s_rt": Cause.WALLTIME, "h_vmem": Cause.MEMORY}
    for (name, kind), job in jobs.items():
        if kind in TELLS:
            assert job.cause is expected[name], (name, kind, job.row)
        else:  # DRMAA has no word for them
            assert job.cause is Cause.SIGNAL, (name, job.row)
            assert str(10 if name == "s_rt" else 9) in job.message
    for kind in TELLS:
        assert "of the 2 s it was given" in jobs["h_rt", kind].message
        assert "200 MiB it was given" in jobs["h_vmem", kind].message
    assert site.ran() == {f"{name}-{kind}": 1 for name in expected for kind in KINDS}
