"""What becomes of a user's requests at a destination: asked for, overridden by the administrator, or added."""

from __future__ import annotations

from collections.abc import Mapping

from abell.backends.registry import make_backend
from abell.config.lookup import truth
from abell.config.model import Destination
from abell.job import Request, Resources
from abell.route.static import Route


def requests(request: Request, route: Route, environment: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each resource that is asked for or given. `environment` is the server's.

    ValueError, as in `prepare`, for a parameter of the destination that cannot be used.
    """
    metadata(request, route.destination)
    backend = make_backend(route.runner.backend, route.runner.params)
    asked = request.resources
    given = backend.effective(asked, route.destination.params, environment)
    lines = []
    for name in Resources.__dataclass_fields__:
        if name in backend.unexpressed(asked):
            lines.append(unexpressed(name, getattr(asked, name), route.runner.id))
        elif getattr(asked, name) is not None or getattr(given, name) is not None:
            lines.append(_line(name, getattr(asked, name), getattr(given, name), route.destination.id))
    return tuple(lines)


def metadata(request: Request, destination: Destination) -> str:
    """The metadata command, which runs inside the job: a destination that forbids that can have no such jobs.

    ValueError says so.
    """
    own = destination.params.get("embed_metadata_in_job")
    if request.metadata and own is not None and not truth(own, "embed_metadata_in_job"):
        raise ValueError(
            f"embed_metadata_in_job is false for the destination {destination.id}, and the job has a metadata command "
            "(remedy: remove that parameter, or submit without --metadata)"
        )
    return request.metadata


def unexpressed(name: str, asked: object, runner: str) -> str:
    return f"{name}: {asked} was asked for, and the runner {runner} has no way to ask for it"


def _line(name: str, asked: object, given: object, destination: str) -> str:
    if asked is None:
        return f"{name}: {given}, by the destination {destination} or the server's default"
    if asked == given:
        return f"{name}: {given}, as asked for"
    return f"{name}: {given}, not {asked} as asked for: the options of the destination {destination} win"
