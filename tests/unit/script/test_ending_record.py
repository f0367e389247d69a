"""The ending record as the server reads it: complete or not there, and never trusted further than it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abell.job import Usage
from abell.script import ending
from abell.script.ending import BadRecord, SeenOutput, parse

FIELDS = {
    "abell": "1",
    "nonce": "n",
    "run": "2",
    "host": "vm",
    "native_id": "7",
    "boot": "b",
    "stage": "ran",
    "exit": "0",
    "metadata_exit": "",
    "started": "10.50",
    "ended": "12.75",
    "times": "0m0.100s 0m0.000s\n1m1,500s 0m0.250s\n",
    "oom_kills_before": "4",
    "oom_kills_after": "6",
    "memory_peak": "1000",
    "signals": " TERM USR1",
    "end": "1",
}


def record(extra: bytes = b"", **changed: str) -> bytes:
    fields = FIELDS | changed
    end = fields.pop("end")
    lines = b"".join(f"{k}={v}\0\n".encode("utf-8", "surrogateescape") for k, v in fields.items())
    return lines + extra + f"end={end}\0\n".encode()


def test_every_field():
    found = parse(record())
    assert found is not None
    assert found.run == 2 and found.exit_code == 0 and found.signals == ("TERM", "USR1") and found.oom_kills == 2
    assert found.usage == Usage(elapsed_s=2.25, cpu_s=61.75, memory_bytes=1000)
    assert found.metadata_exit is None and not found.clean and found.signal is None


def test_unknowns_are_none():
    found = parse(record(started="", times="", oom_kills_before="", memory_peak="max", signals="", exit="139"))
    assert found is not None
    assert found.usage == Usage() and found.oom_kills is None and found.signal == 11


def test_a_clock_that_steps_back_is_no_negative_time():
    found = parse(record(started="99.0"))
    assert found is not None and found.usage.elapsed_s == 0


def test_incomplete_at_every_length_but_the_last():
    whole = record(b"output=A=/x\0\nsizes=3\n\0\n")
    assert all(parse(whole[:n]) is None for n in range(len(whole)))
    assert parse(whole) is not None


@pytest.mark.parametrize(
    "bad",
    [
        record(abell="2"),
        record(exit=""),
        record(exit="256"),
        record(exit="-1"),
        record(exit="٣"),
        record(run="x"),
        record(stage="nearly"),
        record(stage="environment", exit="0"),
        record(signals="KILL"),
        record(b"exit=0\0\n"),
        record(b"no equals\0\n"),
        record(b"a=b\0c\0\n"),
        b"\0\nend=1\0\n",
    ],
)
def test_what_no_script_writes(bad):
    with pytest.raises(BadRecord):
        parse(bad)


def test_outputs_in_order_or_not_at_all():
    sha = "a" * 64
    two = b"output=A=/x=y\0\noutput=B=./b\nb\0\n"
    sums = f"sha256={sha}  /x=y\n\\{'b' * 64}  ./b\\nb\n\0\n".encode()
    found = parse(record(two + b"sizes=3\n4\n\0\n" + sums))
    assert found is not None
    assert found.outputs == (SeenOutput("A", "/x=y", 3, sha), SeenOutput("B", "./b\nb", 4, "b" * 64))
    found = parse(record(two + b"sizes=3\n\0\n"))
    assert found is not None
    assert found.outputs == (SeenOutput("A", "/x=y", None, None), SeenOutput("B", "./b\nb", None, None))


@given(st.binary(max_size=300))
def test_any_bytes(content):
    _parse_or_refuse(content)
    _parse_or_refuse(content + b"\0\nend=1\0\n")


@given(st.dictionaries(st.sampled_from([*FIELDS, "output", "sizes", "sha256", "other"]), st.text(max_size=20)))
@settings(max_examples=80)
def test_any_field(changed):
    changed.pop("end", None)
    _parse_or_refuse(record(**{k: v.encode("utf-8", "replace").decode() for k, v in changed.items()}))


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=200)
def test_a_flipped_byte_raises_nothing_else(at, value):
    content = bytearray(record(b"output=A=/x\0\nsizes=3\n\0\n"))
    content[at % len(content)] = value
    _parse_or_refuse(bytes(content))


def _parse_or_refuse(content: bytes) -> None:
    try:
        found = parse(content)
    except BadRecord:
        return
    assert found is None or (0 <= found.exit_code <= 255 and (found.ran or found.exit_code))


def test_only_the_lock_owners_record_counts(one_workshop):
    job = one_workshop.make("exit 1")
    job.run()
    path = job.control / "ending.1"
    path.write_bytes(path.read_bytes().replace(b"nonce=", b"nonce=x"))
    with pytest.raises(BadRecord, match="owner"):
        job.ending()
    (job.control / "lock.1").unlink()
    assert ending.read(job.plan.control) is None, "without a lock nothing has run"


@pytest.mark.parametrize("kind", ["link", "hard directory", "fifo", "big", "stranger"])
def test_only_a_plain_file_of_the_right_user_counts(one_workshop, kind):
    job = one_workshop.make("exit 0")
    job.run()
    path = job.control / "ending.1"
    content = path.read_bytes()
    if kind == "stranger":
        if os.geteuid() != 0:
            pytest.skip("needs root to give a file away")
        os.chown(path, 4242, -1)
        assert ending.read(job.plan.control, 4242) is not None
    elif kind == "big":
        path.write_bytes(b"x" * (ending.MOST_BYTES + 1) + content)
    else:
        path.unlink()
        if kind == "link":
            (job.base / "real").write_bytes(content)
            path.symlink_to(job.base / "real")
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()
    with pytest.raises(BadRecord):
        job.ending()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB for the control directory."""
    if os.geteuid() != 0:
        pytest.skip("mounts a file system: needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _on(disk: Path, job) -> None:
    """Move the job's control directory there, and leave a link."""
    (disk / "control").mkdir()
    job.control.rmdir()
    job.control.symlink_to(disk / "control")


FILL = "cat /dev/zero > ../../disk/fill 2>/dev/null; "


def test_a_full_disk_costs_the_record_and_not_the_code(workshop, small_disk):
    job = workshop.make(FILL + "exit 5", record_patience_s=1)
    _on(small_disk, job)
    done = job.run()
    assert done.returncode == 5
    assert ending.read(job.plan.control) is None, "half a record is none"


def test_a_disk_that_is_full_for_a_while(workshop, small_disk):
    free = "(sleep 0.8; rm ../../disk/fill) > /dev/null 2>&1 & "
    job = workshop.make(FILL + free + "exit 5", record_patience_s=20)
    _on(small_disk, job)
    assert job.run().returncode == 5
    assert job.ending().exit_code == 5


def test_a_full_disk_before_the_start_runs_nothing(workshop, small_disk, tmp_path):
    job = workshop.make(("touch", str(tmp_path / "ran")))
    _on(small_disk, job)
    with pytest.raises(OSError, match="space"), (small_disk / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    assert job.run().returncode == 75
    assert not (tmp_path / "ran").exists()
