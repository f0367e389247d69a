"""Which class is which back end: Abell's own, then those that other packages register.

A package registers a back end by an entry point in the group `abell.backends` (name -> subclass of Backend) and a host
by one in `abell.hosts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from abell.backends.contract import Backend

BUILT_IN: Mapping[str, str] = {"local": "abell.backends.local:Local"}


class UnknownBackendError(LookupError):
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

    Raises UnknownBackendError for a name that nobody registered, ImportError where a package's class cannot be
    loaded, and TypeError where what it registered is no Backend.
    """
    from abell.backends.contract import Backend

    found: Any
    if target := BUILT_IN.get(name):
        module, _, attribute = target.partition(":")
        found = getattr(import_module(module), attribute)
    elif point := third_party().get(name):
        try:
            found = point.load()
        except AttributeError as error:
            raise ImportError(f"the back end {name!r} cannot be loaded from {point.value}: {error}") from error
    else:
        known = ", ".join(sorted({*BUILT_IN, *third_party()}))
        raise UnknownBackendError(f"no back end is named {name!r}; known: {known}")
    if not (isinstance(found, type) and issubclass(found, Backend)):
        raise TypeError(f"the back end {name!r} is not a subclass of abell.backends.contract.Backend")
    return found
