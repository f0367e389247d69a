"""The journal of endings, as files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abell.library.frames import LONGEST, Frames, NonsenseError, pack
from abell.library.journal import Journal


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[int, int]]:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    first, second = (os.open(tmp_path / name, flags, 0o600) for name in ("a", "b"))
    yield first, second
    os.close(first)
    os.close(second)


def test_it_is_read_again(files: tuple[int, int]) -> None:
    journal = Journal(files)
    journal.note("1", {"state": "DONE"})
    journal.note("2", {"state": "FAILED"})
    journal.forget(["1", "9"])
    journal.sync()
    for _ in range(3):
        assert Journal(files).endings == {"2": {"state": "FAILED"}}


def test_its_size_is_bounded(files: tuple[int, int]) -> None:
    journal = Journal(files, compact_after=2000)
    for number in range(1000):
        journal.note(str(number), {"state": "DONE"})
        journal.forget([str(number - 3)])
    assert sum(os.fstat(each).st_size for each in files) < 5000
    assert list(Journal(files).endings) == ["997", "998", "999"]


def test_torn_anywhere_it_loses_only_what_was_torn(files: tuple[int, int]) -> None:
    journal = Journal(files, compact_after=10_000_000)
    for number in range(5):
        journal.note(str(number), {"state": "DONE"})
    whole = max(files, key=lambda each: os.fstat(each).st_size)
    size = os.fstat(whole).st_size
    text = os.pread(whole, size, 0)
    for cut in range(text.index(b"\n") + 1, size):
        os.ftruncate(whole, cut)
        lines = text[:cut].count(b"\n") - 1
        other = sum(files) - whole
        before = os.pread(other, 1 << 20, 0)
        assert list(Journal(files).endings) == [str(number) for number in range(lines)]
        os.ftruncate(other, 0)
        os.write(other, before)
        os.ftruncate(whole, 0)
        os.write(whole, text)


def test_a_copy_that_was_not_finished_does_not_count(files: tuple[int, int]) -> None:
    journal = Journal(files)
    journal.note("1", {"state": "DONE"})
    other = min(files, key=lambda each: os.fstat(each).st_size)
    os.ftruncate(other, 0)
    os.write(other, json.dumps({"generation": 99, "endings": 1}).encode() + b'\n{"id": "1", "end')
    assert Journal(files).endings == {"1": {"state": "DONE"}}


def test_a_full_disk_is_said_and_endings_stay_known(files: tuple[int, int]) -> None:
    full = os.open("/dev/full", os.O_RDWR)
    journal = Journal(files)
    os.dup2(full, files[0])
    os.dup2(full, files[1])
    os.close(full)
    journal.note("1", {"state": "DONE"})
    assert journal.trouble == "the journal of endings: No space left on device"
    assert journal.endings == {"1": {"state": "DONE"}}


messages = st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=4)


@settings(deadline=None)
@given(st.lists(messages, max_size=5), st.integers(1, 40))
def test_frames_arrive_however_they_are_cut(sent: list[dict[str, Any]], size: int) -> None:
    data = b"".join(pack(message) for message in sent)
    frames, received = Frames(), []
    for start in range(0, len(data), size):
        received += frames.feed(data[start : start + size])
    assert received == sent


@pytest.mark.parametrize("data", [b"\xff" * 8, b"\0\0\0\2[]", b"\0\0\0\1x", b"\0\0\0\0", b"\0\0\0\4\xff\xff\xff\xff"])
def test_nonsense_is_noticed(data: bytes) -> None:
    with pytest.raises(NonsenseError):
        list(Frames().feed(data))


def test_a_message_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(ValueError, match="at most"):
        pack({"text": "x" * LONGEST})
