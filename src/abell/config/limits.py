"""`limits`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from abell.config.model import Limit
from abell.config.nearest import did_you_mean
from abell.config.shape import Shape
from abell.config.tree import Node

# Galaxy's types. Those of environments have their XML names in the model: one name for one thing.
USER_COUNTS = ("registered_user_concurrent_jobs", "anonymous_user_concurrent_jobs")
DESTINATION_COUNTS = ("destination_user_concurrent_jobs", "destination_total_concurrent_jobs")
DURATIONS = ("walltime", "total_walltime")
_SYNONYMS = {
    "environment_user_concurrent_jobs": "destination_user_concurrent_jobs",
    "environment_total_concurrent_jobs": "destination_total_concurrent_jobs",
    "concurrent_jobs": "destination_user_concurrent_jobs",
}
TYPES = (*USER_COUNTS, *DESTINATION_COUNTS, *DURATIONS, "output_size")

_SIZE = re.compile(r"\d+(\.\d+)?\s*([kmgtpe]i?)?b?(ytes?)?", re.IGNORECASE | re.ASCII)
_CLOCK = re.compile(r"(\d{1,6}):([0-5]?\d):([0-5]?\d)", re.ASCII)


def read_limits(shape: Shape, node: Node | None) -> tuple[Limit, ...]:
    return tuple(_limits(shape, node))


def _limits(shape: Shape, node: Node | None) -> Iterator[Limit]:
    for entry in shape.sequence(node, "limits"):
        fields = shape.mapping(entry, "limits")
        shape.only(fields, "limits", ("type", "id", "tag", "value", "window"))
        written = shape.word(fields.get("type"), "limits.type")
        kind = _SYNONYMS.get(written, written)
        what = f"limits.{written}"
        if kind not in TYPES:
            text = f"limits: {written!r} is no type of limit" if written else "limits: 'type' is missing"
            shape.problems.error(entry.place, "type", text, did_you_mean(written, (*TYPES, *_SYNONYMS)))
            continue
        value = fields.get("value")
        if value is None or value.value in (None, ""):
            continue  # Galaxy's way to write: no limit
        yield Limit(
            type=kind,
            value=_value(shape, value, kind, what),
            id=shape.word(fields.get("id"), f"{what}.id"),
            tag=shape.word(fields.get("tag"), f"{what}.tag"),
            window_days=_window(shape, entry, kind, what),
            place=entry.place,
        )


def _value(shape: Shape, node: Node, kind: str, what: str) -> str:
    if kind in DURATIONS:
        return _duration(shape, node, what)
    if kind == "output_size":
        size = shape.word(node, what)
        if not _SIZE.fullmatch(size):
            shape.problems.error(node.place, "value", f"{what}: {size!r:.60} is no size", "write 10GB, 10g or bytes")
        return size
    return str(shape.integer(node, what, least=0))


def _duration(shape: Shape, node: Node, what: str) -> str:
    """Hours:minutes:seconds. Unquoted, YAML 1.1 reads 24:00:00 as a number of seconds; that means the same."""
    if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value >= 0:
        seconds = node.value
    elif match := _CLOCK.fullmatch(shape.word(node, what)):
        hours, minutes, rest = (int(part) for part in match.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    else:
        shape.problems.error(
            node.place, "value", f"{what}: {node.value!r:.60} is no duration", "write hours:minutes:seconds, '24:00:00'"
        )
        return ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _window(shape: Shape, entry: Node, kind: str, what: str) -> int | None:
    node = entry.value.get("window")
    if node is not None and node.value is not None:
        return shape.integer(node, f"{what}.window", default=1, least=1)
    if kind == "total_walltime":  # Galaxy breaks on this while it runs
        text = f"{what}: 'window' is missing"
        shape.problems.error(entry.place, "window", text, "say over how many days the time is summed: window 30")
    return None
