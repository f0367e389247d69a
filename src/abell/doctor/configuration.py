"""What `abell config check` says, as findings."""

from __future__ import annotations

from abell.backends.contract import Finding
from abell.config.check import check
from abell.doctor.checkup import Checkup


def configuration(path: str | None) -> Checkup:
    """Not `ok` only for what makes the file unusable. None is the built-in configuration."""
    if path is None:
        built_in = Finding(True, "none is named: jobs run on this machine", "name one with -c FILE")
        return Checkup("configuration", "built-in", (built_in,))
    report = check(path)
    if not report.ok:
        return Checkup("configuration", path, tuple(Finding(False, str(problem)) for problem in report.errors))
    more = {"warnings": len(report.warnings), "not active": len(report.inactive)}
    said = ", ".join(f"{what}: {count}" for what, count in more.items() if count)
    remedy = f"{said}; abell config check tells them" if said else ""
    return Checkup("configuration", path, (Finding(True, report.summary, remedy),))
