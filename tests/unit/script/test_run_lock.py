"""The run lock: exactly one of any number of contenders gets it, whoever they are."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from abell.script import ending
from abell.script.lock import Owner, Revoked, highest_run, owner, revoke
from abell.script.safe_read import BadRecord

CONTENDERS = 20


def test_of_twenty_starts_exactly_one_runs(workshop):
    job = workshop.make("echo ran >> ../count; exit 3")
    processes = [job.start() for _ in range(CONTENDERS)]
    for process in processes:
        process.communicate(timeout=60)
    codes = sorted(p.returncode for p in processes)
    assert codes == [3] + [75] * (CONTENDERS - 1)
    assert (job.base / "count").read_text() == "ran\n"
    assert job.ending().exit_code == 3


def test_starts_against_servers(workshop):
    """Ten copies of the script and ten servers: either one copy runs and all servers learn which, or nothing runs."""
    seen = set()
    for _ in range(6):
        job = workshop.make("echo ran >> ../count; exit 3", own_id="$THE_ID")
        gate = threading.Barrier(10)

        def contend(gate=gate, job=job):
            gate.wait()
            return revoke(job.plan.control)

        with ThreadPoolExecutor(10) as pool:
            servers = [pool.submit(contend) for _ in range(10)]
            processes = [job.start({"PATH": "/usr/bin:/bin", "THE_ID": f"id{n}"}) for n in range(10)]
            answers = {server.result() for server in servers}
        for process in processes:
            process.communicate(timeout=60)
        codes = sorted(p.returncode for p in processes)
        assert len(answers) == 1
        (answer,) = answers
        if isinstance(answer, Revoked):
            assert codes == [75] * 10
            assert not (job.base / "count").exists()
            assert ending.read(job.plan.control) is None
        else:
            assert codes == [3] + [75] * 9
            winner = next(n for n, p in enumerate(processes) if p.returncode == 3)
            assert answer.native_id == f"id{winner}"
            assert (job.base / "count").read_text() == "ran\n"
        seen.add(type(answer))
    assert seen <= {Owner, Revoked}


def test_requeued_starts_each_get_a_number_of_their_own(workshop):
    job = workshop.make("exit 3", requeue=True)
    for _ in range(3):
        job.run()
    processes = [job.start() for _ in range(5)]
    for process in processes:
        process.communicate(timeout=60)
    # Started at once they are in each other's way when they restore the directories: then they fail, and say so.
    assert all(p.returncode not in (0, None) for p in processes)
    assert highest_run(job.plan.control) == 8
    assert {int(p.name[7:]) for p in job.control.glob("ending.*")} == set(range(1, 9))


def test_servers_among_themselves(tmp_path):
    with ThreadPoolExecutor(CONTENDERS) as pool:
        answers = list(pool.map(lambda _: revoke(str(tmp_path)), range(CONTENDERS)))
    assert set(answers) == {Revoked(1)}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lock.1"], "losers clear up"


def test_nothing_has_started(tmp_path):
    assert owner(str(tmp_path)) is None
    with pytest.raises(FileNotFoundError):
        owner(str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError):
        revoke(str(tmp_path / "nowhere"))


def test_hostile_native_id(workshop):
    job = workshop.make(("true",), own_id="$THE_ID")
    assert job.run({"PATH": "/usr/bin:/bin", "THE_ID": "a b\nrevoked\n\\0 %s"}).returncode == 0
    holder = owner(job.plan.control)
    assert isinstance(holder, Owner) and holder.native_id == "a b"
    assert job.ending().native_id == "a b\nrevoked\n\\0 %s"


@pytest.mark.parametrize("kind", ["empty", "text", "other run", "big", "link", "directory", "fifo", "stranger"])
def test_what_is_no_lock_is_never_an_answer(tmp_path, kind):
    lock = tmp_path / "lock.1"
    valid = b"nonce\n1\nhost\n12\n"
    if kind == "empty":
        lock.touch()
    elif kind == "text":
        lock.write_bytes(os.urandom(300))
    elif kind == "other run":
        lock.write_bytes(valid.replace(b"\n1\n", b"\n2\n"))
    elif kind == "big":
        lock.write_bytes(valid + b"x" * 20000)
    elif kind == "link":
        (tmp_path / "real").write_bytes(valid)
        lock.symlink_to("real")
    elif kind == "directory":
        lock.mkdir()
    elif kind == "fifo":
        os.mkfifo(lock)
    elif kind == "stranger":
        if os.geteuid() != 0:
            pytest.skip("needs root to give a file away")
        lock.write_bytes(valid)
        os.chown(lock, 4242, -1)
        assert isinstance(owner(str(tmp_path), owner_uid=4242), Owner)
    with pytest.raises(BadRecord):
        owner(str(tmp_path))
    with pytest.raises(BadRecord):
        revoke(str(tmp_path))


def test_a_revoked_run_is_not_undone_by_a_full_directory_listing(tmp_path):
    """`revoke` answers from the lock itself: what else is in the directory does not matter."""
    for name in ("owner.1.x", "ending.1", "lock.2x"):
        (tmp_path / name).write_text("x")
    assert revoke(str(tmp_path)) == Revoked(1)
    assert Path(tmp_path, "ending.1").exists()
