"""What the doctor has found about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from abell.backends.contract import Finding


@dataclass(frozen=True, slots=True)
class Checkup:
    """`name`: the configuration's file, the root, or a runner's id."""

    about: Literal["configuration", "server", "runner"]
    name: str
    findings: tuple[Finding, ...]
    cluster: str = ""  # of a runner, as the rest
    backend: str = ""
    destinations: tuple[str, ...] = ()

    @property
    def wrong(self) -> int:
        return sum(not finding.ok for finding in self.findings)
