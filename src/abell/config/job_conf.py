"""The plain tree of a job configuration, from either dialect -> the model, without galaxy.yml's settings."""

from __future__ import annotations

from abell.config.destinations import read_destinations
from abell.config.handling import read_handling
from abell.config.limits import read_limits
from abell.config.model import Configuration, Runner
from abell.config.problem import Problems
from abell.config.references import References, reached_names
from abell.config.resources import read_resources
from abell.config.runners import DYNAMIC, read_runners
from abell.config.shape import Shape
from abell.config.tools import read_tools
from abell.config.tree import Node

SECTIONS = ("runners", "handling", "execution", "resources", "tools", "limits", "dynamic")


def read_job_conf(root: Node, problems: Problems) -> Configuration:
    """Reads everything and notes every problem; the result is for use only if there was no error."""
    shape = Shape(problems)
    sections = shape.mapping(root, "the job configuration")
    shape.only(sections, "the job configuration", SECTIONS)
    execution = sections.get("execution")
    execution_fields = shape.mapping(execution, "execution")
    shape.only(execution_fields, "execution", ("default", "environments"))

    runners = read_runners(shape, sections.get("runners"))
    destinations = read_destinations(shape, execution_fields.get("environments"), runners)
    tools = read_tools(shape, sections.get("tools"))
    limits = read_limits(shape, sections.get("limits"))
    handling = read_handling(shape, sections.get("handling"))
    groups = read_resources(shape, sections.get("resources"))

    references = References(runners, destinations, problems)
    default_node = execution_fields.get("default")
    default_place = (default_node or execution or root).place
    default = references.default(shape.word(default_node, "execution.default"), default_place)
    references.tools(tools, handling, groups)
    references.resubmissions(handling)
    references.limits(limits)
    references.handling(handling)
    references.destination_runners(set(reached_names(default, tools, destinations.usable)))

    if DYNAMIC not in runners.usable and any(d.runner == DYNAMIC for d in destinations.usable.values()):
        runners.usable[DYNAMIC] = Runner(DYNAMIC, "", DYNAMIC)
    rules = runners.usable[DYNAMIC].params if DYNAMIC in runners.usable else {}
    own_section = shape.mapping(sections.get("dynamic"), "dynamic")
    return Configuration(
        runners.usable,
        destinations.usable,
        default,
        tools,
        limits,
        handling,
        groups,
        {**rules, **{key: shape.data(node, f"dynamic.{key}") for key, node in own_section.items()}},
        default_place=default_place,
    )
