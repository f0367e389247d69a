"""Which kind of file system a path is on: SQLite's write-ahead log needs shared memory that network ones lack."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TYPES = """9p afs afpfs beegfs ceph cifs coda fuse.ceph fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs
    nfs nfs4 orangefs panfs pvfs2 smb3 smbfs virtiofs"""
NETWORK = frozenset(_TYPES.split())
_OCTAL = re.compile(rb"\\([0-7]{3})")


def kind(path: Path, mounts: bytes | None = None) -> str:
    """The type of the mount that holds `path` ("ext4", "nfs4", "fuse.sshfs"); '' if it cannot be told.

    `mounts` is the content of /proc/self/mountinfo (proc_pid_mountinfo(5)): field 5 is the mount point with octal
    escapes, the type follows the separator " - ". The last of several mounts on one point is the visible one.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_bytes()
        except OSError:
            return ""
    path = path.resolve()
    best, found = -1, b""
    for line in mounts.splitlines():
        left, separator, right = line.partition(b" - ")
        fields = left.split()
        if not separator or len(fields) < 5 or not right.split():
            continue
        point = Path(os.fsdecode(_OCTAL.sub(lambda match: bytes([int(match[1], 8)]), fields[4])))
        if (path == point or point in path.parents) and len(point.parts) >= best:
            best, found = len(point.parts), right.split()[0]
    return found.decode(errors="replace")


def is_network(path: Path) -> bool:
    return kind(path) in NETWORK
