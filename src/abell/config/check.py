"""Check a configuration: its errors, its warnings, and what this version does not act on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from abell.config.inactive import inactive
from abell.config.loading import load
from abell.config.model import Place
from abell.config.problem import ConfigurationError, Problem
from abell.printable import printable


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
        lines += [printable(f"not active: {place}: {option}") for place, option in self.inactive]
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
        counts = [_counted(len(error.problems), "error")]
        counts += [_counted(len(error.warnings), "warning")] if error.warnings else []
        return Report(path, error.problems, error.warnings, summary=", ".join(counts))
    configuration = loaded.configuration
    runners, destinations = len(configuration.runners), len(configuration.destinations)
    summary = f"good: {_counted(runners, 'runner')}, {_counted(destinations, 'destination')}"
    summary += f", default {configuration.default_destination}"
    return Report(path, (), loaded.warnings, tuple(inactive(configuration)), summary)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "option": problem.option,
        "text": problem.text,
        "hint": problem.hint,
    }
