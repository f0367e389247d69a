"""What a configuration says that this version does not act on."""

from __future__ import annotations

from collections.abc import Iterator

from abell.config.load_names import is_ours, when
from abell.config.model import Configuration, Destination, Place, Runner, Settings
from abell.config.options import Option, destination_option, plugin_option
from abell.config.runners import DYNAMIC


def inactive(configuration: Configuration) -> list[tuple[Place, str]]:
    """(where it was said, what it is), in the order of the model."""
    return list(_inactive(configuration))


def _inactive(configuration: Configuration) -> Iterator[tuple[Place, str]]:
    for runner in configuration.runners.values():
        yield from _runner(runner)
    for destination in configuration.destinations.values():
        runner_or_none = configuration.runners.get(destination.runner)
        yield from _destination(destination, runner_or_none.backend if runner_or_none else "")
    for rule in configuration.tools:
        name = rule.id or rule.tool_class
        if rule.handler:
            yield rule.place, f"tools.{name}: handler {rule.handler}"
        if rule.resources:
            yield rule.place, f"tools.{name}: resources {rule.resources}"
    for limit in configuration.limits:
        yield limit.place, " ".join(("limit", limit.type, limit.id or limit.tag)).rstrip()
    for handler in configuration.handling.handlers.values():
        yield handler.place, f"handler {handler.id}"
    if configuration.handling.assign:
        yield Place(configuration.source), f"handling.assign {', '.join(configuration.handling.assign)}"
    if configuration.resources.groups:
        yield Place(configuration.source), f"resources: groups {', '.join(configuration.resources.groups)}"
    if configuration.settings.default_job_resubmission_condition != Settings().default_job_resubmission_condition:
        yield Place(configuration.source), "galaxy.default_job_resubmission_condition"
    connection = configuration.settings.database_connection or ""
    if connection.startswith("postgres"):
        where = Place(configuration.source)
        yield where, "galaxy.database_connection: PostgreSQL; Abell's queue is an SQLite file in its root"


def _runner(runner: Runner) -> Iterator[tuple[Place, str]]:
    if runner.backend == DYNAMIC:
        yield runner.place, "runner dynamic: rules that compute a destination; jobs sent there are refused"
    elif when(runner.backend) == "never":
        return  # loading has warned of it
    elif when(runner.backend) != "active":
        yield runner.place, f"runner {runner.id} ({runner.load}): its jobs are refused"
    else:
        for name in runner.params:
            option = plugin_option(name, runner.backend)
            if option is not None and option.status != "active":
                yield runner.place, f"runners.{runner.id}.{name}{_why(option)}"


def _destination(destination: Destination, backend: str) -> Iterator[tuple[Place, str]]:
    what = f"environments.{destination.id}"
    if destination.resubmit:
        yield destination.place, f"{what}.resubmit"
    if destination.metrics is not None:
        yield destination.place, f"{what}.metrics"
    if when(backend) != "active":
        return  # its runner is on the list, and everything with it
    for name in destination.params:
        option = destination_option(name, backend)
        if option is None and is_ours(backend):
            yield destination.place, f"{what}.{name}: the {backend} runner has no such parameter"
        elif option is not None and option.status != "active":
            yield destination.place, f"{what}.{name}{_why(option)}"


def _why(option: Option) -> str:
    """What will not change with the next version is said."""
    return f": {option.doc}" if option.status == "no effect" else ""
