"""The table of back ends. A new one is one row here: its configuration, what it can do, and whether it is up."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from abell.backends.gridengine_listings import listed
from abell.backends.gridengine_script import key_of
from tests.clusters.gridengine import clusters as gridengine
from tests.clusters.slurm import clusters as slurm
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

# A default for memory, because the clusters' own is 64 MiB; more questions than a production cluster likes, so that the
# tests need not wait for the next one.
SLURM = """
runners:
  slurm: {load: slurm, slurm_conf: @CONF@, asks_per_minute: 120}
execution:
  default: plain
  environments:
    plain: &plain {runner: slurm, native_template: "--mem={mem_mb:200}M"}
    one_at_a_time: {<<: *plain, native_specification: "--licenses=@LICENCE@"}
    apart: {<<: *plain, outputs_to_working_directory: true}
"""

# A slot's memory is an address space that every process of the job's has to live in.
DRMAA = """
runners:
  ge: {load: drmaa, drmaa_library_path: @LIBRARY@}
execution:
  default: plain
  environments:
    plain: &plain {runner: ge, native_template: "[-pe smp {slots}] [-l h_vmem={mem_per_slot_mb}M] [-l h_rt={time}]"}
    one_at_a_time: {<<: *plain, native_specification: "-l @ONE@=1"}
    apart: {<<: *plain, outputs_to_working_directory: true}
"""
UNIVA = """
runners:
  ge: {load: univa, drmaa_library_path: @LIBRARY@, asks_per_minute: 120}
execution:
  default: plain
  environments:
    plain: &plain {runner: ge, parallel_environment: smp, memory_resource: mem_free}
    one_at_a_time: {<<: *plain, native_specification: "-l @ONE@=1"}
    apart: {<<: *plain, outputs_to_working_directory: true}
"""
GRIDENGINE = """
runners:
  grid: {load: gridengine, sge_root: @ROOT@, sge_cell: main, sge_qmaster_port: 16444, sge_execd_port: 16445,
         sge_bin: @ROOT@/bin/lx-amd64, asks_per_minute: 120}
execution:
  default: plain
  environments:
    plain: &plain {runner: grid, parallel_environment: smp, memory_resource: mem_free}
    one_at_a_time: {<<: *plain, native_specification: "-l @ONE@=1"}
    apart: {<<: *plain, outputs_to_working_directory: true}
    again: {<<: *plain, requeue: true}
    again_apart: {<<: *plain, requeue: true, outputs_to_working_directory: true}
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
    using: Callable[[], AbstractContextManager[None]] = nullcontext  # while a site uses it, no other test breaks it
    clear: Callable[[Site], None] = lambda site: None  # end what a failed test has left with the DRM
    ahead: int | None = None  # at one_at_a_time: how many it takes beyond the one that runs; None: all there are
    # What not every back end can do; `@pytest.mark.needs` leaves a question out for those that cannot:
    # enforce `walltime` and `memory`, tell the `usage`, be `clean` of the server's variables, and `wait` in Abell.
    can: frozenset[str] = frozenset()
    again: Again | None = None  # it starts jobs of the destinations `again` and `again_apart` again
    few: frozenset[str] = frozenset()  # the questions that it is asked; empty: all that it can answer
    forget: Callable[[Site], None] | None = None  # have it forget its jobs; called while no engine runs
    environ: Callable[[], Mapping[str, str]] = dict  # variables that its server needs

    def configuration(self) -> str:
        """For a site of this process."""
        text = self.config
        for mark, own in (("@LICENCE@", slurm.licence), ("@ONE@", gridengine.one), ("@LIBRARY@", _library)):
            text = text.replace(mark, own()) if mark in text else text
        return text


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


# Where the accounting makes no difference, one of the two clusters has answered for both.
FEW = frozenset(
    (
        "test_success",
        "test_exit_code",
        "test_signal",
        "test_memory",
        "test_while_running",
        "test_while_queued",
        "test_200_jobs_at_once",
        "test_a_job_that_ends_while_no_engine_runs",
        "test_a_cancellation_survives",
    )
)


def _slurm(cluster: str, *parts: str, few: frozenset[str] = frozenset()) -> Row:
    return Row(
        f"slurm-{cluster}",
        SLURM.replace("@CONF@", slurm.conf(cluster)),
        down=lambda: slurm.why_down(cluster),
        using=lambda: slurm.using(*parts),
        clear=lambda site: clear_slurm(site, cluster),
        # Not walltime: Slurm counts in minutes. tests/clusters/slurm has that, and what Slurm forgets.
        can=frozenset(("memory", "usage", "clean")),
        few=few,
    )


def _gridengine(name: str, config: str, *can: str) -> Row:
    """A runner of that name on the cell `main`."""
    return Row(
        name,
        config,
        down=lambda: gridengine.why_down("main"),
        using=lambda: gridengine.using("main"),
        clear=clear_gridengine,
        can=frozenset(can),
        environ=lambda: gridengine.environ("main"),
    )


def _library() -> str:
    return gridengine.environ("main")["DRMAA_LIBRARY_PATH"]


def clear_slurm(site: Site, cluster: str) -> None:
    """Jobs are left by a test that failed; also some whose ids the engine had not learned."""
    left = slurm.slurm(cluster, "squeue", "--me", "--noheader", "-O", "JobID:20,WorkDir:4096", ok=False)
    numbers = [line.split()[0] for line in left.splitlines() if str(site.directory) in line]
    if numbers:
        slurm.slurm(cluster, "scancel", *numbers, ok=False)


def clear_gridengine(site: Site, cell: str = "main", *options: str) -> None:
    """As clear_slurm."""
    rows = listed(gridengine.grid(cell, "qstat", "-u", "root", "-xml", ok=False))
    for number in {row.number for row in rows if key_of(row.name)}:
        about = gridengine.grid(cell, "qstat", "-j", number, ok=False)
        if str(site.directory) in about:
            gridengine.grid(cell, "qdel", *options, number, ok=False)


def _take_back(site: Site, native_id: str) -> None:
    gridengine.grid("main", "qhold", native_id)
    gridengine.grid("main", "qmod", "-rj", native_id)


def _release(site: Site, native_id: str) -> None:
    gridengine.grid("main", "qrls", native_id)


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
    _slurm("main"),
    _slurm("bare", "bare", few=FEW),
    # Not `walltime` and `memory`: DRMAA has no words for them.
    _gridengine("drmaa", DRMAA, "clean", "usage"),
    # Not `memory`: tests/clusters/gridengine has that.
    _gridengine("univa", UNIVA, "walltime", "usage", "clean"),
    Row(
        "gridengine",
        GRIDENGINE.replace("@ROOT@", str(gridengine.DIRECTORY)),
        down=lambda: gridengine.why_down("main"),
        using=lambda: gridengine.using("main"),
        clear=clear_gridengine,
        can=frozenset(("walltime", "usage", "clean")),  # not memory: tests/clusters/gridengine has that
        # Its job goes back into the queue in one way only, whoever has wanted that.
        again=Again(_take_back, _take_back, _release),
    ),
)
