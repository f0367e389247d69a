"""Where sockets are, and whose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from abell import address, machine


def test_the_private_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    made = Path(address.runtime_directory({"XDG_RUNTIME_DIR": "/nonexistent"}))
    assert made == Path(f"/tmp/abell-{os.geteuid()}") and made.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_can_write_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    base = Path(f"/tmp/x{os.getpid()}")
    base.mkdir(0o700)
    try:
        environ = {"XDG_RUNTIME_DIR": str(base)}
        ours = base / "abell"
        assert address.runtime_directory(environ) == str(ours)
        ours.chmod(0o755)
        with pytest.raises(address.AddressError, match="mode 0700"):
            address.runtime_directory(environ)
        ours.rmdir()
        ours.symlink_to("/tmp")
        with pytest.raises(address.AddressError):
            address.runtime_directory(environ)
        ours.unlink()
        base.chmod(0o755)  # not private: not used at all
        assert address.runtime_directory(environ) == f"/tmp/abell-{os.geteuid()}"
    finally:
        base.chmod(0o700)
        for each in base.iterdir():
            each.unlink() if each.is_symlink() else each.rmdir()
        base.rmdir()


def test_one_root_has_one_socket_however_it_is_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    short = tmp_path / "short"
    short.symlink_to(deep)
    path = address.socket_path(deep, "supervisor")
    assert address.socket_path(short, "supervisor") == path and len(path) < 108
    assert address.socket_path(deep, "engine") != path != address.socket_path(tmp_path, "supervisor")


def test_publish_read_withdraw(tmp_path: Path) -> None:
    assert address.read(tmp_path, "r") is None
    published = address.publish(tmp_path, "r", str(tmp_path / "s"))
    assert address.read(tmp_path, "r") == published and published.alive
    assert published.pid == os.getpid() and published.host == machine.host()
    later = address.Address(
        published.pid, published.start + 1, *[getattr(published, n) for n in ("boot_id", "host", "socket")]
    )
    assert not later.alive
    address.withdraw(tmp_path, "r", published)
    assert address.read(tmp_path, "r") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid":"x"}', "7", "\xff"])
def test_a_damaged_file_is_no_address(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text, encoding="latin-1")
    assert address.read(tmp_path, "r") is None
