"""`-M other`: jobs of one runner on another cluster, whose ids carry its name."""

from __future__ import annotations

import re

import pytest

from tests.clusters.slurm.clusters import slurm
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause, State

pytestmark = [pytest.mark.timeout(500), pytest.mark.uses("other")]


def test_endings_and_cancellations(site: ScenarioSite) -> None:
    jobs = {
        "ok": site.submit(site.counted("ok"), to="other"),
        "exit": site.submit(site.counted("exit", "exit 3"), to="other"),
        "signal": site.submit(site.counted("signal", "kill -9 $$"), to="other"),
        "running": site.submit(site.counted("running", "sleep 900"), to="other"),
        "outside": site.submit(site.counted("outside", "sleep 900"), to="other"),
        "queued": site.submit(site.counted("queued"), to="other_tomorrow"),
        "there": site.submit(site.counted("there", 'echo "$SLURM_CLUSTER_NAME"'), to="other"),
    }
    site.running(jobs["running"], jobs["outside"])
    site.until(jobs["queued"], State.QUEUED)
    site.cluster.cancel([jobs["running"], jobs["queued"]])
    slurm("main", "scancel", "-M", "other", site.number(jobs["outside"]))
    site.wait(jobs.values())
    assert {name: job.cause for name, job in jobs.items()} == {
        "ok": Cause.OK,
        "exit": Cause.EXIT,
        "signal": Cause.SIGNAL,
        "running": Cause.CANCELLED,
        "outside": Cause.CANCELLED,
        "queued": Cause.CANCELLED,
        "there": Cause.OK,
    }
    assert all(re.fullmatch(r"\d+\.other", job.row["native_id"]) for job in jobs.values())
    assert "not through Abell" in jobs["outside"].message and "root" in jobs["outside"].message
    assert "not through" not in jobs["running"].message
    assert jobs["there"].stdout.read_text() == "other\n"
    assert site.ran() == dict.fromkeys(jobs.keys() - {"queued"}, 1)


def test_the_engine_is_killed_and_finds_them_again(site: ScenarioSite) -> None:
    job = site.gated("it", to="other")
    site.running(job)
    site.restart()
    assert job.refresh().state is State.RUNNING
    site.open("it")
    assert job.wait(60).cause is Cause.OK
    assert site.ran() == {"it": 1}
