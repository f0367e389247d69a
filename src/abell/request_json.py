"""A Request to and from plain data, for the socket and the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from abell.job import Output, Request, Resources

_FIELDS = tuple(f.name for f in fields(Request))
_EMPTY: tuple[Any, ...] = ("", None, (), {})


def to_json(request: Request) -> dict[str, Any]:
    """Plain data; what has its default value is left out, so that a waiting job stays small."""
    plain: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(request, name)
        if value not in _EMPTY:
            plain[name] = value
    resources = {k: v for k, v in asdict(request.resources).items() if v is not None}
    del plain["resources"]
    if resources:
        plain["resources"] = resources
    if request.outputs:
        plain["outputs"] = [asdict(o) for o in request.outputs]
    return plain


def from_json(plain: Mapping[str, Any]) -> Request:
    """The inverse; raises TypeError or KeyError for what is not a request."""
    data = dict(plain)
    command = data["command"]
    data["command"] = command if isinstance(command, str) else tuple(command)
    data["resources"] = Resources(**data.get("resources", {}))
    data["tool_classes"] = tuple(data.get("tool_classes", ()))
    data["inputs"] = tuple(data.get("inputs", ()))
    data["outputs"] = tuple(Output(**o) for o in data.get("outputs", ()))
    return Request(**data)
