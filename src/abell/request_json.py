"""A Request to and from plain data, for the socket and the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from abell.job import Output, Request, Resources


def to_json(request: Request) -> dict[str, Any]:
    """Plain data; what has its default value is left out, so that a waiting job stays small."""
    plain = {k: v for k, v in asdict(request).items() if v not in ("", None, (), {})}
    plain["resources"] = {k: v for k, v in plain["resources"].items() if v is not None}
    if not plain["resources"]:
        del plain["resources"]
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
