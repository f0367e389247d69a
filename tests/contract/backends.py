"""The table of back ends. A new one is one row here: its configuration, what it can do, and whether it is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.contract.site import Site, kill_and_wait

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


@dataclass(frozen=True)
class Row:
    """`config` names the destinations `plain` (the default), `one_at_a_time` and `apart` (outputs are moved)."""

    name: str
    config: str
    down: Callable[[], str] = lambda: ""  # why its cluster cannot be used now, or ''
    ahead: int = 0  # with one at a time: how many jobs it takes beyond the one that runs, before others wait in Abell
    forget: Callable[[Site], None] | None = None  # have it forget its jobs; called while no engine runs
    memory: bool = True  # it enforces memory limits
    walltime: bool = True
    environment_is_clean: bool = False  # jobs see nothing of the server's own environment


def _forget_local(site: Site) -> None:
    """As after the loss of its journal."""
    pid = site.supervisor()
    assert pid is not None
    kill_and_wait(pid)
    (site.root / "supervisor.journal").unlink()


ROWS = (Row("local", LOCAL, ahead=16, forget=_forget_local, environment_is_clean=True),)
