"""What a client asks for, made sure of before anything is kept: all or nothing, with one clear reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from abell.backends.contract import Backend
from abell.backends.registry import make_backend
from abell.config.model import Destination, Runner
from abell.errors import RefusedError
from abell.job import Request, Resources
from abell.request_json import from_json, to_json
from abell.route.requests import unexpressed
from abell.route.static import Refusal, Route
from abell.shape import is_plain_text, misshapen
from abell.store.statements import NewJob

NOTHING_ASKED = Resources()
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
LARGEST_AMOUNT = 2**40  # slots, MiB or seconds; no DRM takes more
LONGEST_COMMAND = 1_000_000  # characters; what a shell script can hold is not the limit, the database's size is


class Router(Protocol):
    def route(self, request: Request) -> Route | Refusal: ...


def read(plain: Mapping[str, Any]) -> Request:
    """A request from a client's data, or RefusedError."""
    if fault := misshapen(plain):
        raise RefusedError("bad_request", f"not a job request: {fault}", "is the client of this version?")
    request = from_json(plain)
    if problem := fault_in(request):
        raise RefusedError("bad_request", *problem)
    return request


def fault_in(request: Request) -> tuple[str, str] | None:
    """The first thing that is wrong with a request, and a remedy; None if nothing is."""
    words = (request.command,) if isinstance(request.command, str) else request.command
    if not words or not all(isinstance(w, str) for w in words) or not any(w.strip() for w in words[:1]):
        return "the command is empty", "give a command after --"
    if sum(map(len, words)) > LONGEST_COMMAND:
        return f"the command is longer than {LONGEST_COMMAND} characters", "put it in a script file and run that"
    texts = [*words, request.name, request.user, request.username, request.metadata, request.search_path]
    texts += request.env.values()
    if any("\0" in t for t in (*texts, *request.inputs, *(o.path for o in request.outputs))):
        return "a NUL character is in the command, a path or a variable", "remove it: no program can be given one"
    kept = {"name": request.name, "user": request.user, "username": request.username, "tool": request.tool_id}
    for option, text in kept.items():
        if not is_plain_text(text):
            return f"--{option} {text!r} is not valid text", "write it in UTF-8"
    for name in request.env:
        if not VARIABLE.match(name):
            return f"--env {name!r} is not a variable name", "use letters, digits and _, not starting with a digit"
    seen: set[str] = set()
    for output in request.outputs:
        if output.glob is None and not VARIABLE.match(output.name):
            return (
                f"--output {output.name!r} is not a name",
                "use letters, digits and _: it becomes $ABELL_OUTPUT_<name>",
            )
        if output.glob is None and output.name in seen:
            return f"--output {output.name} is given twice", "give each output a name of its own"
        seen.add(output.name)
        if not output.path.startswith("/"):
            return f"the output path {output.path!r} is not absolute", "give the whole path"
    for path in request.inputs:
        if not Path(path).exists():
            return f"--input {path}: there is no such file", "check the path, as the server sees it"
    if request.workdir is not None and not Path(request.workdir).is_dir():
        return f"--workdir {request.workdir}: there is no such directory", "create it, or use --own-workdir"
    asked = request.resources
    for option, value in (("slots", asked.slots), ("mem", asked.memory_mb), ("time", asked.walltime_s)):
        if value is not None and (not isinstance(value, int) or value < 1):
            return f"--{option} {value} is not at least 1", "leave the option out to use the destination's own"
        if value is not None and value > LARGEST_AMOUNT:
            return f"--{option} {value} is more than there can be", "leave the option out to use the destination's own"
    return None


def new_jobs(requests: Sequence[Request], router: Router) -> list[NewJob]:
    """The rows of these requests, each routed; RefusedError names the first that no destination takes."""
    made: list[NewJob] = []
    texts: dict[str, str] = {}  # destination id -> its parameters
    backends: dict[str, Backend] = {}  # runner id -> its back end: one for a message, not one for each job
    for position, request in enumerate(requests, 1):
        routed = router.route(request)
        if isinstance(routed, Refusal):
            which = f"job {position} of {len(requests)}: " if len(requests) > 1 else ""
            raise RefusedError("rejected", which + routed.reason, "abell route shows how a job is routed")
        destination = routed.destination
        if destination.id not in texts:
            texts[destination.id] = params_text(destination)
        made.append(
            NewJob(
                request=json.dumps(to_json(request), separators=(",", ":")),
                name=request.name,
                user_email=request.user,
                username=request.username,
                tool_id=request.tool_id,
                destination_id=destination.id,
                destination_params=texts[destination.id],
                runner=destination.runner,
                notes=_notes(request.resources, routed.runner, destination, backends),
            )
        )
    return made


def _notes(asked: Resources, runner: Runner, destination: Destination, backends: dict[str, Backend]) -> tuple[str, ...]:
    """What the job's story says at once: the requests that its runner cannot pass on."""
    if asked == NOTHING_ASKED:
        return ()
    if runner.id not in backends:
        backends[runner.id] = make_backend(runner.backend, runner.params)
    backend = backends[runner.id]
    missing = backend.unexpressed(asked, destination.params)
    return tuple(unexpressed(name, getattr(asked, name), runner.id) for name in missing)


def params_text(destination: Destination) -> str:
    """The destination's parameters as Galaxy keeps them in its job table."""
    return json.dumps(dict(destination.params), default=str)
