"""`tools`: which tool goes where."""

from __future__ import annotations

from collections.abc import Iterator

from abell.config.model import ToolRule
from abell.config.params import gather
from abell.config.shape import Shape
from abell.config.tree import Node

CLASSES = ("local", "requires_galaxy", "user_defined")  # a tool of several classes follows the first
_OWN_KEYS = frozenset({"id", "class", "environment", "destination", "handler", "resources"})


def normal_id(tool_id: str) -> str:
    """Tool ids compare in lower case and without a trailing slash."""
    return tool_id.strip().lower().rstrip("/")


def read_tools(shape: Shape, node: Node | None) -> tuple[ToolRule, ...]:
    return tuple(_rules(shape, node))


def _rules(shape: Shape, node: Node | None) -> Iterator[ToolRule]:
    for entry in shape.sequence(node, "tools"):
        fields = shape.mapping(entry, "tools")
        tool, cls = shape.word(fields.get("id"), "tools.id"), shape.word(fields.get("class"), "tools.class")
        if bool(tool) == bool(cls):
            text = "tools: an entry with both 'id' and 'class'" if tool else "tools: an entry with neither id nor class"
            shape.problems.error(entry.place, "id", text, "give it 'id: TOOL' or 'class: CLASS'")
            continue
        what = f"tools.{tool or cls}"
        if cls:
            shape.choice(fields["class"], "tools.class", CLASSES, "")
        params = gather(shape, fields, _OWN_KEYS, ("params",), what)
        target = fields.get("environment", fields.get("destination"))
        yield ToolRule(
            id=normal_id(tool),
            tool_class=cls,
            destination=shape.word(target, f"{what}.environment"),
            handler=shape.word(fields.get("handler"), f"{what}.handler"),
            resources=shape.word(fields.get("resources"), f"{what}.resources"),
            params={key: shape.text(value, f"{what}.{key}") for key, value in params.items()},
            place=entry.place,
        )
