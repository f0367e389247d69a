"""`resources`: named groups of the parameters that a tool's form offers."""

from __future__ import annotations

from abell.config.model import ResourceGroups
from abell.config.nearest import did_you_mean
from abell.config.shape import Shape
from abell.config.tree import Node


def read_resources(shape: Shape, node: Node | None) -> ResourceGroups:
    fields = shape.mapping(node, "resources")
    shape.only(fields, "resources", ("default", "groups"))
    groups = {
        name: shape.words(entry, f"resources.groups.{name}")
        for name, entry in shape.mapping(fields.get("groups"), "resources.groups").items()
    }
    default = shape.word(fields.get("default"), "resources.default")
    if default and default not in groups:
        text = f"resources.default: no group is named {default!r}"
        shape.problems.error(fields["default"].place, "default", text, did_you_mean(default, groups))
    return ResourceGroups(default, groups)
