"""Check a configuration: its errors, its warnings, and what this version does not act on yet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from abell.config.inactive import inactive
from abell.config.loading import load
from abell.config.model import Place
from abell.config.problem import ConfigurationError, Problem, printable


@dataclass(frozen=True, slots=True)
class Report:
    file: str
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    inactive: tuple[tuple[Place, str], ...] = ()
    summary: str = ""

    @property
    def ok(self) -> bool:
        return not self.errors

    def as_text(self) -> str:
        lines = [f"error: {p}" for p in self.errors]
        lines += [f"warning: {p}" for p in self.warnings]
        lines += [printable(f"not active yet: {place}: {option}") for place, option in self.inactive]
        return "\n".join((*lines, printable(f"{self.file}: {self.summary}")))

    def as_json(self) -> str:
        return json.dumps(
            {
                "file": self.file,
                "ok": self.ok,
                "errors": [_plain(p) for p in self.errors],
                "warnings": [_plain(p) for p in self.warnings],
                "inactive": [{"file": at.file, "line": at.line, "option": option} for at, option in self.inactive],
            },
            indent=2,
        )


def check(path: str) -> Report:
    """Never raises for what a file contains."""
    try:
        loaded = load(path)
    except ConfigurationError as error:
        count = len(error.problems)
        return Report(path, errors=error.problems, summary=f"{count} error{'s' * (count != 1)}")
    configuration = loaded.configuration
    summary = (
        f"good: {len(configuration.runners)} runners, {len(configuration.destinations)} destinations, "
        f"default {configuration.default_destination}"
    )
    return Report(path, (), loaded.warnings, tuple(inactive(configuration)), summary)


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "option": problem.option,
        "text": problem.text,
        "hint": problem.hint,
    }
