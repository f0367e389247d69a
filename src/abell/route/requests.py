"""What becomes of a user's requests at a destination: asked for, overridden by the administrator, or added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from abell.backends.registry import backend_class
from abell.job import Request, Resources
from abell.route.static import Route


def requests(request: Request, route: Route, environment: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each resource that is asked for or given. `environment` is the server's.

    ValueError, as in `prepare`, for a parameter of the destination that cannot be used.
    """
    backend = backend_class(route.runner.backend)()
    given = backend.effective(request.resources, route.destination.params, environment)
    return tuple(
        _line(field.name, getattr(request.resources, field.name), getattr(given, field.name), route.destination.id)
        for field in fields(Resources)
        if getattr(request.resources, field.name) is not None or getattr(given, field.name) is not None
    )


def _line(name: str, asked: object, given: object, destination: str) -> str:
    if asked is None:
        return f"{name}: {given}, by the destination {destination} or the server's default"
    if asked == given:
        return f"{name}: {given}, as asked for"
    return f"{name}: {given}, not {asked} as asked for: the options of the destination {destination} win"
