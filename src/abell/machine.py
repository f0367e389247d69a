"""What identifies this machine, its boot and its processes: a process id alone names different processes over time."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import NamedTuple


class Process(NamedTuple):
    """One row of /proc/PID/stat (proc_pid_stat(5)). `pid` and `start` together are never used twice in a boot."""

    pid: int
    state: str  # R, S, D, Z, ...
    parent: int
    group: int
    session: int
    start: int  # clock ticks after boot

    @property
    def dead(self) -> bool:
        return self.state in "ZX"


def look(pid: int) -> Process | None:
    """The process as it is now; None if there is none of that id."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command's name, in parentheses, may itself hold blanks and parentheses.
            rest = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(pid, rest[0].decode(), int(rest[1]), int(rest[2]), int(rest[3]), int(rest[19]))


def is_running(pid: int, start: int) -> bool:
    """Whether this very process, and not a later one of the same id, runs."""
    process = look(pid)
    return process is not None and process.start == start and not process.dead


@cache
def boot_id() -> str:
    """A random name of this boot of the machine (random(4))."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


@cache
def host() -> str:
    return os.uname().nodename


def uptime() -> float:
    """Seconds since boot, sleep included: no clock step changes it, and a restarted process goes on counting."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def own_peak_bytes() -> int:
    """The most memory that this program has held (VmHWM of proc_pid_status(5)).

    getrusage(2) would tell that of the program that started it as well: its figure survives exec.
    """
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
