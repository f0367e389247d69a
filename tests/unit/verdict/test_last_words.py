"""What a DRM wrote into a job's stderr: which line counts, and that no file can do harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from abell.engine.last_words import MOST_BYTES, LastWord, last_word, read_last_word
from abell.job import Cause

PATTERNS = {
    r"DUE TO TIME LIMIT": Cause.WALLTIME,
    r"[Ee]xceeded.* memory limit": Cause.MEMORY,
    r"DUE TO NODE FAILURE": Cause.NODE,
    r"CANCELLED AT \S+ \*\*\*": Cause.CANCELLED,
}
TIME = "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***"
MEMORY = "slurmstepd: error: StepId=4.batch exceeded memory limit (109690880 > 104857600), being killed"
CANCELLED = "slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***"
NODE = "slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO NODE FAILURE ***"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("Loading modules\n", None),
        (f"noise\n{TIME}\n", LastWord(Cause.WALLTIME, TIME)),
        (TIME, LastWord(Cause.WALLTIME, TIME)),
        (f"{MEMORY}\n{CANCELLED}\n", LastWord(Cause.MEMORY, MEMORY)),
        (f"{CANCELLED}\n{MEMORY}\nmore\n", LastWord(Cause.MEMORY, MEMORY)),
        (f"{CANCELLED}\n", LastWord(Cause.CANCELLED, CANCELLED)),
        (f"{MEMORY}\n{TIME}\n", LastWord(Cause.WALLTIME, TIME)),
        (f"{NODE}\nabell: run 2 of job 17\n", None),
        (f"{NODE}\nabell: run 2 of job 17\n{TIME}\n", LastWord(Cause.WALLTIME, TIME)),
    ],
)
def test_the_line_that_tells_most(text: str, found: LastWord | None) -> None:
    assert last_word(text, PATTERNS) == found


def test_only_the_end_of_a_large_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "job.err"
    file.write_text(f"{NODE}\n" + "x" * MOST_BYTES + f"\n{TIME}\n")
    assert read_last_word(str(file), PATTERNS) == LastWord(Cause.WALLTIME, TIME)
    file.write_text(f"{NODE}\n" + "x" * MOST_BYTES)
    assert read_last_word(str(file), PATTERNS) is None


def test_garbage_around_a_line_does_not_hide_it(tmp_path: Path) -> None:
    file = tmp_path / "job.err"
    file.write_bytes(bytes(range(256)) * 8 + b"\n" + TIME.encode() + b"\n\xff\xfe\0\n")
    assert read_last_word(str(file), PATTERNS) == LastWord(Cause.WALLTIME, TIME)


@pytest.mark.parametrize("kind", ["absent", "link", "directory", "fifo", "dangling"])
def test_what_is_no_plain_file_tells_nothing(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "job.err"
    match kind:
        case "link":
            (tmp_path / "real").write_text(TIME)
            file.symlink_to("real")
        case "directory":
            file.mkdir()
        case "fifo":
            os.mkfifo(file)
        case "dangling":
            file.symlink_to("nowhere")
    assert read_last_word(str(file), PATTERNS) is None


def test_a_strangers_file_tells_nothing(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to give a file away")
    file = tmp_path / "job.err"
    file.write_text(TIME)
    os.chown(file, 4242, -1)
    assert read_last_word(str(file), PATTERNS) is None
    assert read_last_word(str(file), PATTERNS, 4242) == LastWord(Cause.WALLTIME, TIME)
