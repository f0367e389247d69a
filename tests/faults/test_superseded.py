"""An engine is frozen, its root is taken over by another, and it comes back: it must not act any more."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from abell import address
from abell.script import lock
from tests.contract.site import EngineProcess, Site, State
from tests.faults.load import InBackground, Load

FAILED = 125


def take_over(site: Site) -> None:
    """What a new engine does first; its own lock of the root is not what is tested here."""
    with site.database() as db:
        db.execute("UPDATE abell_meta SET value = value + 1 WHERE name = 'epoch'")


def wait_until_frozen(engine: EngineProcess) -> None:
    os.waitid(os.P_PID, engine.pid, os.WSTOPPED)


def rows(site: Site) -> list[tuple[object, ...]]:
    with site.database() as db:
        return [
            tuple(row)
            for table in ("abell_job", "abell_attempt", "abell_event", "abell_token")
            for row in db.execute(f"SELECT * FROM {table}")
        ]


def goes_without_acting(site: Site, engine: EngineProcess) -> None:
    before = rows(site)
    os.kill(engine.pid, signal.SIGCONT)
    assert engine.wait() == FAILED
    assert "taken over" in "".join(engine.log)
    site.forget_engine()
    assert rows(site) == before


def test_it_records_no_ending(site: Site) -> None:
    engine = site.start()
    site.connect()
    gate = site.gate("gate")
    load = Load(site)
    job = site.submit(site.counted("it", gate.wait))
    site.until(job, State.RUNNING)
    os.kill(engine.pid, signal.SIGSTOP)
    wait_until_frozen(engine)
    take_over(site)
    gate.open()
    goes_without_acting(site, engine)
    site.start()
    job.wait(60)
    load.jobs, load.kinds = {"it": job}, {"it": "ok"}
    load.check()


def test_it_accepts_nothing(site: Site) -> None:
    engine = site.start()
    site.connect()
    os.kill(engine.pid, signal.SIGSTOP)
    wait_until_frozen(engine)
    load = Load(site)
    submitting = InBackground(load.submit, ["ok", "exit"])
    take_over(site)
    goes_without_acting(site, engine)
    site.start()
    submitting.join()
    load.check()


@pytest.mark.parametrize("where", ["claim.committed", "submit.written"])
def test_it_submits_nothing(site: Site, where: str) -> None:
    engine = site.start(f"{where}:1:STOP")
    site.connect()
    load = Load(site)
    submitting = InBackground(load.submit, ["ok", "exit"])
    wait_until_frozen(engine)
    take_over(site)
    goes_without_acting(site, engine)
    site.start()
    submitting.join()
    load.check()


def test_it_revokes_nothing(site: Site) -> None:
    engine = site.start("submit.written")
    site.connect()
    load = Load(site)
    submitting = InBackground(load.submit, ["ok"])
    engine.wait()
    site.forget_engine()
    engine = site.launch("resolve.found:1:STOP")
    wait_until_frozen(engine)
    take_over(site)
    goes_without_acting(site, engine)
    assert lock.owner(str(site.root / "jobs/000/1/1/control")) is None
    site.start()
    submitting.join()
    load.check()


def test_it_leaves_the_address_of_its_successor_alone(site: Site) -> None:
    engine = site.start()
    site.connect()
    os.kill(engine.pid, signal.SIGSTOP)
    wait_until_frozen(engine)
    take_over(site)
    mine = address.read(site.root, "engine")
    assert mine is not None
    theirs = address.publish(site.root, "engine", mine.socket)  # as a successor on this machine would
    os.kill(engine.pid, signal.SIGCONT)
    with socket.socket(socket.AF_UNIX) as knock:
        knock.connect(mine.socket)
        knock.sendall(b'{"id": 1, "op": "submit", "jobs": [{"command": "true"}], "token": ""}\n')
        assert engine.wait() == FAILED
    assert address.read(site.root, "engine") == theirs
    assert Path(mine.socket).exists()
    address.withdraw(site.root, "engine", theirs)
    site.forget_engine()
