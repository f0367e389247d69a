"""The real Grid Engine clusters of clusters/gridengine, as an administrator sees them, and which tests use them now.

Each is a cell, and each a part that tests share (tests/clusters/locks.py). `main` stays up, and has its accounting at
once; `frail` and its like have Debian's settings, with an accounting that lags by up to 15 s, and tests may break them:
`FRAIL` is the one for this process.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.clusters.eventually import LONG
from tests.clusters.locks import Locks
from tests.clusters.scripts import Scripts

DIRECTORY = Path("/var/lib/abell-gridengine")
FRAILS = ("frail", "frail2", "frail3")
CELLS = ("main", *FRAILS)
# Each process that tests at the same time has one of them as its own, as far as they go.
FRAIL = FRAILS[int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % len(FRAILS)]
JOB_USER = "gridjobs"  # may use `-P bignodes`, as root and APP_USER may; others may not
APP_USER = "gridapp"
ONES = 12  # of clusters/gridengine/configure

_locks = Locks(DIRECTORY / "locks", CELLS)
_scripts = Scripts("gridengine", DIRECTORY, CELLS)
using = _locks.using
service = _scripts.service
whole = _scripts.whole
without = _scripts.without


@functools.cache
def environ(cell: str) -> Mapping[str, str]:
    """What names that cluster to commands and to the library: its settings.sh."""
    lines = (DIRECTORY / cell / "settings.sh").read_text().splitlines()
    pairs = [line.removeprefix("export ").split("=", 1) for line in lines]
    return {name: value.replace("$PATH", os.environ["PATH"]) for name, value in pairs}


def runner(cell: str) -> dict[str, str]:
    """The parameters of a runner for it."""
    said = environ(cell)
    names = ("SGE_ROOT", "SGE_CELL", "SGE_QMASTER_PORT", "SGE_EXECD_PORT")
    return {name.lower(): said[name] for name in names} | {"sge_bin": str(DIRECTORY / "bin" / "lx-amd64")}


def grid(cell: str, *argv: str, ok: bool = True, user: str = "", stdin: str = "") -> str:
    """What a command of Grid Engine's prints there, for root or for `user`; with `ok` it must succeed."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SGE_")}
    asked = {**others, **environ(cell), "SGE_SINGLE_LINE": "1"}
    argv = ("runuser", "-u", user, "--", "env", f"PATH={asked['PATH']}", *argv) if user else argv
    done = subprocess.run(argv, env=asked, input=stdin, capture_output=True, text=True, timeout=LONG, cwd="/tmp")
    assert done.returncode == 0 or not ok, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
    return done.stdout


def state(cell: str, number: str) -> str:
    """The letters of `qstat`, such as `qw`, `hqw`, `Eqw`, `t`, `r`, `dr`, `s`, `Rr`; '' for a job that is not there."""
    for line in grid(cell, "qstat", "-u", "*").splitlines():
        if line.split()[:1] == [number]:
            return line[:120].split()[4]
    return ""


def accounted(cell: str, number: str) -> list[dict[str, str]]:
    """What `qacct -j` says, a record for each run or task, the oldest first; none if it has not heard of the job."""
    text = grid(cell, "qacct", "-j", number, ok=False)
    records = re.split(r"^=+$", text, flags=re.MULTILINE)[1:]
    return [dict(re.findall(r"^(\S+) +(.*?) *$", record, re.MULTILINE)) for record in records]


@contextlib.contextmanager
def configured(cell: str, **settings: str) -> Iterator[None]:
    """The cluster's configuration says so meanwhile: `max_u_jobs="2"`."""
    own = (DIRECTORY / cell / "etc" / "global").read_text()
    changed = own
    for name, value in settings.items():
        changed, found = re.subn(rf"^{name} .*$", f"{name} {value}", changed, flags=re.MULTILINE)
        assert found, f"{name} is no setting of {cell}"
    try:
        _configure(cell, changed)
        yield
    finally:
        _configure(cell, own)


def _configure(cell: str, text: str) -> None:
    """qconf wants a file of that name, and does not tell by its exit code whether it liked it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "global"
        file.write_text(text)
        grid(cell, "qconf", "-Mconf", str(file))
    wanted, got = _fields(text), _fields(grid(cell, "qconf", "-sconf"))
    del wanted["conf_version"]
    assert wanted.items() <= got.items(), f"qconf did not set {dict(wanted.items() - got.items())} in {cell}"


def _fields(configuration: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) +(.*)$", configuration, re.MULTILINE))


@functools.cache
def one() -> str:
    """A resource that is this process's alone: so many jobs as ask for it (`-l one1=1`) run one at a time."""
    return _locks.own([f"one{number}" for number in range(1, ONES + 1)])


def why_down(*cells: str) -> str:
    """Why these clusters cannot be used here; '' if they can."""
    return _scripts.why_not() or "; ".join(f"{cell}: {why}" for cell in cells if (why := _status(cell)) != "up")


@functools.cache
def _status(cell: str) -> str:
    """Asked once in each process, and not while another test has broken something."""
    with using(cell):
        return _scripts.settled(cell)
