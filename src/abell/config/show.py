"""The effective configuration, for a person or a program to read; secrets are hidden."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from abell.config.model import Configuration, Destination
from abell.config.secrets import masked


def plain(configuration: Configuration) -> dict[str, Any]:
    """The model as plain data: everything that is not empty, without places, secrets hidden."""
    data = asdict(configuration)
    data["destinations"] = {name: _destination(d) for name, d in configuration.destinations.items()}
    data["settings"] = {
        key: str(value) if isinstance(value, PurePath) else value for key, value in data["settings"].items()
    }
    if configuration.settings.umask is not None:
        data["settings"]["umask"] = f"{configuration.settings.umask:03o}"
    hidden: dict[str, Any] = masked("", _without_places(data))
    return hidden


def as_text(configuration: Configuration) -> str:
    """YAML, in the model's own words."""
    import yaml

    return yaml.safe_dump(plain(configuration), sort_keys=False, allow_unicode=False, width=120)


def as_json(configuration: Configuration) -> str:
    return json.dumps(plain(configuration), indent=2)


def _destination(destination: Destination) -> dict[str, Any]:
    """A variable's name tells whether its value is a secret, so the two are shown together."""
    data = asdict(destination)
    data["env"] = [
        {e.kind: {e.name: e.value}} | ({"raw": True} if e.raw else {}) if e.name else {e.kind: e.value}
        for e in destination.env
    ]
    return data


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        cleaned = {k: _without_places(v) for k, v in value.items() if k not in ("place", "default_place")}
        return {k: v for k, v in cleaned.items() if v not in ("", None, (), [], {})}
    if isinstance(value, list | tuple):
        return [_without_places(v) for v in value]
    return value
