"""Ask nodes for the type that an option has; what does not fit becomes a problem and the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abell.config.nearest import did_you_mean
from abell.config.problem import Problems
from abell.config.secrets import is_secret, masked
from abell.config.tree import Node

TRUE = frozenset({"true", "yes", "on", "1"})  # what Galaxy's string_as_bool takes for true
FALSE = frozenset({"false", "no", "off", "0", ""})


class Shape:
    """Typed views of nodes. Every method names the option, for the message."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def text(self, node: Node | None, option: str, default: str = "") -> str:
        """The text that Galaxy would make of a scalar; warns where that is not what was written."""
        if node is None or node.value is None:
            return default
        if node.is_mapping or node.is_sequence:
            self._wrong(node, option, "text")
            return default
        self._note_meaning(node, option, "write it in quotes if you mean the text")
        return str(node.value)

    def line(self, node: Node | None, option: str, default: str = "") -> str:
        """A word that stands in one line of a job script."""
        word = self.word(node, option, default)
        if node is not None and not word.isprintable():
            self.problems.error(node.place, option, f"{option}: more than one line of text", "write one line")
            return default
        return word

    def shell(self, node: Node | None, option: str, default: str = "") -> str:
        """What stands in the first line of job scripts: a program and its options."""
        line = self.line(node, option, default)
        if node is not None and line and not line.startswith("/"):
            text = f"{option}: {line!r} is no absolute path; jobs with it are refused"
            self.problems.warn(node.place, option, text, "write a path such as /bin/bash")
        return line

    def name(self, name: str, node: Node, what: str) -> str:
        """An id that others refer to: it is shown everywhere, so it must be printable, and not empty."""
        if not name.strip() or not name.isprintable():
            self.problems.error(node.place, "id", f"{what}: {name!r} is no name", "use letters, digits, _, - and .")
        return name

    def word(self, node: Node | None, option: str, default: str = "") -> str:
        """Text without white space around it; empty is the default."""
        return self.text(node, option, default).strip() or default

    def integer(self, node: Node | None, option: str, default: int = 0, least: int | None = None) -> int:
        """A whole number, also written as text; `least` is the smallest one allowed."""
        if node is None or node.value is None:
            return default
        try:
            number = _whole(node.value)
        except (ValueError, TypeError):
            self._wrong(node, option, "a whole number")
            return default
        self._note_meaning(node, option, "write it as a plain decimal number")
        if least is not None and number < least:
            self.problems.error(
                node.place, option, f"{option}: {number} is too small", f"the smallest value allowed is {least}"
            )
            return default
        return number

    def number(self, node: Node | None, option: str, default: float) -> float:
        """A number of at least 0, for durations in seconds."""
        if node is None or node.value is None:
            return default
        try:
            number = float(node.value) if not isinstance(node.value, bool) else -1.0
        except (ValueError, TypeError):
            number = -1.0
        if not 0 <= number < 1e9:
            self._wrong(node, option, "a number of at least 0")
            return default
        return number

    def boolean(self, node: Node | None, option: str, default: bool = False) -> bool:
        if node is None or node.value is None:
            return default
        word = str(node.value).strip().lower() if not (node.is_mapping or node.is_sequence) else "?"
        if word not in TRUE | FALSE:
            self._wrong(node, option, "true or false")
            return default
        return word in TRUE

    def choice(self, node: Node | None, option: str, choices: Sequence[str], default: str) -> str:
        """One of some words."""
        word = self.word(node, option, default)
        if node is not None and word not in choices:
            hint = did_you_mean(word, choices, f"one of: {', '.join(choices)}")
            self.problems.error(node.place, option, f"{option}: {word!r} is not a value of this option", hint)
            return default
        return word

    def words(self, node: Node | None, option: str) -> tuple[str, ...]:
        """A list, or text with commas, as XML attributes have it."""
        if node is None or node.value is None:
            return ()
        if node.is_sequence:
            return tuple(word for n in node.value if (word := self.word(n, option)))
        return tuple(word for part in self.text(node, option).split(",") if (word := part.strip()))

    def mapping(self, node: Node | None, option: str) -> Mapping[str, Node]:
        if node is None or node.value is None:
            return {}
        if not node.is_mapping:
            self._wrong(node, option, "a mapping")
            return {}
        return node.value  # type: ignore[no-any-return]

    def sequence(self, node: Node | None, option: str) -> tuple[Node, ...]:
        if node is None or node.value is None:
            return ()
        if not node.is_sequence:
            self._wrong(node, option, "a list")
            return ()
        return node.value  # type: ignore[no-any-return]

    def data(self, node: Node, option: str) -> Any:
        """Free-form data: text, tuples and dicts, so that both dialects give the same."""
        if node.is_mapping:
            return {key: self.data(value, f"{option}.{key}") for key, value in node.value.items()}
        if node.is_sequence:
            return tuple(self.data(value, option) for value in node.value)
        return self.text(node, option)

    def only(self, mapping: Mapping[str, Node], where: str, known: Sequence[str]) -> None:
        """Warn of keys that mean nothing here: Galaxy passes over them in silence."""
        for key, node in mapping.items():
            if key not in known:
                self.problems.warn(
                    node.place, key, f"{where}: {key!r} means nothing here and has no effect", did_you_mean(key, known)
                )

    def _note_meaning(self, node: Node, option: str, hint: str) -> None:
        """Warn where YAML 1.1 makes something else of what is written: 010, 2:00:00, yes."""
        text = str(node.value)
        if node.written is not None and text.lower() != node.written.lower():
            change = f"{masked(option, node.written)} as {masked(option, text)}"
            self.problems.warn(node.place, option, f"{option}: YAML reads {change}", hint)

    def _wrong(self, node: Node, option: str, wanted: str) -> None:
        hidden = node.is_mapping or node.is_sequence or node.value is None or is_secret(option)
        shown = "" if hidden else f" {node.value!r:.60}"
        self.problems.error(
            node.place, option, f"{option}: {node.kind}{shown} where {wanted} is expected", f"write {wanted}"
        )


def _whole(value: object) -> int:
    """Raises ValueError or TypeError for what is no whole number; true is none either."""
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").isascii() and value.strip().lstrip("+-").isdigit():
        return int(value)
    raise ValueError
