"""A real engine with a runner of each kind that can use a Grid Engine, all on one cell; and others beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.clusters.gridengine.clusters import environ, grid, one, runner
from tests.clusters.scenario import Scenario
from tests.contract.backends import clear_gridengine
from tests.contract.site import Job

KINDS = ("grid", "univa", "drmaa")
TELLS = ("grid", "univa")  # those that learn what only Grid Engine's own commands tell
PER_REQUEST: Mapping[str, Mapping[str, str]] = {
    "grid": {"parallel_environment": "smp"},
    "univa": {"parallel_environment": "smp"},
    "drmaa": {"native_template": "[-pe smp {slots}] [-l h_vmem={mem_per_slot_mb}M] [-l h_rt={seconds}]"},
}
# Destinations of each kind, `grid-held`: their native options. `grid` and so on have none.
OPTIONS = {
    "held": "-h",
    "never": "-w n -l never=1",
    "unknown": "-l nosuch=1",
    "h_rt": "-l h_rt=2",
    "s_rt": "-l s_rt=2",
    "h_vmem": "-l h_vmem=200M",
    "bignodes": "-P bignodes -R y -pe threads 8",
    "range": "-pe smp 2-4 -l h_vmem=300M",
    "mem_free": "-w n -pe threads 3 -l mem_free=64M",  # else the library's own check knows no node that has it
    "s_vmem": "-l s_vmem=400M",
}


# Where they are no native options.
OTHERS = {
    "grid-nowhere": {"native_specification": "-wd /nonexistent/directory"},
    "univa-nowhere": {"workingDirectory": "/nonexistent/directory"},
    "drmaa-nowhere": {"workingDirectory": "/nonexistent/directory"},
}


def configuration(cell: str) -> str:
    asked = {"asks_per_minute": 120}
    library = {"drmaa_library_path": environ(cell)["DRMAA_LIBRARY_PATH"]}
    runners: dict[str, dict[str, Any]] = {
        "grid": {"load": "gridengine", **runner(cell), **asked},
        "univa": {"load": "univa", **library, **asked},
        "drmaa": {"load": "drmaa", **library},
        "main": {"load": "gridengine", **runner("main"), **asked},
        "here": {"load": "local"},
    }
    places: dict[str, dict[str, Any]] = {"here": {"runner": "here"}, "main": {"runner": "main"}}
    for kind in KINDS:
        places[kind] = {"runner": kind, **PER_REQUEST[kind]}
        for name, options in {**OPTIONS, "one": f"-l {one()}=1"}.items():
            places[f"{kind}-{name}"] = {**places[kind], "native_specification": options}
    for name, params in OTHERS.items():
        places[name] = {"runner": name.partition("-")[0], **params}
    return json.dumps({"runners": runners, "execution": {"default": "here", "environments": places}}, indent=1)


class GridSite(Scenario):
    """`cell`: where the runners `grid`, `univa` and `drmaa` are; `main` and `here` are destinations elsewhere."""

    def __init__(self, directory: Any, cell: str) -> None:
        super().__init__(directory, configuration(cell))
        self.cell = cell
        self.environ |= environ(cell)

    def grid(self, *argv: str, ok: bool = True, user: str = "") -> str:
        """A command of an administrator's in that cell."""
        return grid(self.cell, *argv, ok=ok, user=user)

    def each(self, name: str, command: str, option: str = "", **asked: Any) -> dict[str, Job]:
        """A job `name-grid` of each kind, which counts itself, in the destination of that option."""
        return {
            kind: self.submit(self.counted(f"{name}-{kind}", command), to=f"{kind}-{option}".rstrip("-"), **asked)
            for kind in KINDS
        }

    def each_gated(self, name: str, then: str = "true", option: str = "") -> dict[str, Job]:
        """The same; they run until `open_each(name)`."""
        return {kind: self.gated(f"{name}-{kind}", then, to=f"{kind}-{option}".rstrip("-")) for kind in KINDS}

    def open_each(self, *names: str) -> None:
        self.open(*(f"{name}-{kind}" for name in names for kind in KINDS))

    def clear(self) -> None:
        """A test that failed has left jobs. By force in a cell whose daemons may have forgotten what became of them."""
        clear_gridengine(self, "main")
        if self.cell != "main":
            clear_gridengine(self, self.cell, "-f")
