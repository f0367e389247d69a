"""How a job ends, and what is said of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from abell.supervisor import cgroup

from .harness import Supervised, soon


@pytest.fixture
def up(supervised: Supervised) -> Supervised:
    return supervised.up()


def test_success(up: Supervised) -> None:
    client = up.client()
    (native_id,) = client.start(up.job("a1", "echo out; echo err >&2"))
    end = client.ended("a1")
    assert (end["word"], end["exit"], end["id"]) == ("done", 0, native_id)
    assert 0 <= end["elapsed_s"] < 20 and 0 <= end["cpu_s"] < 5
    assert (up.root / "a1.o").read_text() == "out\n" and (up.root / "a1.e").read_text() == "err\n"
    assert client.status(native_id) == end
    assert [e["word"] for e in client.events] == ["running", "done"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("exit 3", {"word": "failed", "exit": 3}),
        ("kill -KILL $$", {"word": "killed", "signal": 9}),
        ("kill -SEGV $$", {"word": "killed", "signal": 11}),
        ("exit 137", {"word": "failed", "exit": 137}),
    ],
)
def test_failures_are_told_apart(up: Supervised, command: str, expected: dict[str, object]) -> None:
    client = up.client()
    client.start(up.job("a1", command))
    end = client.ended("a1")
    assert expected.items() <= end.items()
    assert ("exit" in end) != ("signal" in end)


def test_processor_time_and_peak_memory(up: Supervised) -> None:
    client = up.client()
    work = "x = bytearray(100 << 20)\nimport time\nwhile time.process_time() < 0.3: pass"
    client.start(up.job("a1", "", argv=["/usr/bin/env", "python3", "-c", work], env=dict(os.environ)))
    end = client.ended("a1")
    assert end["word"] == "done"
    assert 0.3 <= end["cpu_s"] < 10 and 100 << 20 <= end["memory_bytes"] < 200 << 20


def test_a_small_jobs_peak_is_not_the_supervisors_own(up: Supervised) -> None:
    client = up.client()
    client.start(up.job("a1", "exit 0"))
    assert client.ended("a1").get("memory_bytes", 0) < 5 << 20


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_walltime(up: Supervised, trap: str) -> None:
    client = up.client()
    began = time.monotonic()
    client.start(up.job("a1", f"{trap}sleep 60 & while :; do wait; done", walltime_s=1, kill_grace_s=0.5))
    end = client.ended("a1")
    assert end["word"] == "walltime" and end["reason"] == "1 s"
    assert end["elapsed_s"] >= 0.9 and time.monotonic() - began < 20
    assert end["signal"] == (9 if trap else 15)
    assert not up.processes("a1")


def test_a_job_within_its_walltime_is_left_alone(up: Supervised) -> None:
    client = up.client()
    client.start(up.job("a1", "exit 0", walltime_s=1))
    client.ended("a1")
    client.start(up.job("a2", "sleep 1.5"))
    assert client.ended("a2")["word"] == "done"


def test_memory_without_a_control_group(supervised: Supervised) -> None:
    client = supervised.up("--no-cgroups").client()
    client.start(supervised.job("a1", "", argv=_eater(), memory_mb=100))
    end = client.ended("a1")
    assert end["word"] == "memory" and "of 100" in end["reason"] and end["signal"] == 9


def test_memory_of_many_processes_counts_together(supervised: Supervised) -> None:
    client = supervised.up("--no-cgroups").client()
    hold = "python3 -c 'x = bytearray(40 << 20); import time; time.sleep(60)' & "
    client.start(supervised.job("a1", f"{hold * 3} wait", memory_mb=100, env=dict(os.environ)))
    assert client.ended("a1")["word"] == "memory"
    assert not supervised.processes("a1")


def test_memory_within_the_limit(supervised: Supervised) -> None:
    client = supervised.up("--no-cgroups").client()
    client.start(supervised.job("a1", "sleep 1.2", memory_mb=100))
    assert client.ended("a1")["word"] == "done"


@pytest.mark.skipif(cgroup.find() is None, reason="this process may make no control group for memory")
def test_memory_with_a_control_group(up: Supervised) -> None:
    client = up.client()
    client.start(up.job("a1", "", argv=_eater(), memory_mb=100), up.job("a2", "exit 4", memory_mb=100))
    end = client.ended("a1")
    assert end["word"] == "memory" and end["reason"] == "100 MiB"
    assert 90 << 20 <= end["memory_bytes"] <= 100 << 20
    assert {"word": "failed", "exit": 4}.items() <= client.ended("a2").items()
    parent = cgroup.find()
    assert parent is not None
    found = up.root.stat()
    soon(lambda: not list(parent.groups(f"abell-{found.st_dev:x}-{found.st_ino:x}-")))


def test_cancel_a_running_job(up: Supervised) -> None:
    client = up.client()
    (native_id,) = client.start(up.job("a1", "sleep 60"))
    client.running("a1")
    client.ask("cancel", ids=[native_id], by="ada")
    end = client.ended("a1")
    assert end["word"] == "cancelled" and end["reason"] == "by ada" and end["signal"] == 15
    client.ask("cancel", ids=[native_id], by="bob")
    assert client.status(native_id)["reason"] == "by ada"


def test_cancel_a_waiting_job(up: Supervised) -> None:
    client = up.client()
    first, second = client.start(up.job("a1", "sleep 60", workers=1), up.job("a2", "touch ran", workers=1))
    client.ask("cancel", ids=[second], by="ada")
    assert client.ended("a2")["word"] == "cancelled"
    client.ask("cancel", ids=[first], by="ada")
    client.ended("a1")
    client.start(up.job("a3", "exit 0", workers=1))
    client.ended("a3")
    assert not (up.root / "ran").exists()


def test_what_cannot_be_started_says_why(up: Supervised) -> None:
    client = up.client()
    pipe = up.root / "pipe"
    os.mkfifo(pipe)
    link = up.root / "link"
    link.symlink_to("/tmp/abell-test-must-not-exist")
    client.start(
        up.job("a1", "", argv=["/no/such/program"]),
        up.job("a2", "", cwd="/no/such/directory"),
        up.job("a3", "", stdout=str(pipe)),
        up.job("a4", "", stderr=str(link)),
    )
    for key, clue in (("a1", "/no/such/program"), ("a2", "/no/such/directory"), ("a3", "pipe"), ("a4", "link")):
        end = client.ended(key)
        assert end["word"] == "rejected" and clue in end["reason"]
    assert not Path("/tmp/abell-test-must-not-exist").exists()


def test_nothing_is_inherited(up: Supervised) -> None:
    client = up.client()
    report = "env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=' | sort; ls /proc/$$/fd; cat; grep Sig.gn /proc/$$/status"
    (native_id,) = client.start(up.job("a1", report, env={"PATH": "/usr/bin:/bin", "ODD": "a\nb '\"$"}))
    assert client.ended("a1")["word"] == "done"
    lines = (up.root / "a1.o").read_text().splitlines()
    assert lines[:-1] == [f"ABELL_NATIVE_ID={native_id}", "ODD=a", "PATH=/usr/bin:/bin", "b '\"$", "0", "1", "2"]
    ignored = int(lines[-1].split()[1], 16)
    assert not ignored & ~(0b11 << 31)  # 32 and 33 are the C library's own: its posix_spawn ignores them


def _eater() -> list[str]:
    return ["/usr/bin/python3", "-c", "x = bytearray(300 << 20); import time; time.sleep(60)"]
