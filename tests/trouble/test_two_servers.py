"""One engine a root, whatever was left behind by an earlier one, and one that was superseded does nothing more."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from abell import address
from tests.trouble.conftest import Site, lines, until


def test_a_second_server_names_the_first_and_leaves_it_alone(site: Site) -> None:
    first = site.serve()
    second = site("serve")
    assert second.returncode == 125
    assert f"process {first.pid}" in second.stderr and os.uname().nodename in second.stderr
    assert "abell stop" in second.stderr
    assert site("run", "--", "true").returncode == 0
    assert first.poll() is None


def test_a_second_server_while_the_first_hangs(site: Site) -> None:
    """Not even `abell stop` would reach it: the lock tells, and the message says whom to look for."""
    first = site.serve()
    address_file = site.root / "engine.json"
    said = address_file.read_text()
    os.kill(first.pid, signal.SIGSTOP)
    try:
        address_file.write_text(json.dumps({**json.loads(said), "socket": "/nowhere"}))
        second = site("serve")
        assert second.returncode == 125
        assert f"process {first.pid} on {os.uname().nodename}" in second.stderr
    finally:
        address_file.write_text(said)
        os.kill(first.pid, signal.SIGCONT)
    assert site("run", "--", "true").returncode == 0


@pytest.mark.parametrize("left", ["dead process", "another host", "damaged", "empty", "no socket"])
def test_what_a_dead_engine_left_is_in_nobodys_way(site: Site, left: str) -> None:
    site.serve()
    assert site("run", "--", f"echo first >> {site.work}/ran").returncode == 0
    was = address.read(site.root, "engine")
    assert was is not None
    site.end()  # by SIGKILL: its address and its socket stay
    said = site.root / "engine.json"
    if left == "another host":
        said.write_text(json.dumps(asdict(replace(was, host="elsewhere", boot_id="0-0"))))
    elif left == "damaged":
        said.write_bytes(b'{"pid": \xff')
    elif left == "empty":
        said.write_bytes(b"")
    elif left == "no socket":
        Path(was.socket).unlink()
    done = site("run", "--", f"echo second >> {site.work}/ran")
    assert done.returncode == 0, done.stderr
    assert lines(site.work / "ran") == ["first", "second"]


def test_an_engine_whose_root_was_taken_over_stops_without_acting(site: Site) -> None:
    """As after a takeover that its lock did not prevent: a new epoch is in the database."""
    first = site.serve()
    mine = (site.root / "engine.json").read_text()
    with sqlite3.connect(site.root / "abell.sqlite") as database:
        database.execute("UPDATE abell_meta SET value = value + 1 WHERE name = 'epoch'")
    theirs = json.dumps({**json.loads(mine), "host": "elsewhere", "boot_id": "0-0"})
    (site.root / "engine.json").write_text(theirs)
    asked = site.begin("submit", "--", f"echo once >> {site.work}/ran")
    assert first.wait(20) == 125
    assert (site.root / "engine.json").read_text() == theirs, "what is its successor's stays"
    site.serve()
    out, err = asked.communicate(timeout=60)
    assert asked.returncode == 0, err
    text = site.log.read_text()
    assert "another engine has taken over" in text and "Traceback" not in text
    until(lambda: site.ended(int(out)))
    assert lines(site.work / "ran") == ["once"], "one engine accepted it, and one ran it"


def test_a_superseded_engine_neither_submits_nor_settles_doubt(site: Site) -> None:
    """It is taken over between writing a job's files and submitting it; its successor runs the job."""
    site.environ["ABELL_FAULT"] = "submit.written"  # killed there: what it had claimed is in doubt
    first = site.serve()
    site.submit("--", f"echo once >> {site.work}/ran")
    assert first.wait(20) == -signal.SIGKILL
    del site.environ["ABELL_FAULT"]
    site.serve()
    until(lambda: site.ended(1))
    assert site.job(1)["cause"] == "ok"
    assert lines(site.work / "ran") == ["once"]
