"""Whether plain data has the shape of a job request: every member known, each of its type."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

Test = Callable[[Any], bool]


def misshapen(plain: Mapping[str, Any]) -> str:
    """What is wrong with it; '' if nothing is."""
    if "command" not in plain:
        return "it has no command"
    return _first_fault(plain, _REQUEST)


def is_plain_text(value: object) -> bool:
    """A text that UTF-8 can say, as a database column must."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _first_fault(plain: Mapping[str, Any], members: Mapping[str, tuple[Test, str]]) -> str:
    for name, value in plain.items():
        if name not in members:
            return f"{name[:40]!r} is not known"
        test, meaning = members[name]
        if not test(value):
            return f"{name} is {meaning}"
    return ""


def _text(value: object) -> bool:
    """One that the operating system can be given: bytes that are not UTF-8 stand in it as Python escapes them."""
    try:
        return isinstance(value, str) and bool(os.fsencode(value) or True)
    except UnicodeEncodeError:
        return False


def _text_or_none(value: object) -> bool:
    return value is None or _text(value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _mapping(value: object) -> bool:
    return isinstance(value, dict) and all(_text(k) and _text(v) for k, v in value.items())


def _count_or_none(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)


def _outputs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(o, dict) and {"name", "path"} <= o.keys() and not _first_fault(o, _OUTPUT) for o in value
    )


_TEXT = (_text, "a text")
_RESOURCES: Mapping[str, tuple[Test, str]] = {
    **dict.fromkeys(("slots", "memory_mb", "walltime_s", "gpus"), (_count_or_none, "a whole number")),
    **dict.fromkeys(("queue", "account"), (_text_or_none, "a text")),
}
_OUTPUT: Mapping[str, tuple[Test, str]] = {"name": _TEXT, "path": _TEXT, "glob": (_text_or_none, "a text")}
_REQUEST: Mapping[str, tuple[Test, str]] = {
    "command": (lambda v: _text(v) or _texts(v), "a text or a list of texts"),
    **dict.fromkeys(
        ("name", "user", "username", "tool_id", "tool_version", "destination", "search_path", "metadata"), _TEXT
    ),
    "workdir": (_text_or_none, "a text"),
    **dict.fromkeys(("tool_classes", "inputs"), (_texts, "a list of texts")),
    **dict.fromkeys(("env", "params"), (_mapping, "an object of texts")),
    "resources": (lambda v: isinstance(v, dict) and not _first_fault(v, _RESOURCES), "an object of amounts"),
    "outputs": (_outputs, "a list of objects with name, path and glob"),
}
