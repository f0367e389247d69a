"""`handling` (XML: handlers): which server processes there are, and how jobs come to them."""

from __future__ import annotations

from abell.config.model import Handler, Handling
from abell.config.nearest import did_you_mean
from abell.config.shape import Shape
from abell.config.tree import Node

METHODS = ("mem-self", "db-self", "db-preassign", "db-transaction-isolation", "db-skip-locked")
_KEYS = ("assign", "assign_with", "max_grab", "ready_window_size", "default", "processes")


def read_handling(shape: Shape, node: Node | None) -> Handling:
    fields = shape.mapping(node, "handling")
    shape.only(fields, "handling", _KEYS)
    if "assign_with" in fields:
        text = "handling: in YAML Galaxy ignores 'assign_with' in silence, and so jobs are assigned by default"
        shape.problems.warn(fields["assign_with"].place, "assign_with", text, "write 'assign: [METHOD]'")
    assign = shape.words(fields.get("assign"), "handling.assign")
    for method in assign:
        if method not in METHODS:
            text = f"handling.assign: {method!r} is no way to assign jobs"
            shape.problems.error(fields["assign"].place, "assign", text, did_you_mean(method, METHODS))
    grab = fields.get("max_grab")
    return Handling(
        assign=assign,
        max_grab=None if grab is None or grab.value is None else shape.integer(grab, "handling.max_grab", 1, least=1),
        ready_window_size=shape.integer(fields.get("ready_window_size"), "handling.ready_window_size", 100, least=1),
        default=shape.word(fields.get("default"), "handling.default"),
        handlers={
            name: _handler(shape, name, entry)
            for name, entry in shape.mapping(fields.get("processes"), "handling.processes").items()
        },
    )


def _handler(shape: Shape, name: str, entry: Node) -> Handler:
    what = f"handling.processes.{name}"
    fields = shape.mapping(entry, what)
    shape.only(fields, what, ("tags", "plugins", "environment"))
    environment = shape.mapping(fields.get("environment"), f"{what}.environment")
    return Handler(
        id=name,
        tags=shape.words(fields.get("tags"), f"{what}.tags"),
        plugins=shape.words(fields.get("plugins"), f"{what}.plugins"),
        environment={key: shape.text(value, f"{what}.environment.{key}") for key, value in environment.items()},
        place=entry.place,
    )
