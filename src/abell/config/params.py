"""Parameters of runners and destinations: known ones get their type, the DRM's own stay text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abell.config.load_names import is_ours, when
from abell.config.native import check_native
from abell.config.nearest import did_you_mean
from abell.config.options import Option, destination_names, destination_option, plugin_names, plugin_option
from abell.config.shape import FALSE, TRUE, Shape
from abell.config.tree import Node

RUNNER_KEYS = frozenset({"load", "workers"})  # what every runner has beside its parameters
DESTINATION_KEYS = frozenset({"id", "runner", "tags", "shell", "env", "resubmit", "metrics"})


def gather(
    shape: Shape, entry: Mapping[str, Node], own_keys: frozenset[str], nested: tuple[str, ...], what: str
) -> dict[str, Node]:
    """The parameters of an entry: flat beside its own keys, or nested under `params` (or `kwds`).

    Given both, Galaxy forgets the flat ones; here they count, with a warning.
    """
    flat = {key: node for key, node in entry.items() if key not in own_keys and key not in nested}
    inside: dict[str, Node] = {}
    for name in nested:
        inside |= shape.mapping(entry.get(name), f"{what}.{name}")
    if inside:
        for key, node in flat.items():
            text = f"{what}: {key!r} stands beside {nested[0]!r}; Galaxy would forget it, Abell takes both"
            shape.problems.warn(node.place, key, text, f"move it into {nested[0]!r}")
    return flat | inside


def take_enabled(shape: Shape, params: dict[str, Node], what: str) -> bool:
    """Removes `enabled` from the parameters; false means that the whole entry is left out."""
    return shape.boolean(params.pop("enabled", None), f"{what}.enabled", default=True)


def runner_params(shape: Shape, params: Mapping[str, Node], backend: str, what: str, strict: bool) -> dict[str, Any]:
    """A runner's parameters, typed; unknown ones are errors, as in Galaxy, where `strict`."""
    typed: dict[str, Any] = {}
    for name, node in params.items():
        option = plugin_option(name, backend)
        if option is not None:
            typed[name] = _typed(shape, option, node, f"{what}.{name}")
        elif strict:
            hint = did_you_mean(name, (*plugin_names(backend), *RUNNER_KEYS), "a destination may have it instead")
            shape.problems.error(node.place, name, f"{what}: a {backend} runner has no parameter {name!r}", hint)
        else:
            typed[name] = shape.data(node, f"{what}.{name}")
    return typed


def destination_params(shape: Shape, params: Mapping[str, Node], backend: str, what: str) -> dict[str, Any]:
    """A destination's parameters; those that nobody knows are for its DRM."""
    typed: dict[str, Any] = {}
    for name, node in params.items():
        option = destination_option(name, backend)
        if option is None:
            if is_ours(backend) and when(backend) == "active":
                _warn_if_mistyped(shape, node, name, backend, what)
            typed[name] = shape.data(node, f"{what}.{name}")
            continue
        value = _typed(shape, option, node, f"{what}.{name}")
        if value is not None:
            typed[name] = value
    check_native(shape, params, typed, backend, what)
    return typed


def _warn_if_mistyped(shape: Shape, node: Node, name: str, backend: str, what: str) -> None:
    """No DRM gets it by its own name from these runners. What is like no option may be for somebody's rules."""
    from difflib import get_close_matches

    if near := get_close_matches(name, (*destination_names(backend), *DESTINATION_KEYS), n=1, cutoff=0.8):
        text = f"{what}: a {backend} destination has no option {name!r}, and nothing comes of it"
        shape.problems.warn(node.place, name, text, f"did you mean {near[0]!r}?")


def _typed(shape: Shape, option: Option, node: Node, what: str) -> Any:
    """None: as if it were not written."""
    match option.kind:
        case "whole":
            return shape.integer(node, what, least=1 if option.name == "local_slots" else 0)
        case "number":
            return shape.number(node, what, 0.0)
        case "bool":
            return shape.boolean(node, what)
        case "auto|N":
            return "auto" if shape.word(node, what) == "auto" else shape.integer(node, what, default=1, least=1)
        case "tmp_dir":
            return _tmp_dir(shape, node, what)
        case "text" | "path":
            return shape.text(node, what)
        case "data":
            return shape.data(node, what)
        case _:
            return shape.choice(node, what, option.kind.split("|"), option.default)


def _tmp_dir(shape: Shape, node: Node, what: str) -> str | bool | None:
    """True: a directory of the job's own; text: a shell expression for the directory.

    Galaxy takes `false` for the name of a directory; here it means the same as nothing.
    """
    word = shape.text(node, what).strip()
    if word.lower() in TRUE:
        return True
    if word.lower() in FALSE:
        if word:
            text = f"{what}: {word!r} is no directory; jobs get a tmp directory of their own"
            shape.problems.warn(node.place, "tmp_dir", text, "leave it out, or name a directory")
        return None
    return word
