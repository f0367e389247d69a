"""`abell route`: where a job would go, and why."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from abell.cli import exit_codes
from abell.cli.options import engine_options, job_options, request_of
from abell.cli.session import named_config
from abell.printable import printable


@click.command(context_settings={"allow_interspersed_args": False})
@job_options
@engine_options
def route(root: str | None, config: str | None, as_json: bool, command: tuple[str, ...], **asked: Any) -> int:
    """Say which destination a job would go to, and why. Nothing runs; no engine is needed, nor a command.

    \b
    Examples:
      abell route -c job_conf.yml --tool bwa --user maria@example.org
      abell route -c job_conf.xml --to long_jobs --mem 64G

    The exit code is 122 if the job would be rejected.
    """
    from abell import configured
    from abell.route.requests import requests
    from abell.route.static import Refusal, StaticRouter

    request = request_of(command or ("true",), **asked)
    way = StaticRouter(configured.load(named_config(config))).route(request)
    if isinstance(way, Refusal):
        _say(as_json, {"destination": None, "reason": way.reason}, f"rejected: {way.reason}", way.why)
        return exit_codes.REJECTED
    try:
        why = (*way.why, *requests(request, way, os.environ))
    except ValueError as error:
        _say(as_json, {"destination": None, "reason": str(error)}, f"rejected: {error}", way.why)
        return exit_codes.REJECTED
    said = {"destination": way.destination.id, "runner": way.runner.id}
    _say(as_json, said, f"{way.destination.id} (runner {way.runner.id})", why)
    return 0


def _say(as_json: bool, said: dict[str, Any], title: str, why: tuple[str, ...]) -> None:
    if as_json:
        print(json.dumps({**said, "why": list(why)}))
        return
    print(printable(title))
    for step in why:
        print(f"  {printable(step)}")
