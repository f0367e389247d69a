"""The real Slurm clusters of clusters/slurm, as an administrator sees them; and which tests may use or break one now.

The parts that tests share (tests/clusters/locks.py) are `bare`, `other`, and of `main`, which stays up: the accounting,
the partitions `frail`, `small`, and `low` with its rival `high`, and `limited`, which is the account so named and the
QOS `tight`.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path

from tests.clusters.eventually import LONG, eventually
from tests.clusters.locks import Locks
from tests.clusters.scripts import Scripts

DIRECTORY = Path("/var/lib/abell-slurm")
PARTS = ("accounting", "bare", "frail", "limited", "low", "other", "small")
NEEDS = {
    "main": ("accounting", "frail", "limited", "low", "small"),
    "bare": ("bare",),
    "other": ("accounting", "other"),
}
LICENCES = 12  # of clusters/slurm/etc/common.conf

_locks = Locks(DIRECTORY / "locks", PARTS)
_scripts = Scripts("slurm", DIRECTORY, NEEDS)
using = _locks.using
service = _scripts.service
whole = _scripts.whole
without = _scripts.without


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


@functools.cache
def licence() -> str:
    """The name of a Slurm licence that is this process's alone: so many jobs as ask for it run one at a time."""
    return _locks.own([f"one{number}" for number in range(1, LICENCES + 1)])


def why_down(*clusters: str) -> str:
    """Why these clusters cannot be used here; '' if they can."""
    return _scripts.why_not() or "; ".join(
        f"{cluster}: {why}" for cluster in clusters if (why := _status(cluster)) != "up"
    )


@functools.cache
def _status(cluster: str) -> str:
    """Asked once in each process, and not while another test has broken something."""
    with using(*NEEDS[cluster]):
        return _scripts.settled(cluster)
