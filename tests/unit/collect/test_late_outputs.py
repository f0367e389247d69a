"""Outputs that the node did not see when the command ended: `retry_job_output_collection`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from abell.engine.collect import Late, NotYet, collect
from abell.job import Output, Request
from abell.script.ending import Ending, SeenOutput, read


@pytest.fixture
def record(tmp_path: Path) -> Ending:
    """A real record of a command that made nothing."""
    control = tmp_path / "control"
    control.mkdir()
    (control / "lock.1").write_text("n\n1\nhost\n\n")
    fields = "abell=1 nonce=n run=1 host=h native_id= boot=b stage=ran exit=0 metadata_exit= started=1 ended=2"
    times = "times=0m0.0s 0m0.0s\n0m0.0s 0m0.0s\n\0\n"
    (control / "ending.1").write_text(
        "".join(f"{field}\0\n" for field in fields.split()) + times + "signals=\0\nend=1\0\n"
    )
    ending = read(str(control))
    assert ending is not None and ending.outputs == ()
    return ending


def request(tmp_path: Path, glob: str | None = None) -> Request:
    final = tmp_path / "final"
    return Request("true", outputs=(Output("x", str(final), glob),))


def look(request: Request, record: Ending, tmp_path: Path, late: Late | None, apart: bool = False) -> object:
    return collect(request, record, str(tmp_path), apart, late)


def test_without_retries_the_nodes_word_is_final(tmp_path: Path, record: Ending) -> None:
    (tmp_path / "final").write_text("after all")
    for _ in range(3):
        found = look(request(tmp_path), record, tmp_path, None)
        assert isinstance(found, NotYet)
        assert (found.on_node, found.patience_s(0)) == (False, 0)


def test_a_late_file_counts_once_it_keeps_its_size(tmp_path: Path, record: Ending) -> None:
    late: Late = {}
    final = tmp_path / "final"
    assert isinstance(look(request(tmp_path), record, tmp_path, late), NotYet)
    for text in ("grows", "grows still"):
        final.write_text(text)
        assert isinstance(look(request(tmp_path), record, tmp_path, late), NotYet)
    assert look(request(tmp_path), record, tmp_path, late) == [
        {"name": "x", "path": str(final), "size": 11, "sha256": None}
    ]


def test_a_late_file_is_moved_from_the_jobs_directory(tmp_path: Path, record: Ending) -> None:
    late: Late = {}
    source = tmp_path / "outputs" / "output_x"
    source.parent.mkdir()
    source.write_text("late")
    assert isinstance(look(request(tmp_path), record, tmp_path, late, apart=True), NotYet)
    assert look(request(tmp_path), record, tmp_path, late, apart=True) == [
        {"name": "x", "path": str(tmp_path / "final"), "size": 4, "sha256": None}
    ]
    assert not source.exists()


def test_late_files_of_a_pattern(tmp_path: Path, record: Ending) -> None:
    """As the job's shell takes them: regular files, none hidden, no links."""
    late: Late = {}
    working = tmp_path / "working"
    (working / "folder.log").mkdir(parents=True)
    (working / ".hidden.log").write_text("x")
    (working / "link.log").symlink_to("/etc/passwd")
    asked = request(tmp_path, "*.log")
    assert isinstance(look(asked, record, tmp_path, late), NotYet)
    (working / "folder.log").rmdir()
    for name in ("b.log", "a b.log"):
        (working / name).write_text(name)
    assert isinstance(look(asked, record, tmp_path, late), NotYet)
    found = look(asked, record, tmp_path, late)
    assert isinstance(found, list)
    assert [Path(f["path"]).name for f in found] == ["a b.log", "b.log"]
    assert sorted(p.name for p in (tmp_path / "final").iterdir()) == ["a b.log", "b.log"]


def test_what_the_node_saw_needs_no_second_look(tmp_path: Path, record: Ending) -> None:
    (tmp_path / "final").write_text("1234")
    seen = replace(record, outputs=(SeenOutput("x", str(tmp_path / "final"), 4, "ab"),))
    assert look(request(tmp_path), seen, tmp_path, {}) == [
        {"name": "x", "path": str(tmp_path / "final"), "size": 4, "sha256": "ab"}
    ]
