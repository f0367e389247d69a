"""A site whose jobs run on the real Grid Engine by its DRMAA library, and the process that has that library loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from abell.backends.gridengine_listings import listed
from abell.supervisor import tree
from tests.clusters.gridengine import clusters
from tests.clusters.shared_queue import QueueSite
from tests.contract.site import EngineProcess

CONFIG = """
runners:
  wide: {{load: drmaa, drmaa_library_path: {library}, workers: 4}}
execution:
  default: plain
  environments:
    plain: {{runner: wide}}
    apart: {{runner: wide, outputs_to_working_directory: true}}
"""


class DrmaaSite(QueueSite):
    """On the cell `main`. A job's name there is its key."""

    def __init__(self, directory: Path) -> None:
        said = clusters.environ("main")
        super().__init__(directory, CONFIG.format(library=said["DRMAA_LIBRARY_PATH"]))
        self.environ |= said
        self._engines: set[int] = set()

    def launch(self, fault: str = "") -> EngineProcess:
        engine = super().launch(fault)
        self._engines.add(engine.pid)
        return engine

    def in_queue(self) -> dict[str, str]:
        if not (keys := self.keys()):
            return {}
        rows = listed(clusters.grid("main", "qstat", "-u", "*", "-xml"))
        return {row.number: row.name for row in rows if row.name in keys}

    def end(self, ids: Iterable[str]) -> None:
        clusters.grid("main", "qdel", *ids, ok=False)

    def library(self) -> int | None:
        """The process id of the library's process; None if there is none now."""
        return next(iter(self._libraries()), None)

    def processes(self) -> dict[int, str]:
        return super().processes() | self._libraries()

    def _libraries(self) -> dict[int, str]:
        """Their command lines name the engine that they were started for, and nothing else of the site."""
        found: dict[int, str] = {}
        for process in tree.everything():
            try:
                words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if process.pid == os.getpid() or process.dead or len(words) < 7 or b"abell.library.child" not in words[4]:
                continue
            if int(words[6]) in self._engines:
                found[process.pid] = b" ".join(words).decode(errors="replace")
        return found
