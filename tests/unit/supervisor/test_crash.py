"""The supervisor is killed at any instant, and another takes over: no job runs twice, none is forgotten."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from abell import machine
from abell.supervisor.journal import Journal

from .harness import LONG, Client, Supervised, soon

# As every job script does: whoever cannot take the run lock runs nothing.
ONCE = "mkdir lock-{key} || exit 75; echo {key} >> ran; {work}"


def once(supervised: Supervised, key: str, work: str = "exit 0", **more: object) -> dict[str, object]:
    return supervised.job(key, ONCE.format(key=key, work=work), **more)


def wait_until_over(client: Client, native_id: str) -> dict[str, object]:
    """By asking: the event may have been sent while nobody was connected."""
    soon(lambda: client.status(native_id)["word"] not in ("queued", "running", "stopping"))
    return client.status(native_id)


def ran(supervised: Supervised) -> list[str]:
    return sorted((supervised.root / "ran").read_text().split())


def test_running_jobs_are_adopted_and_waiting_ones_wait_on(supervised: Supervised) -> None:
    client = supervised.up().client()
    ids = client.start(
        *(once(supervised, f"a{n}", "while ! [ -e go ]; do sleep 0.05; done", workers=2) for n in range(4))
    )
    client.running("a0"), client.running("a1")
    supervised.kill()
    client = supervised.up().client()
    assert [client.status(i)["word"] for i in ids] == ["running", "running", "queued", "queued"]
    soon(lambda: len(ran(supervised)) == 2)
    (supervised.root / "go").touch()
    assert [wait_until_over(client, i)["word"] for i in ids] == ["gone", "gone", "done", "done"]
    assert ran(supervised) == ["a0", "a1", "a2", "a3"]
    assert client.start(once(supervised, "a0")) == ids[:1]


def test_what_ended_meanwhile_is_gone_and_its_daemons_are_ended(supervised: Supervised) -> None:
    client = supervised.up().client()
    (native_id,) = client.start(once(supervised, "a0", "setsid sleep 60 & while ! [ -e go ]; do sleep 0.05; done"))
    client.running("a0")
    soon((supervised.root / "ran").exists)
    supervised.kill()
    main = min(supervised.processes("a0"))
    (supervised.root / "go").touch()
    soon(lambda: (found := machine.look(main)) is None or found.dead)
    assert supervised.processes("a0")
    client = supervised.up().client()
    end = wait_until_over(client, native_id)
    assert end["word"] == "gone" and "exit" not in end and "elapsed_s" not in end
    assert not supervised.processes("a0")


def test_limits_and_cancellation_hold_for_adopted_jobs(supervised: Supervised) -> None:
    client = supervised.up().client()
    slow, other = client.start(
        supervised.job("a0", "sleep 60 & wait", walltime_s=2), supervised.job("a1", "setsid sleep 60 & sleep 60")
    )
    client.running("a1")
    supervised.kill()
    client = supervised.up().client()
    client.ask("cancel", ids=[other], by="ada")
    end = client.ended("a1")
    assert (end["word"], end["reason"]) == ("cancelled", "by ada")
    end = client.ended("a0")
    assert end["word"] == "walltime" and 1.9 <= end["elapsed_s"] < 20
    assert slow == end["id"] and not supervised.processes("a0") and not supervised.processes("a1")


def test_a_cancellation_is_carried_to_its_end(supervised: Supervised) -> None:
    client = supervised.up().client()
    (native_id,) = client.start(
        supervised.job("a0", "trap '' TERM; touch deaf; while :; do sleep 0.1; done", kill_grace_s=0.5)
    )
    soon((supervised.root / "deaf").exists)
    client.ask("cancel", ids=[native_id], by="ada")
    supervised.kill()
    client = supervised.up().client()
    end = client.ended("a0")
    assert (end["word"], end["reason"]) == ("cancelled", "by ada")


def test_endings_are_kept_until_they_are_forgotten(supervised: Supervised) -> None:
    client = supervised.up().client()
    first, second = client.start(supervised.job("a0", "exit 3"), supervised.job("a1", "kill -9 $$"))
    ends = [client.ended("a0"), client.ended("a1")]
    for _ in range(2):
        supervised.kill()
        client = supervised.up().client()
        assert [client.status(first), client.status(second)] == ends
    client.ask("forget", ids=[first])
    supervised.kill()
    client = supervised.up().client()
    assert client.status(first)["word"] == "unknown"
    assert client.status(second) == ends[1]


@pytest.mark.parametrize("passage", [1, 3])
@pytest.mark.parametrize("point", ["journaled", "spawned", "reaped", "reported"])
def test_killed_at_each_point(supervised: Supervised, point: str, passage: int) -> None:
    client = supervised.up(fault=f"supervisor.{point}:{passage}").client()
    jobs = [once(supervised, f"a{n}", workers=2) for n in range(6)]
    ids: list[str] = []
    try:
        for job in jobs:
            ids += client.start(job)
        for job in jobs:
            client.ended(str(job["key"]))
    except ConnectionError:
        pass
    assert supervised.process is not None
    assert supervised.process.wait(LONG) == -9
    client = supervised.up().client()
    ids = client.start(*jobs)  # as after a reply that never came
    ends = [wait_until_over(client, i) for i in ids]
    assert ran(supervised) == [f"a{n}" for n in range(6)]
    assert all(end["word"] in ("done", "gone") or end.get("exit") == 75 for end in ends)


def test_killed_at_random(supervised: Supervised) -> None:
    random.seed(7)
    jobs = [once(supervised, f"a{n}", "sleep 0.02", workers=3) for n in range(60)]
    client = supervised.up().client()
    client.start(*jobs)
    for _ in range(6):
        time.sleep(random.uniform(0.0, 0.08))
        supervised.kill()
        client = supervised.up().client()
        ids = client.start(*jobs)
    ends = [wait_until_over(client, i) for i in ids]
    assert ran(supervised) == sorted(str(job["key"]) for job in jobs)
    assert len({end["id"] for end in ends}) == 60


def test_another_boot(supervised: Supervised) -> None:
    client = supervised.up().client()
    begun, waiting = client.start(once(supervised, "a0", "sleep 60", workers=1), once(supervised, "a1", workers=1))
    client.running("a0")
    supervised.kill()
    journal = supervised.root / "supervisor.journal"
    journal.write_text(journal.read_text().replace(machine.boot_id()[:8], "00000000"))
    client = supervised.up().client()
    old = [i.replace(machine.boot_id()[:8], "00000000") for i in (begun, waiting)]
    end = client.status(old[0])
    assert (end["word"], end["reason"]) == ("node", "the machine restarted")
    assert wait_until_over(client, old[1])["word"] == "done"  # it had not begun
    assert client.status(f"{machine.host()}:00000000:never")["word"] == "node"
    assert "elsewhere" in client.status("elsewhere:00000000:never")["reason"]
    assert client.status(f"{machine.host()}:{machine.boot_id()[:8]}:never")["word"] == "unknown"


def test_a_reused_process_id_is_not_adopted(supervised: Supervised) -> None:
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        client = supervised.up().client()
        (native_id,) = client.start(once(supervised, "a0"))
        client.ended("a0")
        supervised.kill()
        journal = supervised.root / "supervisor.journal"
        lines = [line for line in journal.read_text().splitlines(True) if '"ended"' not in line]
        started = next(n for n, line in enumerate(lines) if '"started"' in line)
        lines[started] = json.dumps({**json.loads(lines[started]), "pid": bystander.pid}) + "\n"
        journal.write_text("".join(lines))
        client = supervised.up().client()
        assert wait_until_over(client, native_id)["word"] == "gone"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_torn_or_damaged_journal(supervised: Supervised) -> None:
    client = supervised.up().client()
    (native_id,) = client.start(supervised.job("a0", "exit 3"))
    client.ended("a0")
    supervised.kill()
    with (supervised.root / "supervisor.journal").open("ab") as file:
        file.write(b'\xff\x00 garbage\n[1,2]\n{"fact":"queued","key":"x","spec":{}}\n{"fact":"started","key":"y"}\n')
        file.write(b'{"fact":"forgotten"}\n{"fact":"ended","key":"z"}\n{"fact":7}\n')
        file.write(b'{"fact":"forgotten","keys":["a')
    client = supervised.up().client()
    assert client.status(native_id)["exit"] == 3
    client.start(supervised.job("a1", "exit 0"))
    client.ended("a1")
    assert all(isinstance(fact, dict) for fact in Journal(f"{supervised.root}/supervisor.journal").facts())


def test_the_journal_does_not_grow_for_ever(supervised: Supervised) -> None:
    client = supervised.up().client()
    path = supervised.root / "supervisor.journal"
    largest = 0
    for turn in range(12):
        keys = [f"t{turn}-{n}" for n in range(10)]
        ids = client.start(*(supervised.job(k, "exit 0", env={"PATH": "/bin", "BIG": "x" * 20000}) for k in keys))
        for key in keys:
            client.ended(key)
        client.ask("forget", ids=ids)
        largest = max(largest, path.stat().st_size)
    assert 200_000 < largest < 2_000_000 and path.stat().st_size < 1_500_000


def test_a_second_one_is_refused(supervised: Supervised) -> None:
    client = supervised.up().client()
    second = subprocess.run(
        [sys.executable, "-m", "abell.supervisor", "--root", str(supervised.root)],
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert second.returncode == 3 and "another supervisor serves this root" in second.stderr
    client.start(supervised.job("a0", "exit 0"))
    client.ended("a0")


def test_it_leaves_when_idle_and_its_lock_is_free(supervised: Supervised) -> None:
    client = supervised.up("--idle-seconds", "0.3").client()
    client.start(supervised.job("a0", "sleep 1"))
    client.socket.close()
    assert supervised.process is not None
    began = time.monotonic()
    assert supervised.process.wait(LONG) == 0
    assert time.monotonic() - began > 0.9
    assert not (supervised.root / "supervisor.json").exists()
    client = supervised.up("--idle-seconds", "60").client()
    (found,) = client.ask("find", keys=["a0"])["ids"].values()
    assert client.status(found)["word"] == "done"
    client.ask("leave")
    client.socket.close()
    assert supervised.process.wait(LONG) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk(supervised: Supervised, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", small], check=True)
    try:
        supervised.root = small
        client = supervised.up().client()
        (running,) = client.start(supervised.job("a0", f"while ! [ -e {tmp_path}/go ]; do sleep 0.02; done"))
        client.running("a0")
        with pytest.raises(OSError, match="No space"), (small / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        answer = client.ask("start", jobs=[supervised.job("a1", "exit 0", env={"BIG": "x" * 8000})])["jobs"]["a1"]
        assert "No space left" in answer["later"]
        (tmp_path / "go").touch()
        assert client.ended("a0")["word"] == "done"
        (small / "filler").unlink()
        client.start(supervised.job("a1", "exit 0"))
        assert client.ended("a1")["word"] == "done"
        supervised.kill()
        client = supervised.up().client()
        assert client.status(running)["word"] == "done"
    finally:
        supervised.down()
        subprocess.run(["umount", "-l", small], check=True)
