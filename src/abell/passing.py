"""Errors that say nothing about a file, only about the machine or its file systems at this moment."""

from __future__ import annotations

import errno

PASSING = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.EINTR,
        errno.EIO,
        errno.EROFS,  # a file system with errors is made read-only by the kernel
        errno.ESTALE,
        errno.ENOTCONN,  # the process behind a FUSE file system is gone
        errno.ECONNABORTED,
        errno.ECONNRESET,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EREMOTEIO,
    }
)


def passes(error: OSError) -> bool:
    """Whether the same may well work later, so that nothing can be concluded from the failure."""
    return error.errno in PASSING


def trouble(error: OSError) -> str:
    """What went wrong, and with which file."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
