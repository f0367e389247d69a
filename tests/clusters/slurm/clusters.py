"""The real Slurm clusters of clusters/slurm, as an administrator sees them; and which tests may use or break one now.

Tests run at the same time, in several processes. So whoever breaks a part of a cluster locks it first, and whoever
needs it whole holds it meanwhile: `using`. Parts are `bare`, `other`, and of `main`, which stays up: the accounting,
the partitions `frail`, `small`, and `low` with its rival `high`, and `limited`, which is the account so named and the
QOS `tight`.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

DIRECTORY = Path("/var/lib/abell-slurm")
SCRIPTS = Path(__file__).parents[3] / "clusters" / "slurm"
LOCKS = DIRECTORY / "locks"
PARTS = ("accounting", "bare", "frail", "limited", "low", "other", "small")
NEEDS = {
    "main": ("accounting", "frail", "limited", "low", "small"),
    "bare": ("bare",),
    "other": ("accounting", "other"),
}
LICENCES = 12  # of clusters/slurm/etc/common.conf
LONG = 60.0  # seconds
BACK_S = 60.0  # in which nodes are back, once their controller is
PATIENCE_S = 20.0  # in which most are

_held: list[int] = []  # descriptors of locks that are this process's until it ends


def conf(cluster: str) -> str:
    return str(DIRECTORY / cluster / "slurm.conf")


def slurm(cluster: str, *argv: str, ok: bool = True, user: str = "") -> str:
    """What a command of Slurm's prints there, for root or for `user`; with `ok` it must succeed."""
    environ = {name: value for name, value in os.environ.items() if not re.match(r"S(LURM|BATCH|QUEUE|INFO)_", name)}
    argv = ("runuser", "-u", user, "--", *argv) if user else argv
    done = subprocess.run(
        argv, env={**environ, "SLURM_CONF": conf(cluster)}, capture_output=True, text=True, timeout=LONG
    )
    assert done.returncode == 0 or not ok, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
    return done.stdout


def service(*argv: str) -> None:
    """Have one daemon started, stopped, killed, frozen or thawed: clusters/slurm/service."""
    subprocess.run([SCRIPTS / "service", *argv], check=True, timeout=120)


@contextlib.contextmanager
def without(how: str, *daemon: str) -> Iterator[None]:
    """That daemon is down meanwhile: stopped, killed or frozen."""
    service(how, *daemon)
    try:
        yield
    finally:
        service("thaw" if how == "freeze" else "start", *daemon)
        for cluster in NEEDS:
            if cluster in daemon:
                whole(cluster)


def whole(cluster: str) -> None:
    """Return when its nodes are back, too: the next test needs them.

    A controller gives up on nodes that it could not reach, and asks them again only minutes later; a slurmd that starts
    reports by itself. Its jobs go on meanwhile.
    """
    if _is_up_within(PATIENCE_S, cluster):
        return
    for node in slurm(cluster, "sinfo", "--noheader", "--Node", "-o", "%N").split():
        service("stop", "slurmd", cluster, node)
        service("start", "slurmd", cluster, node)
    assert _is_up_within(BACK_S, cluster), f"{cluster} is not whole again: {_asked(cluster)}"


def _is_up_within(seconds: float, cluster: str) -> bool:
    deadline = time.monotonic() + seconds
    while _asked(cluster) != "up":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def unused(account: str) -> None:
    """Return when no job of an earlier test counts towards the limits of this account, or of the QOS `tight`."""
    listing = "squeue", "--me", "--noheader", "-O", "Account:.40,QOS:.40"

    def free() -> bool:
        return not {account, "tight"} & set(slurm("main", *listing).split())

    eventually(free, f"no job has the account {account} or the QOS tight")


def shown(cluster: str, number: str) -> dict[str, str]:
    """The fields of `scontrol show job`; none for a job that the controller does not know."""
    text = slurm(cluster, "scontrol", "-o", "show", "job", number, ok=False)
    return dict(field.split("=", 1) for field in text.split() if "=" in field)


def eventually(condition: Callable[[], object], what: str, within_s: float = LONG) -> None:
    """Slurm and notices ring no bell: return as soon as it is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


# -- locks ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def using(*parts: str, alone: Collection[str] = ()) -> Iterator[None]:
    """`parts` stay whole meanwhile, and nobody else uses those of `alone`. All in one order: nobody waits in a ring."""
    assert {*parts, *alone} <= set(PARTS), (parts, alone)
    with contextlib.ExitStack() as stack:
        for part in sorted({*parts, *alone}):
            handle = os.open(_lock_file(part), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX if part in alone else fcntl.LOCK_SH)
        yield


@functools.cache
def licence() -> str:
    """The name of a Slurm licence that is this process's alone: so many jobs as ask for it run one at a time."""
    for number in range(1, LICENCES + 1):
        handle = os.open(_lock_file(f"one{number}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            _held.append(handle)
            return f"one{number}"
    raise AssertionError(f"all {LICENCES} licences are taken: more processes test at once than there are licences")


def _lock_file(name: str) -> Path:
    LOCKS.mkdir(exist_ok=True)
    return LOCKS / name


# -- whether they are there -------------------------------------------------------------------------------------------


def why_down(*clusters: str) -> str:
    """Why these clusters cannot be used here; '' if they can."""
    if os.geteuid() != 0:
        return "needs root, who runs jobs and stops daemons of the test clusters"
    if not (DIRECTORY / "ready").exists():
        return "the Slurm clusters are not up: run clusters/slurm/up"
    return "; ".join(f"{cluster}: {why}" for cluster in clusters if (why := _status(cluster)) != "up")


@functools.cache
def _status(cluster: str) -> str:
    """Asked once in each process, and not while another test has broken something. Nodes take a moment to be back."""
    with using(*NEEDS[cluster]):
        _is_up_within(BACK_S, cluster)
        return _asked(cluster)


def _asked(cluster: str) -> str:
    said = subprocess.run([SCRIPTS / "status"], capture_output=True, text=True, timeout=LONG, check=False).stdout
    found = re.search(rf"^slurm {cluster}: (.*)$", said, re.MULTILINE)
    return found[1] if found else f"clusters/slurm/status said nothing of it: {said!r}"
