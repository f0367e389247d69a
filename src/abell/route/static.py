"""Static routing: which destination a job goes to by the configuration alone, and why.

The first that speaks decides: the destination asked for with the job, the `tools` entry for its tool id, the entry for
its tool class, the default. Everything that does not depend on the job is worked out once, so that a job costs a few
dictionary look-ups.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from abell.config.load_names import is_ours, when
from abell.config.model import Configuration, Destination, Place, Runner, ToolRule
from abell.config.nearest import did_you_mean
from abell.config.references import missing_cli_params
from abell.config.runners import DYNAMIC
from abell.config.tools import CLASSES, normal_id
from abell.job import Request

Choose: TypeAlias = Callable[[Sequence[Destination]], Destination]

# Tools that Galaxy always counts as local, whatever the application says.
LOCAL_TOOLS = frozenset({"upload1", "__data_fetch__"})


@dataclass(frozen=True, slots=True)
class Route:
    destination: Destination
    runner: Runner
    why: tuple[str, ...]  # one line a step, with the place where it was said


@dataclass(frozen=True, slots=True)
class Refusal:
    """No destination may take the job. `reason` says so in one sentence, and what to do."""

    reason: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Target:
    """An id or a tag: the destinations behind it that can run jobs, or why none can."""

    runnable: tuple[Destination, ...]
    obstacle: str
    note: str  # for `why`


class StaticRouter:
    """Routes requests by one configuration. Safe to share between threads."""

    def __init__(self, configuration: Configuration, choose: Choose = random.choice) -> None:
        self._configuration = configuration
        self._choose = choose
        self._targets = _targets(configuration)
        self._by_tool: dict[str, list[ToolRule]] = {}
        self._by_class: dict[str, list[ToolRule]] = {}
        for rule in configuration.tools:
            index, key = (self._by_tool, rule.id) if rule.id else (self._by_class, rule.tool_class)
            index.setdefault(key, []).append(rule)

    def route(self, request: Request) -> Route | Refusal:
        """Where the job goes, or why it goes nowhere. Never raises for what a request contains."""
        if request.destination:
            return self._to(request.destination, f"{request.destination!r} was asked for with the job")
        rule = self._rule(request)
        if rule is not None and rule.destination:
            return self._to(rule.destination, _said(rule))
        default = self._configuration.default_destination
        where = str(self._configuration.default_place) or self._configuration.source or "built-in configuration"
        step = f"{where}: the default is {default!r}"
        if rule is not None:
            return self._to(default, f"{_said(rule)} names no destination", step)
        return self._to(default, step)

    def _rule(self, request: Request) -> ToolRule | None:
        for tool_id in tool_ids(request.tool_id, request.tool_version):
            if rules := self._by_tool.get(tool_id):
                found = _matching(rules, request.params)
                if found is not None:
                    return found
        if self._by_class:
            for name in CLASSES:
                if name in request.tool_classes or (name == "local" and request.tool_id.lower() in LOCAL_TOOLS):
                    found = _matching(self._by_class.get(name, ()), request.params)
                    if found is not None:
                        return found
        return None

    def _to(self, name: str, *why: str) -> Route | Refusal:
        target = self._targets.get(name)
        if target is None:
            hint = did_you_mean(name, self._targets)
            return Refusal(f"no destination has the id or tag {name!r}" + (f" ({hint})" if hint else ""), why)
        if not target.runnable:
            return Refusal(target.obstacle, (*why, target.note))
        destination = target.runnable[0] if len(target.runnable) == 1 else self._choose(target.runnable)
        if destination.id == name:
            why = (*why, target.note)
        else:
            why = (*why, target.note, f"{destination.place}: {destination.id!r} was chosen")
        return Route(destination, self._configuration.runners[destination.runner], why)


def route(configuration: Configuration, request: Request, choose: Choose = random.choice) -> Route | Refusal:
    """One request; for many, keep a StaticRouter."""
    return StaticRouter(configuration, choose).route(request)


def tool_ids(tool_id: str, version: str = "") -> Iterator[str]:
    """All the forms of a tool's id that an entry may use, the most specific first.

    A tool shed's id is `shed/repos/owner/repository/tool/version`; entries may leave out the version, or everything
    but the tool.
    """
    full = normal_id(tool_id)
    if not full:
        return
    head, shed, tail = full.partition("/repos/")
    parts = tail.split("/")
    if shed and len(parts) >= 4:  # owner, repository, tool, version
        versionless = f"{head}{shed}{'/'.join(parts[:3])}"
        yield from (full, versionless, parts[2])
        return
    if version:
        yield f"{full}/{normal_id(version)}"
    yield full
    if shed and len(parts) == 3:
        yield parts[2]


def _matching(rules: Sequence[ToolRule], params: Mapping[str, str]) -> ToolRule | None:
    """The first whose parameters all match, else the first that asks for none."""
    fallback = None
    for rule in rules:
        if not rule.params:
            fallback = fallback or rule
        elif all(params.get(key) == value for key, value in rule.params.items()):
            return rule
    return fallback


def _said(rule: ToolRule) -> str:
    what = f"tool {rule.id!r}" if rule.id else f"tools of class {rule.tool_class!r}"
    having = f" with {', '.join(f'{k}={v}' for k, v in rule.params.items())}" if rule.params else ""
    return f"{rule.place}: the entry for {what}{having}"


def _targets(configuration: Configuration) -> dict[str, _Target]:
    """Every id, and every tag that is not also an id."""
    obstacles = {d.id: obstacle_of(configuration, d) for d in configuration.destinations.values()}
    members: dict[str, list[Destination]] = {}
    for destination in configuration.destinations.values():
        for tag in destination.tags:
            members.setdefault(tag, []).append(destination)
    targets: dict[str, _Target] = {}
    for tag, tagged in members.items():
        runnable = tuple(d for d in tagged if not obstacles[d.id])
        names = ", ".join(d.id for d in tagged)
        obstacle = f"no destination with the tag {tag!r} can run jobs: " + "; ".join(obstacles[d.id] for d in tagged)
        note = f"{tagged[0].place}: the tag {tag!r} stands for {names}"
        targets[tag] = _Target(runnable, obstacle, note)
    for destination in configuration.destinations.values():
        obstacle = obstacles[destination.id]
        note = f"{_where(destination.place)}: destination {destination.id!r}, runner {destination.runner or 'none'!r}"
        targets[destination.id] = _Target(() if obstacle else (destination,), obstacle, note)
    return targets


def _where(place: Place) -> str:
    return str(place) or "built-in configuration"


def obstacle_of(configuration: Configuration, destination: Destination) -> str:
    """Why this destination can run no jobs, and what to do; empty if it can."""
    who = f"the destination {destination.id!r}"
    if not destination.runner:
        return f"{who} has no runner and only stands for limits: send the job to another one"
    if destination.runner == DYNAMIC:
        return f"{who} is dynamic, and rules are not active in this version: name a destination for the job"
    runner = configuration.runners.get(destination.runner)
    if runner is None:
        hint = did_you_mean(destination.runner, configuration.runners)
        return f"{who} names the runner {destination.runner!r}, which is not configured" + (f": {hint}" if hint else "")
    if missing := missing_cli_params(destination, configuration.runners):
        return f"{who} is incomplete: add {' and '.join(missing)}"
    match when(runner.backend):
        case "active":
            return "" if is_ours(runner.backend) else _unusable(runner)
        case "never":
            return f"{who} needs {runner.load}, which Abell does not support: send the job to another destination"
        case _:
            return f"{who} needs the back end {runner.backend!r}, which is not active in this version"


def _unusable(runner: Runner) -> str:
    """Why another package's back end cannot be had; empty if it can."""
    from abell.backends.registry import UnusableBackendError, make_backend

    try:
        make_backend(runner.backend, runner.params)
    except UnusableBackendError as error:
        return str(error)
    return ""
