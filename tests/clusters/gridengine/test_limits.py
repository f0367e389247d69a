"""A limit on how many jobs a user may have: the surplus waits with Abell, and says why in Grid Engine's words."""

from __future__ import annotations

import pytest

from abell.backends.gridengine_listings import listed
from tests.clusters.gridengine.clusters import FRAIL, configured
from tests.clusters.gridengine.site import KINDS, GridSite
from tests.contract.site import Cause, State

pytestmark = [pytest.mark.timeout(900, func_only=True), pytest.mark.breaks(FRAIL)]


def test_a_limit_for_each_user(site: GridSite) -> None:
    first = site.gated("first", to="grid")
    site.running(first)
    there = len({row.number for row in listed(site.grid("qstat", "-u", "root", "-xml"))})
    with configured(FRAIL, max_u_jobs=str(there)):
        surplus = site.each("surplus", "true")
        for kind, job in surplus.items():
            site.until_why(job, "jobs are allowed per user")
            assert job.state is State.WAITING, kind
        assert site.run(site.counted("elsewhere"), to="main").cause is Cause.OK
        site.open("first")
        site.wait([first, *surplus.values()], 150)
    assert {job.cause for job in (first, *surplus.values())} == {Cause.OK}
    assert site.ran() == dict.fromkeys(("first", "elsewhere", *(f"surplus-{kind}" for kind in KINDS)), 1)
