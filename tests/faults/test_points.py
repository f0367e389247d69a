"""The engine, or the supervisor, is killed at each named point of the flow, and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from tests.clusters.gridengine.killed import DrmaaSite
from tests.clusters.slurm.cluster import SlurmSite
from tests.contract.site import LONG, SRC, Site
from tests.faults.load import KINDS, InBackground, Load

IN_SOURCE = sorted(
    {name for path in SRC.rglob("*.py") for name in re.findall(r"\bpoint\(\"([a-z_.]+)\"\)", path.read_text())}
)
# No more than there are for certain: on a busy machine one commit serves much that came meanwhile.
PASSAGES = {"record.before": (1, 2, 3), "record.committed": (1, 2, 3), "supervisor.reaped": (1, 4)}
ELSEWHERE = {"examine.closed"}  # only jobs that may start again pass it: tests/contract/test_requeue.py
# A point that is only passed after an earlier death at another one.
AFTER = {"resolve.found": "submit.written", "resolve.revoked": "submit.written"}
ENGINE = [
    pytest.param(f"{name}:{n}", AFTER.get(name, ""), id=f"{name}-{n}")
    for name in IN_SOURCE
    if not name.startswith("supervisor.") and name not in ELSEWHERE
    for n in PASSAGES.get(name, (1,))
]
SUPERVISOR = [
    pytest.param(f"{name}:{n}", id=f"{name}-{n}")
    for name in IN_SOURCE
    if name.startswith("supervisor.")
    for n in PASSAGES.get(name, (1,))
]


def test_points_are_found() -> None:
    assert {"claim.committed", "submit.done", "record.committed", "supervisor.spawned"} <= set(IN_SOURCE)
    assert ELSEWHERE | set(PASSAGES) | set(AFTER) | set(AFTER.values()) <= set(IN_SOURCE)


@pytest.mark.parametrize(("fault", "before"), ENGINE)
def test_the_engine_dies_at(site: Site, fault: str, before: str) -> None:
    load = Load(site)
    engine = site.start(before or fault)
    site.connect()
    submitting = InBackground(load.submit, list(KINDS))
    if before:
        assert engine.wait() == -signal.SIGKILL
        site.forget_engine()
        engine = site.launch(fault)
    assert engine.wait() == -signal.SIGKILL, f"{fault} was not passed"
    site.forget_engine()
    site.start()
    submitting.join()
    load.check()


@pytest.mark.parametrize(
    "fault", ["submit.written", "submit.done", "record.before", "record.committed", "cancel.committed"]
)
def test_the_engine_dies_with_a_drm_of_another_kind_at(toy_site: Site, fault: str) -> None:
    """Its jobs may have ended, and rung, before anybody knows their ids."""
    load = Load(toy_site)
    engine = toy_site.start(fault)
    toy_site.connect()
    submitting = InBackground(load.submit, [kind for kind in KINDS if kind != "walltime"])
    assert engine.wait() == -signal.SIGKILL, f"{fault} was not passed"
    toy_site.forget_engine()
    toy_site.start()
    submitting.join()
    load.check()


@pytest.mark.parametrize(("fault", "before"), ENGINE)
def test_the_engine_dies_with_slurm_at(slurm_site: SlurmSite, fault: str, before: str) -> None:
    """Each job is submitted by a command of its own: some are in the queue when the engine dies, some are not."""
    _dies_at(slurm_site, fault, before)


def _dies_at(site: Site, fault: str, before: str) -> None:
    load = Load(site)
    engine = site.start(before or fault)
    site.connect()
    submitting = InBackground(load.submit, [kind for kind in KINDS if kind != "walltime"])
    if before:
        assert engine.wait() == -signal.SIGKILL
        site.forget_engine()
        engine = site.launch(fault)
    assert engine.wait() == -signal.SIGKILL, f"{fault} was not passed"
    site.forget_engine()
    site.start()
    submitting.join()
    load.check(2 * LONG)  # a job that ended while nobody listened may be unknown, and its record is waited for


@pytest.mark.parametrize(("fault", "before"), ENGINE)
def test_the_engine_dies_with_drmaa_at(drmaa_site: DrmaaSite, fault: str, before: str) -> None:
    """The library's process dies with it. What the library had taken may have started, and ended, by then."""
    _dies_at(drmaa_site, fault, before)


@pytest.mark.parametrize("fault", SUPERVISOR)
def test_the_supervisor_dies_at(site: Site, fault: str) -> None:
    load = Load(site)
    site.root.mkdir(mode=0o700)
    ready, theirs = os.pipe()
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "abell.supervisor", "--root", str(site.root), "--ready-fd", str(theirs)],
        env={**os.environ, "PYTHONPATH": str(SRC), "ABELL_FAULT": fault},
        pass_fds=(theirs,),
        start_new_session=True,
    )
    os.close(theirs)
    with os.fdopen(ready) as file:
        assert file.read() == "ready"
    site.start()
    site.connect()
    load.submit(list(KINDS))
    assert supervisor.wait(LONG) == -signal.SIGKILL, f"{fault} was not passed"
    load.check()


def test_both_die(site: Site) -> None:
    """The engine after it has handed jobs over, and the supervisor with them; then both come back."""
    load = Load(site)
    engine = site.start("submit.done")
    site.connect()
    submitting = InBackground(load.submit, list(KINDS))
    assert engine.wait() == -signal.SIGKILL
    site.forget_engine()
    pid = site.supervisor()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    site.start()
    submitting.join()
    load.check()
