"""The plain tree that both dialects are read into: values that know where they were written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from abell.config.model import Place

Scalar: TypeAlias = "str | int | float | bool | None"

MAX_FILE_BYTES = 4 * 1024 * 1024  # the largest known job configurations have some 100 kB
MAX_DEPTH = 64  # levels of nesting; real files have about 8
MAX_INTEGER_BITS = 128  # hexadecimal numbers of any length would be numbers that Python refuses to print
MAX_NODES = 100_000  # values of one file after its aliases and macros are expanded


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a tuple of nodes or a mapping of nodes, with its place.

    `written` is the source text of an unquoted YAML scalar: it tells `2:00:00`, which YAML 1.1 reads as a number.
    """

    value: Any
    place: Place
    written: str | None = field(default=None, compare=False)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_sequence(self) -> bool:
        return isinstance(self.value, tuple)

    @property
    def kind(self) -> str:
        """What it is, in a person's words."""
        names = {dict: "a mapping", tuple: "a list", str: "text", bool: "true or false", int: "a number"}
        return "nothing" if self.value is None else names.get(type(self.value), "a number")
