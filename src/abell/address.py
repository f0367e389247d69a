"""Where a process of a root listens, and who it is.

The socket lies in a private directory of this machine, because a root may be on a network file system, which has no
sockets, and under a long path, where a socket's is limited to 107 bytes (unix(7)). `<root>/<role>.json` says where.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from abell import machine

_LONGEST = 107


class AddressError(Exception):
    """The directory of the sockets is not ours alone, or the peer is somebody else's."""


@dataclass(frozen=True, slots=True)
class Address:
    """Who serves a root, and where."""

    pid: int
    start: int  # clock ticks after boot: tells the process from a later one of the same id
    boot_id: str
    host: str
    socket: str  # absolute path, on that host

    @property
    def alive(self) -> bool:
        """Whether that very process runs here. False also for one on another host: nobody can look there."""
        here = (self.host, self.boot_id) == (machine.host(), machine.boot_id())
        return here and machine.is_running(self.pid, self.start)


def runtime_directory(environ: Mapping[str, str] = os.environ) -> str:
    """The user's private directory for sockets, made if absent: $XDG_RUNTIME_DIR/abell, else /tmp/abell-<uid>.

    Raises AddressError if it is a link, another user's, or open to others: whoever can write there could pose as us.
    """
    uid = os.geteuid()
    base = environ.get("XDG_RUNTIME_DIR", "")
    private = bool(base) and os.path.isabs(base) and len(base) < 50 and _is_private(base, uid)
    directory = f"{base}/abell" if private else f"/tmp/abell-{uid}"  # noqa: S108 verified below
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        pass
    if not _is_private(directory, uid):
        raise AddressError(
            f"{directory}: must be a directory of user {uid} with mode 0700, and is not. "
            f"Remove it, or point XDG_RUNTIME_DIR to a private directory."
        )
    return directory


def _is_private(directory: str, uid: int) -> bool:
    try:
        found = os.lstat(directory)
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def socket_path(root: str | os.PathLike[str], role: str) -> str:
    """Where the process with this role in this root listens. One root has one path, by whatever name it is reached."""
    found = os.stat(root)
    path = f"{runtime_directory()}/{role}-{found.st_dev:x}-{found.st_ino:x}.sock"
    if len(os.fsencode(path)) > _LONGEST:
        raise AddressError(f"{path}: longer than the {_LONGEST} bytes that a socket's path may have.")
    return path


def publish(root: str | os.PathLike[str], role: str, path: str) -> Address:
    """Write `<root>/<role>.json` for the calling process; only the holder of the role's lock may."""
    me = machine.look(os.getpid())
    assert me is not None
    address = Address(me.pid, me.start, machine.boot_id(), machine.host(), path)
    target = _file(root, role)
    draft = f"{target}.{me.pid}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
            json.dump(asdict(address), file)
        os.replace(draft, target)
    except OSError:
        _remove(draft)  # a full disk must not fill up with drafts
        raise
    return address


def read(root: str | os.PathLike[str], role: str) -> Address | None:
    """Who was last said to serve this root; None if nobody was, or the file is damaged."""
    try:
        with open(_file(root, role), "rb") as file:
            said = json.loads(file.read(65536))
        return Address(int(said["pid"]), int(said["start"]), said["boot_id"], said["host"], said["socket"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def withdraw(root: str | os.PathLike[str], role: str, address: Address) -> None:
    """Take the address back before giving up the role's lock; nothing, if it is a successor's by now."""
    if read(root, role) == address:
        _remove(_file(root, role))
        _remove(address.socket)


def _remove(path: str) -> None:
    """What cannot be removed misleads nobody: whoever finds the address sees that its process is gone."""
    try:
        os.unlink(path)
    except OSError:
        pass


def peer_uid(connection: socket.socket) -> int:
    """The user whose process is at the other end (SO_PEERCRED, unix(7))."""
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def check_peer(connection: socket.socket) -> None:
    """Raises AddressError unless the process at the other end is of this user or of root."""
    uid = peer_uid(connection)
    if uid not in (os.geteuid(), 0):
        raise AddressError(f"the process at the other end belongs to user {uid}")


def _file(root: str | os.PathLike[str], role: str) -> str:
    return os.path.join(root, f"{role}.json")
