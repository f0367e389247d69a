"""`python -m abell.supervisor --root DIR`: run the local jobs of a root. Abell starts it by itself.

It is apart from the server, so that local jobs outlive the server's restart and crash. It leaves when idle.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import socket
import sys

from abell import address
from abell.supervisor import HELD, cgroup
from abell.supervisor.jobs import Jobs
from abell.supervisor.journal import Journal
from abell.supervisor.log import Log
from abell.supervisor.service import Service

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main() -> int:
    options = _options()
    ready: int | None = options.ready_fd
    os.closerange(3, ready if ready is not None else 65536)
    if ready is not None:
        os.closerange(ready + 1, 65536)
        os.set_inheritable(ready, False)
    try:
        root = os.path.abspath(options.root)
        lock = os.open(f"{root}/supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _answer(ready, f"{root}/supervisor.lock is held: another supervisor serves this root")
            return HELD
        log = Log(f"{root}/supervisor.log")
        service = Service(lambda: _listen(root), options.idle_seconds)
    except (OSError, address.AddressError) as error:
        _answer(ready, f"the supervisor of local jobs cannot start: {error}")
        return 1
    os.chdir("/")
    _become_subreaper()
    parent = None if options.no_cgroups else cgroup.find()
    found = os.stat(root)
    mark = f"abell-{found.st_dev:x}-{found.st_ino:x}-"
    jobs = Jobs(Journal(f"{root}/supervisor.journal"), parent, mark, service.tell, log.say)
    jobs.recover()
    log.say(f"serving {root}: {jobs.alive} jobs; control groups: {parent.path if parent else 'none'}")
    _answer(ready, "")
    service.run(jobs)
    address.withdraw(root, "supervisor", service.address)
    log.say("idle: leaving")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="abell.supervisor", description="Runs the local jobs of a root.")
    parser.add_argument("--root", required=True, help="the directory that it serves")
    parser.add_argument("--idle-seconds", type=float, default=10.0, help="leave after so long without jobs and clients")
    parser.add_argument("--no-cgroups", action="store_true", help="measure memory by looking at the processes")
    parser.add_argument("--ready-fd", type=int, help="say here when it serves, or why it cannot")
    return parser.parse_args()


def _listen(root: str) -> tuple[socket.socket, address.Address]:
    """The holder of the lock may remove what a dead predecessor has left."""
    path = address.socket_path(root, "supervisor")
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    return listener, address.publish(root, "supervisor", path)


def _become_subreaper() -> None:
    """Orphans of jobs become our children, so that none gets lost."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _answer(ready: int | None, trouble: str) -> None:
    if trouble:
        print(trouble, file=sys.stderr, flush=True)
    if ready is not None:
        try:
            os.write(ready, (trouble or "ready").encode())
        except BrokenPipeError:
            pass  # who started us has left; others may come
        os.close(ready)


if __name__ == "__main__":
    sys.exit(main())
