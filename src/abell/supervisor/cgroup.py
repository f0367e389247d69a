"""A control group for a job that has a memory limit, where this process may make one (cgroups(7)).

Version 1: documentation of Linux, admin-guide/cgroup-v1/memory. Version 2: admin-guide/cgroup-v2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Group:
    """One job's group."""

    path: str
    version: int

    @property
    def entrance(self) -> str:
        """A process that writes 0 here is in."""
        return f"{self.path}/cgroup.procs"

    def processes(self) -> list[int]:
        try:
            return [int(pid) for pid in _read(self.entrance).split()]
        except FileNotFoundError:
            return []

    def limit(self, memory_mb: int) -> None:
        """Raises OSError if the kernel does not take it."""
        size = str(memory_mb * MIB)
        if self.version == 1:
            _write(f"{self.path}/memory.limit_in_bytes", size)
            _write_if_there(f"{self.path}/memory.memsw.limit_in_bytes", size)
        else:
            _write(f"{self.path}/memory.max", size)
            _write_if_there(f"{self.path}/memory.swap.max", "0")
            _write_if_there(f"{self.path}/memory.oom.group", "1")

    def peak_bytes(self) -> int | None:
        """The most that it ever used, file cache included; None before Linux 5.19 on version 2."""
        try:
            name = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
            return int(_read(f"{self.path}/{name}"))
        except FileNotFoundError:
            return None

    def oom_kills(self) -> int:
        """How many of its processes the kernel has killed for lack of memory."""
        try:
            text = _read(f"{self.path}/{'memory.oom_control' if self.version == 1 else 'memory.events'}")
        except FileNotFoundError:
            return 0
        return next((int(n) for word, n in map(str.split, text.splitlines()) if word == "oom_kill"), 0)

    def remove(self) -> bool:
        """Whether it is gone now; the kernel keeps it while a process is on its way out."""
        try:
            os.rmdir(self.path)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Parent:
    """The group under which this process may make its jobs' groups."""

    path: str
    version: int

    def make(self, name: str, memory_mb: int) -> Group:
        """A group with this limit. Raises OSError."""
        group = Group(f"{self.path}/{name}", self.version)
        try:
            os.mkdir(group.path)
        except FileExistsError:
            pass
        try:
            group.limit(memory_mb)
        except OSError:
            group.remove()
            raise
        return group

    def groups(self, prefix: str) -> Iterator[Group]:
        for name in os.listdir(self.path):
            if name.startswith(prefix):
                yield Group(f"{self.path}/{name}", self.version)


def find(proc: str = "/proc/self") -> Parent | None:
    """Where groups with a memory limit can be made by this process; None: nowhere."""
    memberships = [line.split(":", 2) for line in _read(f"{proc}/cgroup").splitlines()]
    for mount_root, mount_point, kind, options in _mounts(_read(f"{proc}/mountinfo")):
        for number, controllers, membership in memberships:
            if kind == "cgroup" and "memory" in options and "memory" in controllers.split(","):
                path = _below(mount_point, mount_root, membership)
                if os.access(path, os.W_OK):
                    return Parent(path, 1)
            elif kind == "cgroup2" and number == "0":
                path = _below(mount_point, mount_root, membership)
                if _may_delegate(path):
                    return Parent(path, 2)
    return None


def _mounts(mountinfo: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """(root, mount point, type, options) of every mount (proc_pid_mountinfo(5))."""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, rest = left.split(), right.split()
        yield fields[3], fields[4], rest[0], rest[2].split(",")


def _below(mount_point: str, mount_root: str, membership: str) -> str:
    inside = os.path.relpath(membership, mount_root)
    # In a container the group's path may be one of the host's, which this mount does not show.
    return mount_point if inside == "." or inside.startswith("..") else f"{mount_point}/{inside}"


def _may_delegate(path: str) -> bool:
    """Whether groups below get a memory controller. It can be switched on only where no process is left in the group

    itself, so this process moves into a leaf of its own; with others beside it (no Delegate=yes) that is not enough.
    """
    try:
        if "memory" in _read(f"{path}/cgroup.subtree_control").split():
            return os.access(path, os.W_OK)
        if "memory" not in _read(f"{path}/cgroup.controllers").split() or not os.access(path, os.W_OK):
            return False
        others = set(_read(f"{path}/cgroup.procs").split()) - {str(os.getpid())}
        if others:
            return False
        leaf = f"{path}/abell-supervisor"
        os.makedirs(leaf, exist_ok=True)
        _write(f"{leaf}/cgroup.procs", "0")
        _write(f"{path}/cgroup.subtree_control", "+memory")
    except OSError:
        return False
    return True


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _write_if_there(path: str, text: str) -> None:
    if os.path.exists(path):
        _write(path, text)
