"""`execution` (XML: destinations)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from abell.config.model import Destination, EnvEntry, Metrics, Resubmit
from abell.config.params import DESTINATION_KEYS, destination_params, gather, take_enabled
from abell.config.runners import DYNAMIC, Runners
from abell.config.shape import FALSE, Shape
from abell.config.tree import Node

# Galaxy's short form for the rules of Total Perspective Vortex.
_TPV = {"type": "python", "function": "map_tool_to_destination", "rules_module": "tpv.rules"}


@dataclass(slots=True)
class Destinations:
    usable: dict[str, Destination] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)


def read_destinations(shape: Shape, node: Node | None, runners: Runners) -> Destinations:
    found = Destinations()
    for name, entry in _entries(shape, node):
        what = f"environments.{shape.name(name, entry, 'environments')}"
        fields = shape.mapping(entry, what)
        params = gather(shape, fields, DESTINATION_KEYS, ("params",), what)
        if not take_enabled(shape, params, what):
            found.disabled.add(name)
        elif name in found.usable:
            line = found.usable[name].place.line
            text = f"duplicate environment id {name!r}; the first is in line {line}"
            shape.problems.error(entry.place, name, text, "give each its own id")
        else:
            found.usable[name] = _destination(shape, name, entry, params, runners)
    return found


def _entries(shape: Shape, node: Node | None) -> Iterator[tuple[str, Node]]:
    """Environments are a mapping by id, or a list of mappings that hold their id."""
    if node is None or not node.is_sequence:
        yield from shape.mapping(node, "environments").items()
        return
    for entry in node.value:
        name = shape.word(shape.mapping(entry, "environments").get("id"), "environments.id")
        if name:
            yield name, entry
        else:
            shape.problems.error(entry.place, "id", "an environment without an id", "add 'id: NAME'")


def _destination(shape: Shape, name: str, entry: Node, params: dict[str, Node], runners: Runners) -> Destination:
    what = f"environments.{name}"
    fields = shape.mapping(entry, what)
    runner = shape.word(fields.get("runner"), f"{what}.runner")
    backend = runners.usable[runner].backend if runner in runners.usable else ""
    typed: dict[str, Any] = destination_params(shape, params, backend, what)
    if runner == "dynamic_tpv":
        runner, typed = DYNAMIC, _TPV | typed
    return Destination(
        id=name,
        runner=runner,
        tags=shape.words(fields.get("tags"), f"{what}.tags"),
        params=typed,
        env=tuple(_env(shape, fields.get("env"), what)),
        shell=shape.shell(fields.get("shell"), f"{what}.shell"),
        resubmit=tuple(_resubmit(shape, fields.get("resubmit"), what)),
        metrics=_metrics(shape, fields.get("metrics"), what),
        place=entry.place,
    )


def _env(shape: Shape, node: Node | None, what: str) -> Iterator[EnvEntry]:
    """Of several kinds in one entry Galaxy takes the file first, then the command, then the variable."""
    for entry in shape.sequence(node, f"{what}.env"):
        fields = shape.mapping(entry, f"{what}.env")
        shape.only(fields, f"{what}.env", ("name", "value", "file", "execute", "raw"))
        if "file" in fields:
            yield EnvEntry("file", shape.text(fields["file"], f"{what}.env.file"))
        elif "execute" in fields:
            yield EnvEntry("execute", shape.text(fields["execute"], f"{what}.env.execute"))
        elif name := shape.word(fields.get("name"), f"{what}.env.name"):
            if not (name.isascii() and name.isidentifier()):
                text = f"{what}.env: {name!r} is no name for a variable"
                shape.problems.error(entry.place, "name", text, "letters, digits and _, not a digit first")
                continue
            value = shape.text(fields.get("value"), f"{what}.env.{name}")
            yield EnvEntry("variable", value, name, shape.boolean(fields.get("raw"), f"{what}.env.raw"))
        else:
            text = f"{what}.env: an entry sets nothing"
            shape.problems.error(entry.place, "env", text, "give it 'name' and 'value', 'file', or 'execute'")


def _resubmit(shape: Shape, node: Node | None, what: str) -> Iterator[Resubmit]:
    for entry in shape.sequence(node, f"{what}.resubmit"):
        fields = shape.mapping(entry, f"{what}.resubmit")
        shape.only(fields, f"{what}.resubmit", ("condition", "environment", "destination", "handler", "delay"))
        target = fields.get("environment")
        if target is None and "destination" in fields:
            target = fields["destination"]
            text = f"{what}.resubmit: Galaxy's YAML calls 'destination' 'environment' and would not see this one"
            shape.problems.warn(target.place, "destination", text, "write 'environment'")
        yield Resubmit(
            condition=shape.word(fields.get("condition"), f"{what}.resubmit.condition"),
            destination=shape.word(target, f"{what}.resubmit.environment"),
            handler=shape.word(fields.get("handler"), f"{what}.resubmit.handler"),
            delay=shape.word(fields.get("delay"), f"{what}.resubmit.delay"),
        )


def _metrics(shape: Shape, node: Node | None, what: str) -> Metrics | None:
    """A list of plugins (an empty one disables), `{src, path}`, or, in XML's attribute, a path or `off`."""
    option = f"{what}.metrics"
    if node is None or node.value is None:
        return None
    if node.is_sequence:
        plugins = tuple(
            {key: shape.text(value, option) for key, value in shape.mapping(plugin, option).items()}
            for plugin in node.value
        )
        return Metrics("list", plugins=plugins) if plugins else Metrics("disabled")
    if not node.is_mapping:
        path = shape.word(node, option)
        return Metrics("disabled") if path.lower() in FALSE else Metrics("path", path)
    shape.only(node.value, option, ("src", "path"))
    source = shape.choice(node.value.get("src"), f"{option}.src", ("default", "disabled", "path"), "default")
    path = shape.text(node.value.get("path"), f"{option}.path")
    if source == "path" and not path:
        shape.problems.error(node.place, "path", f"{option}: 'path' is missing", "add 'path: FILE'")
    return Metrics(source, path if source == "path" else "")
