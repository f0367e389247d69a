"""Text from outside, made safe to show: a job's name must not be able to drive somebody's terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text on one line. Whatever is not a visible character (control, bidirectional override, lone
    surrogate, line separator, ...) is shown as its escape, as in Python: a newline is `\\n`, ESC is `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines: newlines and tabs stay."""
    return "\n".join("\t".join(printable(cell) for cell in line.split("\t")) for line in text.split("\n"))
