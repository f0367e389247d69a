"""Names that point at other entries: each must lead somewhere.

A destination whose runner is not configured is an error where jobs would get there by this file, by the default, a
tool, or a resubmission. Otherwise it is a warning, because Galaxy loads such files, its own samples among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from abell.config.destinations import Destinations
from abell.config.limits import DESTINATION_COUNTS
from abell.config.model import Destination, Handling, Limit, Place, ResourceGroups, Runner, ToolRule
from abell.config.nearest import did_you_mean
from abell.config.problem import Problems
from abell.config.runners import DYNAMIC, Runners

CLI_PARAMS = ("shell_plugin", "job_plugin")


class References:
    """The checks, each over all entries of its kind."""

    def __init__(self, runners: Runners, destinations: Destinations, problems: Problems) -> None:
        self.runners = runners
        self.destinations = destinations.usable
        self.disabled = destinations.disabled
        self.problems = problems
        self.tags = {tag for d in self.destinations.values() for tag in d.tags}
        # Rules may return destinations that no file names.
        self.rules = any(d.runner == DYNAMIC for d in self.destinations.values())

    def default(self, name: str, place: Place) -> str:
        """The default destination or tag; without one, the only destination there is."""
        runnable = [d.id for d in self.destinations.values() if d.runner]
        if name:
            self._target(name, place, "default", "default")
        elif len(runnable) == 1:
            return runnable[0]
        elif runnable:
            hint = f"add 'default: {runnable[0]}' to execution, or default=\"{runnable[0]}\" to <destinations>"
            self.problems.error(place, "default", "no default destination, and there are several", hint)
        else:
            hint = "add an environment, for example 'local: {runner: local}'"
            self.problems.error(place, "environments", "no destination that runs jobs is configured", hint)
        return name

    def tools(self, rules: tuple[ToolRule, ...], handling: Handling, groups: ResourceGroups) -> None:
        for rule in rules:
            what = f"tools.{rule.id or rule.tool_class}"
            if rule.destination:
                self._target(rule.destination, rule.place, "environment", what)
            self._handler(rule.handler, rule.place, handling, what)
            if rule.resources and rule.resources not in groups.groups:
                text = f"{what}: no resource group is named {rule.resources!r}"
                self.problems.error(rule.place, "resources", text, did_you_mean(rule.resources, groups.groups))

    def resubmissions(self, handling: Handling) -> None:
        for destination in self.destinations.values():
            what = f"environments.{destination.id}.resubmit"
            for again in destination.resubmit:
                if again.destination:
                    self._target(again.destination, destination.place, "resubmit", what, self.rules)
                self._handler(again.handler, destination.place, handling, what)

    def limits(self, limits: tuple[Limit, ...]) -> None:
        for limit in limits:
            what = f"limits.{limit.type}"
            if limit.type in DESTINATION_COUNTS and not (limit.id or limit.tag):
                text = f"{what}: neither an id nor a tag says which destination"
                self.problems.error(limit.place, "id", text, "add 'id: DESTINATION' or 'tag: TAG'")
            if limit.id and limit.id not in {*self.destinations, *self.disabled}:
                text = f"{what}: no destination has the id {limit.id!r}"
                self._dangling(limit.place, "id", text, did_you_mean(limit.id, self.destinations), self.rules)
            if limit.tag and limit.tag not in self.tags and not self.disabled:
                text = f"{what}: no destination has the tag {limit.tag!r}"
                self._dangling(limit.place, "tag", text, did_you_mean(limit.tag, self.tags), self.rules)

    def handling(self, handling: Handling) -> None:
        for handler in handling.handlers.values():
            for plugin in handler.plugins:
                if plugin not in {*self.runners.usable, *self.runners.broken, *self.runners.disabled}:
                    text = f"handling.processes.{handler.id}: no runner is named {plugin!r}"
                    self.problems.error(handler.place, "plugins", text, did_you_mean(plugin, self.runners.usable))

    def destination_runners(self, reached: Collection[str]) -> None:
        """`reached`: ids and tags that this file sends jobs to."""
        for destination in self.destinations.values():
            self._cli(destination)
            self._slots(destination)
            for tag in set(destination.tags) & set(self.destinations):
                text = f"environments.{destination.id}: the tag {tag!r} is also a destination's id, which wins"
                self.problems.warn(destination.place, "tags", text, "give the tag another name")
            name = destination.runner
            if not name or name in self.runners.usable or name in self.runners.broken or name == DYNAMIC:
                continue
            what = f"environments.{destination.id}"
            if name in self.runners.disabled:
                text, hint = f"{what}: its runner {name!r} is disabled", "enable it, or disable this one as well"
            else:
                text, hint = f"{what}: no runner is named {name!r}", did_you_mean(name, self.runners.usable)
            hit = destination.id in reached or not set(destination.tags).isdisjoint(reached)
            self._dangling(destination.place, "runner", text, hint, lenient=not hit)

    def _cli(self, destination: Destination) -> None:
        missing = missing_cli_params(destination, self.runners.usable)
        if missing:
            text = f"environments.{destination.id}: a cli destination needs {' and '.join(missing)}; it refuses jobs"
            self.problems.warn(destination.place, missing[0], text, "for example shell_plugin LocalShell")

    def _slots(self, destination: Destination) -> None:
        runner = self.runners.usable.get(destination.runner)
        cores = runner.params.get("cores") if runner else None
        slots = destination.params.get("local_slots")
        if isinstance(cores, int) and isinstance(slots, int) and slots > cores:
            text = f"environments.{destination.id}: {slots} local_slots can never be had of {cores} cores"
            self.problems.error(destination.place, "local_slots", text, f"ask for at most {cores}")

    def _target(self, name: str, place: Place, option: str, what: str, lenient: bool = False) -> None:
        if name in self.destinations:
            if not self.destinations[name].runner:
                text = f"{what}: the destination {name!r} has no runner, so it can take no jobs"
                self.problems.error(place, option, text, "name one that has, or give it a runner")
            return
        if name in self.tags:
            if not any(d.runner for d in self.destinations.values() if name in d.tags):
                text = f"{what}: no destination with the tag {name!r} has a runner"
                self.problems.error(place, option, text, "give one of them a runner")
            return
        if name in self.disabled:
            text, hint = f"{what}: the destination {name!r} is disabled", "enable it, or name another"
        else:
            hint = did_you_mean(name, {*self.destinations, *self.tags})
            text = f"{what}: no destination has the id or tag {name!r}"
        self._dangling(place, option, text, hint, lenient)

    def _handler(self, name: str, place: Place, handling: Handling, what: str) -> None:
        known = {*handling.handlers, *(tag for h in handling.handlers.values() for tag in h.tags)}
        if name and name not in known:
            text = f"{what}: no handler has the id or tag {name!r}"
            self.problems.warn(place, "handler", text, did_you_mean(name, known, "it may be a pool of Galaxy's"))

    def _dangling(self, place: Place, option: str, text: str, hint: str, lenient: bool) -> None:
        (self.problems.warn if lenient else self.problems.error)(place, option, text, hint)


def missing_cli_params(destination: Destination, runners: Mapping[str, Runner]) -> list[str]:
    """What a destination of the cli runner lacks to be complete."""
    runner = runners.get(destination.runner)
    if runner is None or runner.backend != "cli":
        return []
    return [name for name in CLI_PARAMS if not destination.params.get(name)]


def reached_names(default: str, tools: tuple[ToolRule, ...], destinations: dict[str, Destination]) -> Iterator[str]:
    """The ids and tags that the file itself sends jobs to."""
    yield default
    yield from (rule.destination for rule in tools)
    yield from (again.destination for d in destinations.values() for again in d.resubmit)
