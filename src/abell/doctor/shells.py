"""Whether the shells of jobs that run on this machine are there. A cluster's nodes cannot be seen from here."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from abell.backends.contract import Finding
from abell.config.model import Configuration


def shells(configuration: Configuration, destinations: Iterable[str]) -> Iterator[Finding]:
    """One finding for each shell that these destinations use."""
    default = configuration.settings.default_job_shell
    said = (configuration.destinations[name].shell or default for name in destinations)
    for command in dict.fromkeys(said):
        yield shell(command)


def shell(command: str) -> Finding:
    """A command such as `/bin/bash` or `/usr/bin/env bash`; only its first word is looked for."""
    program = shlex.split(command)[0]
    if Path(program).is_file() and os.access(program, os.X_OK):
        return Finding(True, f"{command} is there for job scripts")
    remedy = "install it, or correct `shell` of the destination or `default_job_shell` of the galaxy.yml"
    return Finding(False, f"there is no {program}, the shell of job scripts", remedy)
