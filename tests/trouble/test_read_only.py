"""A root that cannot be written: one clear message with a remedy, exit code 125, quickly, and no traceback."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.trouble.conftest import AS_NOBODY, Disk, Site, mount, needs_root

VERBS = (("run", "--", "true"), ("submit", "--", "true"), ("serve",), ("ps",))


def fails_clearly(site: Site, said: str) -> None:
    for verb in VERBS:
        began = time.monotonic()
        failed = site(*verb)
        assert failed.returncode == 125, (verb, failed.stderr)
        assert said in failed.stderr and str(site.root) in failed.stderr, (verb, failed.stderr)
        assert "--root" in failed.stderr, "a remedy"
        assert "Traceback" not in failed.stderr and not failed.stdout
        assert time.monotonic() - began < 5
    told = site("doctor")
    assert told.returncode == 125
    places = (site.root, site.root.parent)
    findings = [f"{place} {wrong}\n" for place in places for wrong in ("cannot be written", "is not a directory")]
    assert any(finding in told.stdout for finding in findings), told.stdout
    assert "--root DIR" in told.stdout, "a remedy"


@needs_root
@pytest.mark.parametrize("used_before", [False, True])
def test_a_file_system_that_is_read_only(tmp_path: Path, disk: Callable[[str, str], Disk], used_before: bool) -> None:
    small = disk("disk", "3m")
    site = Site(small.point / "root", tmp_path / "work")
    if used_before:
        assert site("run", "--", "true").returncode == 0
        site.end()
    mount("-o", "remount,ro", str(small.point))
    fails_clearly(site, "Read-only file system")


@needs_root
def test_a_bind_mount_that_is_read_only(tmp_path: Path, site: Site) -> None:
    site.root.mkdir()
    mount("--bind", str(site.root), str(site.root))
    try:
        mount("-o", "remount,bind,ro", str(site.root))
        fails_clearly(site, "Read-only file system")
    finally:
        subprocess.run(["umount", "-l", str(site.root)], check=True)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Site]:
    """A site whose processes are another user's: root tests as nobody, anybody else on what is not writable."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    site = Site(tmp_path / "root", tmp_path / "work", AS_NOBODY if os.geteuid() == 0 else ())
    site.work.chmod(0o777)
    site.environ["HOME"] = str(site.work)
    yield site
    if site.root.is_dir():
        site.root.chmod(0o755)
        site.end()


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_directory_that_is_not_ours_to_write(stranger: Site, mode: int) -> None:
    stranger.root.mkdir()
    stranger.root.chmod(mode)
    fails_clearly(stranger, "Permission denied")


def test_a_parent_that_is_not_ours_to_write(stranger: Site, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    stranger.root = closed / "root"
    stranger.environ["ABELL_ROOT"] = str(stranger.root)
    fails_clearly(stranger, "Permission denied")


def test_a_root_that_is_a_file(site: Site) -> None:
    site.root.write_text("")
    fails_clearly(site, "Not a directory")


def test_a_job_directory_that_cannot_be_made(tmp_path: Path, site: Site) -> None:
    """The configuration names a place below a file: the engine says which."""
    (tmp_path / "file").write_text("")
    config = tmp_path / "galaxy.yml"
    config.write_text(f"galaxy:\n  job_working_directory: {tmp_path}/file/jobs\n")
    for verb in (("run", "--config", str(config), "--", "true"), ("serve", "--config", str(config))):
        failed = site(*verb)
        assert failed.returncode == 125
        assert f"{tmp_path}/file" in failed.stderr and "Not a directory" in failed.stderr
        assert "Traceback" not in failed.stderr


@needs_root
def test_a_file_of_the_root_belongs_to_somebody_else(stranger: Site) -> None:
    stranger.root.mkdir()
    stranger.root.chmod(0o777)
    (stranger.root / "abell.sqlite").touch(mode=0o600)
    failed = stranger("run", "--", "true")
    assert failed.returncode == 125
    assert "abell.sqlite" in failed.stderr and "writable" in failed.stderr
    assert "Traceback" not in failed.stderr
