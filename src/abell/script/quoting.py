"""Text into shell words: POSIX sh, whatever the text is."""

from __future__ import annotations

import re
from shlex import quote

# Inside double quotes a backslash escapes only these (POSIX.1-2017, Shell Command Language 2.2.3).
_DOUBLE = re.compile(r'\\([$`\\\n])|\\|"')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_GLOB = re.compile(r"[*?]|\[[!^]?\]?[^\]/]*\]", re.DOTALL)
_BRACKET_SAFE = re.compile(r"[^A-Za-z0-9_.:!^\[\]-]")
_RESERVED = "abell_"


def literal(text: str) -> str:
    """One word that means exactly `text`. A NUL byte, which no argument or variable can hold, is a ValueError."""
    if "\0" in text:
        raise ValueError(f"a NUL byte cannot be passed to a command: {text!r}")
    return quote(text)


def expanding(text: str) -> str:
    """`text` in double quotes as Galaxy writes the values of `env`: `$VAR` and `$(command)` are expanded.

    Unlike Galaxy's, a backslash before a quote or at the end is a backslash, so that no value leaves its quotes.
    """
    if "\0" in text:
        raise ValueError(f"a NUL byte cannot be passed to a command: {text!r}")
    return '"' + _DOUBLE.sub(lambda m: m[0] if m[1] else "\\" + m[0], text) + '"'


def variable(name: str, what: str) -> str:
    """`name`, if a shell can assign it and the script does not use it itself; else ValueError."""
    if not _NAME.match(name):
        raise ValueError(
            f"{what} {name!r} is not a variable name: use letters, digits and _, not beginning with a digit"
        )
    if name.startswith(_RESERVED):
        raise ValueError(f"{what} {name!r}: names beginning with {_RESERVED} belong to the job script")
    return name


def pattern(text: str) -> str:
    """A relative glob pattern as a word that the shell expands, everything but `*`, `?` and `[...]` literal."""
    if not text or text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f"output pattern {text!r} must be relative to the working directory, without '..'")
    word, end = ["./"], 0
    for m in _GLOB.finditer(text):
        word.append(_literal_part(text[end : m.start()]))
        word.append(_BRACKET_SAFE.sub(lambda c: literal(c[0]), m[0]) if m[0].startswith("[") else m[0])
        end = m.end()
    word.append(_literal_part(text[end:]))
    return "".join(word)


def _literal_part(text: str) -> str:
    return literal(text) if text else ""
