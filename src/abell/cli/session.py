"""What every verb that talks to an engine begins with."""

from __future__ import annotations

import shlex
from pathlib import Path

from abell.client.client import Client
from abell.client.connect import Wish
from abell.errors import OptionError
from abell.root import choose_root


def named_config(config: str | None) -> str | None:
    """Absolute, links kept; raises OptionError if there is no such file."""
    if config is None:
        return None
    path = Path(config).absolute()
    if not path.is_file():
        raise OptionError("--config", config, "there is no such file")
    return str(path)


def to_submit(root: str | None, config: str | None) -> Client:
    """An engine with exactly this configuration, for new jobs."""
    named = named_config(config)
    return Client(Wish(choose_root(root, named), named))


def to_look(root: str | None, config: str | None) -> Client:
    """Whatever engine has the jobs of this root."""
    named = named_config(config)
    return Client(Wish(choose_root(root, named), named, any_config=True))


def remedy(verb: str, job: int, root: str | None) -> str:
    """A command to look further, which works as it stands."""
    return f"abell {verb} {job}" if root is None else f"abell {verb} --root {shlex.quote(root)} {job}"
