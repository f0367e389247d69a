"""Takes some directories away from this process for good, and from all that it starts, with Landlock (landlock(7)).

Landlock only allows. So everything is allowed but the way to what is hidden: of each directory on it, every other
entry. What is made in those directories later cannot be opened either. Landlock also keeps this process from ptrace,
and so from /proc/PID/fd, mem, environ and root of every process that is not confined alike.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES_3 = 0x20080522  # capget(2)
_TAKEN = 1 << 19 | 1 << 21 | 1 << 38  # CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON: with these root reads /proc/PID/mem
_OF_FILES = 0b111 | 1 << 14  # execute, write, read, truncate: the rights that a rule for a file may have
# The 13 rights of version 1, then: 2 refer (move between directories), 3 truncate. Devices (5) stay as they are.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _Process(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine(hidden: Sequence[str], kept: Sequence[str]) -> str:
    """`hidden` cannot be opened from now on, but what is in `kept` below it. Empty, or why this is not possible here.

    Both are real paths. This process cannot gain rights by a set-user-ID program any more: Landlock demands that.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return f"this kernel has no Landlock ({os.strerror(ctypes.get_errno())})"
    rights = _RIGHTS[min(version, 3)]
    about = _Ruleset(rights)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(about), ctypes.c_size_t(ctypes.sizeof(about)), 0)
    if ruleset < 0:
        return f"landlock_create_ruleset: {os.strerror(ctypes.get_errno())}"
    try:
        for path in allowed("/", hidden, kept):
            _allow(libc, ruleset, path, rights)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(_RESTRICT_SELF, ruleset, 0):
            return f"landlock_restrict_self: {os.strerror(ctypes.get_errno())}"
    finally:
        os.close(ruleset)
    return _drop_capabilities(libc)


def _drop_capabilities(libc: ctypes.CDLL) -> str:
    """Those that lead around Landlock, where the server runs as root; for good, as no new ones can be gained."""
    process, sets = _Process(_CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    if libc.capget(ctypes.byref(process), sets):
        return f"capget: {os.strerror(ctypes.get_errno())}"
    for number in range(6):
        sets[number] &= ~(_TAKEN >> 32 * (number // 3)) & 0xFFFFFFFF
    if libc.capset(ctypes.byref(process), sets):
        return f"capset: {os.strerror(ctypes.get_errno())}"
    return ""


def allowed(path: str, hidden: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    """The highest paths that together are everything below `path` but what is hidden."""
    here = path.rstrip("/") + "/"
    if path in kept or not any(each == path or each.startswith(here) for each in (*hidden, *kept)):
        if path in kept or not _within(path, hidden):
            yield path
        return
    if path in hidden and not any(each.startswith(here) for each in kept):
        return
    try:
        entries = sorted(os.listdir(path))
    except OSError:
        return  # it cannot be read anyway
    for entry in entries:
        yield from allowed(here + entry, hidden, kept)


def _within(path: str, directories: Sequence[str]) -> bool:
    return any(path == each or path.startswith(each.rstrip("/") + "/") for each in directories)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    """What is gone meanwhile, and a link (whose target has a rule or is hidden), needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if not os.path.isdir(f"/proc/self/fd/{descriptor}"):
            rights &= _OF_FILES
        rule = _Beneath(rights, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)
