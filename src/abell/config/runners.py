"""`runners` (XML: plugins)."""

from __future__ import annotations

from dataclasses import dataclass, field

from abell.config import load_names
from abell.config.model import Runner
from abell.config.nearest import did_you_mean
from abell.config.params import RUNNER_KEYS, gather, runner_params, take_enabled
from abell.config.shape import Shape
from abell.config.tree import Node

DYNAMIC = "dynamic"  # always there, not a real plugin: its jobs get a destination by rules


@dataclass(slots=True)
class Runners:
    usable: dict[str, Runner] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)  # their own error is enough


def read_runners(shape: Shape, node: Node | None) -> Runners:
    found = Runners()
    for name, entry in shape.mapping(node, "runners").items():
        what = f"runners.{shape.name(name, entry, 'runners')}"
        fields = shape.mapping(entry, what)
        params = gather(shape, fields, RUNNER_KEYS, ("kwds", "params"), what)
        if not take_enabled(shape, params, what):
            found.disabled.add(name)
            continue
        runner = _runner(shape, name, entry, params)
        if runner is None:
            found.broken.add(name)
        else:
            found.usable[name] = runner
    return found


def _runner(shape: Shape, name: str, entry: Node, params: dict[str, Node]) -> Runner | None:
    what = f"runners.{name}"
    fields = shape.mapping(entry, what)
    workers = shape.integer(fields.get("workers"), f"{what}.workers", default=4, least=1)
    load = shape.word(fields.get("load"), f"{what}.load")
    if name == DYNAMIC:
        rules = {key: shape.data(node, f"{what}.{key}") for key, node in params.items()}
        return Runner(name, load, DYNAMIC, workers, rules, entry.place)
    if not load:
        hint = "load: galaxy.jobs.runners.local:LocalJobRunner, or a short name such as local"
        shape.problems.error(entry.place, "load", f"{what}: 'load' is missing", hint)
        return None
    meaning = load_names.resolve(load)
    place = fields["load"].place
    if meaning.when == "unknown":
        hint = did_you_mean(
            load, load_names.spellings(), "other packages register back ends by the entry point group abell.backends"
        )
        shape.problems.error(place, "load", f"{what}: unknown runner {load!r}", hint)
        return None
    if meaning.when == "never":
        text = f"{what}: Abell does not support {load}; jobs routed to it are refused"
        shape.problems.warn(place, "load", text, "route its jobs to another destination")
    strict = meaning.when != "never" and load_names.is_ours(meaning.backend)
    typed = runner_params(shape, params, meaning.backend, what, strict)
    return Runner(name, load, meaning.backend, workers, typed, entry.place)
