"""The table of back ends. A new one is one row here: its configuration, what it can do, and whether it is up."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.contract.again import Again
from tests.contract.site import LONG, TOY, Site, kill_and_wait

LOCAL = """
runners:
  wide: {load: local, workers: 4}
  narrow: {load: local, workers: 1}
execution:
  default: plain
  environments:
    plain: {runner: wide}
    one_at_a_time: {runner: narrow}
    apart: {runner: wide, outputs_to_working_directory: true}
"""


AGAIN = """
    again: {runner: wide, requeue: true}
    again_apart: {runner: wide, requeue: true, outputs_to_working_directory: true}
"""


@dataclass(frozen=True)
class Row:
    """`config` names the destinations `plain` (the default), `one_at_a_time` and `apart` (outputs are moved)."""

    name: str
    config: str
    down: Callable[[], str] = lambda: ""  # why its cluster cannot be used now, or ''
    ahead: int | None = None  # at one_at_a_time: how many it takes beyond the one that runs; None: all there are
    # What not every back end can do; `@pytest.mark.needs` leaves a question out for those that cannot:
    # enforce `walltime` and `memory`, tell the `usage`, be `clean` of the server's variables, and `wait` in Abell.
    can: frozenset[str] = frozenset()
    again: Again | None = None  # it starts jobs of the destinations `again` and `again_apart` again
    forget: Callable[[Site], None] | None = None  # have it forget its jobs; called while no engine runs


def _forget_local(site: Site) -> None:
    """As after the loss of its journal."""
    pid = site.supervisor()
    assert pid is not None
    kill_and_wait(pid)
    (site.root / "supervisor.journal").unlink()


def _forget_toy(site: Site) -> None:
    shutil.rmtree(site.directory / "toy")


def _toy(verb: str, site: Site, native_id: str) -> None:
    drm = (sys.executable, str(TOY / "toy_drm.py"), str(site.directory / "toy"))
    deadline = time.monotonic() + LONG
    while subprocess.run([*drm, verb, native_id], capture_output=True, timeout=LONG, check=False).returncode:
        assert time.monotonic() < deadline, f"{verb} {native_id}"


ROWS = (
    Row(
        "local",
        LOCAL,
        ahead=16,
        can=frozenset(("walltime", "memory", "usage", "clean", "wait")),
        forget=_forget_local,
    ),
    Row(
        "toy",
        LOCAL.replace("load: local", "load: toy") + AGAIN.lstrip("\n"),
        again=Again(partial(_toy, "requeue"), partial(_toy, "fail"), partial(_toy, "release")),
        forget=_forget_toy,
    ),
)
