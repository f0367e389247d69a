"""What would be done for a job, down to the script and the very command; nothing is written, nothing runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from abell.backends.contract import Ask, Call, Unreachable
from abell.backends.registry import make_backend
from abell.config.model import Configuration
from abell.engine.live import Live
from abell.engine.prepare import Layout, prepare
from abell.job import Request, State
from abell.route.static import Refusal, Route, StaticRouter

KEY = "a" + "x" * 13  # stands where a submission has its random key
TOKEN = "0" * 32  # and its random bell


@dataclass(frozen=True, slots=True)
class DryRun:
    """`files`: name -> content of what would be written; `commands`: what would be run or asked, in order."""

    route: Route
    directory: str
    files: Mapping[str, str]
    commands: Sequence[str]


def dry_run(
    configuration: Configuration, request: Request, root: Path, environment: Mapping[str, str]
) -> DryRun | Refusal:
    """The script and the submission of this request as job 1 of the root. ValueError as `prepare`."""
    routed = StaticRouter(configuration).route(request)
    if isinstance(routed, Refusal):
        return routed
    layout = Layout.of(root, configuration.settings)
    backend = make_backend(routed.runner.backend, routed.runner.params)
    live = Live(
        job_id=1,
        number=1,
        key=KEY,
        runner=routed.runner.id,
        destination=routed.destination,
        request=request,
        directory=layout.attempt(1, 1),
        state=State.SUBMITTING,
        bell=TOKEN if backend.rings else "",
    )
    made = prepare(live, routed.runner, backend, configuration.settings, layout, environment)
    commands = []
    steps = backend.submit([made.submission])
    try:
        want = next(steps)
        while True:
            if isinstance(want, Call):
                variables = [f"{name}={value}" for name, value in want.env.items()]
                commands.append(shlex.join((*(("env", *variables) if variables else ()), *want.argv)))
                want = steps.send(Unreachable("this is a dry run"))
            elif isinstance(want, Ask):
                commands.append(f"{want.peer}: {want.verb} {json.dumps(want.data, indent=2, default=str)}")
                want = steps.send(Unreachable("this is a dry run"))
            else:
                want = steps.send(None)
    except StopIteration:
        pass
    files = {
        name: content if isinstance(content, str) else content.decode(errors="replace")
        for name, content in made.files.items()
    }
    return DryRun(routed, str(live.directory), files, commands)
