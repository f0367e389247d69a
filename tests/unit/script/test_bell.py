"""Bells that others than a job script could have put into the spool."""

from __future__ import annotations

import os
import stat

import pytest

from abell.script import bell


def test_only_tokens_are_heard(tmp_path):
    bell.prepare(tmp_path)
    token = bell.new_token()
    for name in (token, ".hidden", "short", "UPPER" * 5, "a" * 65, "new\nline" * 3):
        (tmp_path / "new" / name).touch()
    assert bell.listen(tmp_path) == {token}


def test_a_bell_being_cast_is_not_heard(tmp_path):
    bell.prepare(tmp_path)
    (tmp_path / "tmp" / bell.new_token()).touch()
    assert bell.listen(tmp_path) == set()


def test_modes(tmp_path):
    bell.prepare(tmp_path / "own")
    bell.prepare(tmp_path / "shared", shared=True)
    bell.prepare(tmp_path / "shared", shared=True)
    assert stat.S_IMODE((tmp_path / "own" / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "shared" / "new").stat().st_mode) == 0o1733


def test_listening_leaves_nothing_and_changes_the_directory(tmp_path):
    bell.prepare(tmp_path)
    os.utime(tmp_path / "new", (1, 1))
    bell.listen(tmp_path)
    assert (tmp_path / "new").stat().st_mtime > 1, "the probe makes a network client read the directory again"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_probe_that_a_killed_engine_has_left_goes_when_the_next_one_starts(tmp_path):
    bell.prepare(tmp_path)
    token = bell.new_token()
    for name in (".probe-0123456789abcdef", token):
        (tmp_path / "new" / name).touch()
    bell.prepare(tmp_path)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [token]


def test_a_spool_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        bell.listen(tmp_path / "nowhere")
