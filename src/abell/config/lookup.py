"""Options of galaxy.yml that a destination may set for itself: its own parameter counts first, then galaxy.yml."""

from __future__ import annotations

from typing import Any

from abell.config.model import Destination, Settings

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


def option(destination: Destination, settings: Settings, name: str) -> Any:
    """The value that counts for jobs of this destination. Texts of XML become what the option's type is."""
    own = destination.params.get(name)
    default = getattr(settings, name)
    if own is None:
        return default
    if isinstance(default, bool):
        return truth(own, name)
    return type(default)(own) if default is not None else own


def truth(value: Any, name: str) -> bool:
    """A boolean as Galaxy reads it, from YAML or from XML's text; ValueError names the option otherwise."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in TRUE | FALSE:
        raise ValueError(f"{name}: {value!r} is neither true nor false")
    return text in TRUE
