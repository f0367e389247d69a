"""Which class is which back end: Abell's own, then those that other packages register.

A package registers a back end by an entry point in the group `abell.backends` (name -> subclass of Backend) and a host
by one in `abell.hosts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from abell.errors import AbellError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from abell.backends.contract import Backend

BUILT_IN: Mapping[str, str] = {
    "local": "abell.backends.local:Local",
    "slurm": "abell.backends.slurm:Slurm",
    "drmaa": "abell.backends.drmaa:Drmaa",
    "gridengine": "abell.backends.gridengine:GridEngine",
    "univa": "abell.backends.univa:Univa",
}


class UnusableBackendError(AbellError):
    """A back end that cannot be had, and why."""


class UnknownBackendError(UnusableBackendError):
    """No back end has this name."""


@cache
def third_party() -> Mapping[str, EntryPoint]:
    """Back ends of other packages, not loaded yet. Looked up once, and only when a name is not our own."""
    return _entry_points("abell.backends")


@cache
def third_party_hosts() -> Mapping[str, EntryPoint]:
    """Hosts of other packages, not loaded yet."""
    return _entry_points("abell.hosts")


def _entry_points(group: str) -> Mapping[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=group)}


def backend_class(name: str) -> type[Backend]:
    """The class of a back end.

    Raises UnknownBackendError for a name that nobody registered, and UnusableBackendError where a package's class
    cannot be loaded, is no Backend, or lacks what every back end must say.
    """
    from abell.backends.contract import Backend

    found: Any
    if target := BUILT_IN.get(name):
        module, _, attribute = target.partition(":")
        found = getattr(import_module(module), attribute)
    elif point := third_party().get(name):
        try:
            found = point.load()
        except Exception as error:  # another package's code runs here, and may do anything
            raise UnusableBackendError(f"the back end {name!r} cannot be loaded from {point.value}: {error}") from error
    else:
        known = ", ".join(sorted({*BUILT_IN, *third_party()}))
        raise UnknownBackendError(f"no back end is named {name!r}; known: {known}")
    if not (isinstance(found, type) and issubclass(found, Backend)):
        raise UnusableBackendError(f"the back end {name!r} is not a subclass of abell.backends.contract.Backend")
    if not found.own_id:
        raise UnusableBackendError(
            f"the back end {name!r} has no `own_id`: without the DRM's id in the run lock, a submission in doubt could "
            "never be settled"
        )
    return found


def make_backend(name: str, runner_params: Mapping[str, Any], here: str = "") -> Backend:
    """The back end of a runner with these parameters, for one of its DRM's clusters. Raises UnusableBackendError."""
    found = backend_class(name)
    try:
        made = found(runner_params)
        made.here = here
        return made
    except Exception as error:  # as above
        why = f"{type(error).__name__}: {error}"
        raise UnusableBackendError(f"the back end {name!r} cannot be made: {why}") from error
