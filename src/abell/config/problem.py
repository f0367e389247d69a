"""What is wrong with a configuration: all of it at once, each with its place, option and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from abell.config.model import Place
from abell.printable import printable


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning. `text` says what is wrong, `hint` what to do about it."""

    place: Place
    option: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        return printable(f"{self.place}: {self.text}" + (f" ({self.hint})" if self.hint else ""))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once, file by file and line by line."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.place.file, p.place.line)))


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` holds every reason, in the order of the file.

    `warnings`: what was noted besides, and does not hinder.
    """

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> None:
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)
        super().__init__("\n".join(str(p) for p in self.problems))


MAX_ERRORS = 200
MAX_WARNINGS = 1000


@dataclass(slots=True)
class Problems:
    """Collects while reading goes on, so that nobody has to repair a file one error at a time."""

    errors: list[Problem] = field(default_factory=list)
    warnings: dict[Problem, None] = field(default_factory=dict)  # an ordered set

    def error(self, place: Place, option: str, text: str, hint: str = "") -> None:
        """Note an error; too many of them raise ConfigurationError, because nobody reads on."""
        self.errors.append(Problem(place, option, text, hint))
        if len(self.errors) == MAX_ERRORS:
            self.errors.append(Problem(place, "", f"{MAX_ERRORS} errors; reading stops here", "repair these first"))
            self.raise_errors()

    def warn(self, place: Place, option: str, text: str, hint: str = "") -> None:
        """Note a warning, once; too many of them are an error."""
        self.warnings[Problem(place, option, text, hint)] = None
        if len(self.warnings) > MAX_WARNINGS:
            text = f"more than {MAX_WARNINGS} warnings; reading stops here"
            self.errors.extend((*self.warnings, Problem(place, "", text, "repair these first")))
            self.warnings.clear()
            self.raise_errors()

    def raise_errors(self) -> None:
        """Raise ConfigurationError if there was any error."""
        if self.errors:
            raise ConfigurationError(in_order(self.errors), in_order(self.warnings))
