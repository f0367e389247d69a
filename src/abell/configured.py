"""The configuration for whoever talks to a person: the model, or one `AbellError` that lists all its problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abell.errors import AbellError

if TYPE_CHECKING:
    from abell.config.model import Configuration


def load(path: str | None) -> Configuration:
    """None is the built-in configuration, and costs no parser."""
    if path is None:
        from abell.config.model import default_configuration

        return default_configuration()
    from abell import config

    try:
        return config.load(path).configuration
    except config.ConfigurationError as error:
        raise AbellError(f"the configuration cannot be used:\n{error}", "abell config check says more") from error
