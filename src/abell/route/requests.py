"""What becomes of a user's requests at a destination: asked for, overridden by the administrator, or added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from abell.backends.contract import Backend
from abell.backends.registry import make_backend
from abell.config.lookup import truth
from abell.config.model import Destination
from abell.job import Request, Resources
from abell.route.static import Route


def requests(request: Request, route: Route, environment: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each resource that is asked for or given. `environment` is the server's.

    ValueError, as in `prepare`, for a parameter of the destination that cannot be used, and for what can never be had.
    """
    metadata(request, route.destination)
    backend = make_backend(route.runner.backend, route.runner.params)
    requeue(route.destination, backend)
    asked = request.resources

    def effective(asked: Resources, environment: Mapping[str, str] = environment) -> Resources:
        return backend.effective(asked, route.destination.params, environment)

    given = effective(asked)
    if never := backend.impossible(given, route.runner.id):
        raise ValueError(never)
    lines = []
    for name in Resources.__dataclass_fields__:
        theirs, ours = getattr(asked, name), getattr(given, name)
        if name in backend.unexpressed(asked, route.destination.params):
            lines.append(unexpressed(name, theirs, route.runner.id))
        elif theirs is not None:
            lines.append(_answer(name, theirs, ours, route.destination.id))
        elif ours is not None:
            lines.append(f"{name}: {ours}, {_origin(name, asked, ours, effective, route.destination.id)}")
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


def requeue(destination: Destination, backend: Backend) -> bool:
    """Whether the DRM may start jobs of this destination again by itself.

    ValueError where that is asked for and the back end cannot have it so.
    """
    wanted = truth(destination.params.get("requeue", False), "requeue")
    if wanted and not backend.requeues:
        raise ValueError(
            f"requeue is true for the destination {destination.id}, and its DRM ({backend.name}) starts no job again "
            "by itself (remedy: remove that parameter)"
        )
    return wanted


def unexpressed(name: str, asked: object, runner: str) -> str:
    return f"{name}: {asked} was asked for, and the runner {runner} has no way to ask for it"


def _answer(name: str, asked: object, given: object, destination: str) -> str:
    if asked == given:
        return f"{name}: {given}, as asked for"
    return f"{name}: {given}, not {asked} as asked for: the options of the destination {destination} win"


def _origin(name: str, asked: Resources, given: Any, effective: Callable[..., Resources], destination: str) -> str:
    """Who gave what nobody asked for. What a request cannot change is the destination's."""
    other: dict[str, Any] = {name: given + 1 if isinstance(given, int) else f"not-{given}"}
    if getattr(effective(replace(asked, **other)), name) == given:
        return f"by the destination {destination}"
    if getattr(effective(asked, {}), name) != given:
        return "by the server's environment"
    return "the default"
