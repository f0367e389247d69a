"""Process trees, as /proc shows them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator

from abell.machine import Process, look


def children(pid: int) -> list[int]:
    """The children of all its threads (proc_tid_children(5)); empty if it is gone.

    Of the calling process itself the answer is complete: nobody else reaps its children, so none leaves the list.
    """
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def own_children() -> list[int]:
    """The children of the calling process, which has one thread."""
    with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children", "rb") as file:
        return [int(pid) for pid in file.read().split()]


def with_descendants(roots: Iterable[int]) -> dict[int, Process]:
    """These processes and all that descend from them, as far as they run."""
    found: dict[int, Process] = {}
    todo = list(roots)
    while todo:
        pid = todo.pop()
        if pid in found:
            continue
        process = look(pid)
        if process is not None and not process.dead:
            found[pid] = process
            todo += children(pid)
    return found


def everything() -> Iterator[Process]:
    """Every process that this one may see."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = look(int(name))
            if process is not None:
                yield process


def native_id(pid: int) -> str | None:
    """The $ABELL_NATIVE_ID that was given to the program that it runs; None: none, or nobody may look."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return None
    found = (e.removeprefix(_NATIVE_ID) for e in entries if e.startswith(_NATIVE_ID))
    return os.fsdecode(next(found, b"")) or None


def main_processes() -> dict[str, Process]:
    """native id -> its main process: the oldest session leader. If none leads, then one of those that it left."""

    def rank(process: Process) -> tuple[bool, int]:
        return process.session != process.pid, process.start

    found: dict[str, Process] = {}
    for process in everything():
        job = None if process.dead else native_id(process.pid)
        if job is not None and (job not in found or rank(process) < rank(found[job])):
            found[job] = process
    return found


def send(processes: Iterable[Process], number: signal.Signals) -> None:
    """Signal these very processes: one that is gone, and whose id is another's by now, is passed over.

    Between the look and the signal an id cannot come round again. (A pidfd would say the same with more calls, and
    Linux before 5.3 has none.) Another user's process cannot be signalled: the caller sees that it lives on.
    """
    for process in processes:
        now = look(process.pid)
        if now is not None and now.start == process.start:
            try:
                os.kill(process.pid, number)
            except (ProcessLookupError, PermissionError):
                pass


def memory(processes: Iterable[Process], limit: int) -> int:
    """Bytes that these use together. Shared pages are counted once each, but only where the plain sum is over `limit`,

    because the kernel works for the exact figure (Pss of proc_pid_smaps(5)) and hardly for the plain one.
    """
    some = list(processes)
    plain = sum(_resident(p.pid) for p in some)
    return plain if plain <= limit else sum(_proportional(p.pid) for p in some)


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0
    except PermissionError:
        pass
    return _resident(pid)


_NATIVE_ID = b"ABELL_NATIVE_ID="
_PAGE = os.sysconf("SC_PAGE_SIZE")
