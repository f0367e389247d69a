"""The options that several verbs share, and the `Request` that they make."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from abell.client.request import make_request
from abell.errors import OptionError
from abell.job import Request

F = TypeVar("F", bound=Callable[..., Any])


class JobNumber(click.IntRange):
    """The number that `abell submit` prints; `name` is what click says of anything else: "not a valid ..."."""

    name = "job number"

    def __init__(self) -> None:
        super().__init__(min=1)


_ENGINE = (
    click.option("-c", "--config", metavar="FILE", help="A job_conf.yml, job_conf.xml or galaxy.yml."),
    click.option("--root", metavar="DIR", help="Abell's own directory.  [$ABELL_ROOT, else ~/.local/state/abell]"),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
)

_JOB = (
    click.option("--to", default="", metavar="DEST", help="A destination's id or tag; else routing decides."),
    click.option("--slots", type=int, metavar="N", help="Processor cores."),
    click.option("--mem", metavar="SIZE", help="Memory of the whole job: 512M, 4G, 1.5T."),
    click.option("--time", metavar="TIME", help="How long it may run: 30m, 1h30m, 2d, H:MM:SS."),
    click.option("--gpus", type=int, metavar="N", help="Graphics processors."),
    click.option("--queue", metavar="Q", help="The cluster's queue or partition."),
    click.option("--account", metavar="A", help="The account or project that pays."),
    click.option("--name", default="", metavar="NAME", help="What to call the job."),
    click.option("--tool", default="", metavar="ID", help="The tool's id, for the rules of the configuration."),
    click.option("--tool-version", default="", metavar="V", help="Its version."),
    click.option(
        "--tool-class", "tool_classes", multiple=True, metavar="CLASS", help="A class of tools it is in; repeatable."
    ),
    click.option("--user", default="", metavar="EMAIL", help="For whom the job runs, as the rules know users."),
    click.option("--username", default="", metavar="NAME", help="The same user's name."),
    click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter for the rules; repeatable."),
    click.option(
        "--env", multiple=True, metavar="K[=V]", help="A variable for the command; K alone takes its value here."
    ),
    click.option("--input", "inputs", multiple=True, metavar="PATH", help="A file that it reads; repeatable."),
    click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="NAME=PATH",
        help="A file that it writes, to $ABELL_OUTPUT_NAME; repeatable. The job fails without it.",
    ),
    click.option(
        "--output-glob",
        "output_globs",
        multiple=True,
        metavar="PATTERN[=DIR]",
        help="Files to take from the working directory to DIR (default: here); repeatable.",
    ),
    click.option("--metadata", default="", metavar="COMMAND", help="A command line to run after the command."),
    click.option("--workdir", metavar="DIR", help="Where it runs.  [the current directory]"),
    click.option("--own-workdir", is_flag=True, help="Run in a fresh directory of the job's own."),
)


def engine_options(verb: F) -> F:
    return _with(_ENGINE, verb)


def job_options(verb: F) -> F:
    """All that describes a job; the verb gets them as keywords for `request_of`, and the command as `command`."""
    command = click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND...")
    return _with((*_JOB, command), verb)


def _with(options: tuple[Callable[[F], F], ...], verb: F) -> F:
    for option in reversed(options):
        verb = option(verb)
    return verb


def request_of(
    command: tuple[str, ...],
    *,
    params: tuple[str, ...],
    env: tuple[str, ...],
    outputs: tuple[str, ...],
    output_globs: tuple[str, ...],
    workdir: str | None,
    own_workdir: bool,
    **plain: Any,
) -> Request:
    """Several arguments are run exactly as given; a single one is a shell command line. Raises OptionError."""
    if not command:
        raise OptionError("COMMAND", "", "there is nothing to run", "for example: abell run -- sort -u words.txt")
    if own_workdir and workdir is not None:
        raise OptionError("--workdir", workdir, "contradicts --own-workdir", "leave one of them out")
    return make_request(
        command[0] if len(command) == 1 else command,
        params=_pairs("--param", params),
        env=_pairs("--env", tuple(map(_with_value, env))),
        outputs=_pairs("--output", outputs, "NAME=PATH"),
        output_globs=[_glob(given) for given in output_globs],
        workdir=None if own_workdir else workdir or ".",
        **plain,
    )


def _with_value(text: str) -> str:
    """A variable named without a value has the one that it has here: a secret stays out of the process list."""
    if "=" in text or not text:
        return text
    if text not in os.environ:
        raise OptionError("--env", text, "is not set here", f"write --env {text}=VALUE, or export it first")
    return f"{text}={os.environ[text]}"


def _pairs(option: str, given: tuple[str, ...], form: str = "NAME=VALUE") -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise OptionError(option, text, f"not of the form {form}")
        if key in pairs:
            raise OptionError(option, text, f"{key} is given twice", "leave one of them out")
        pairs[key] = value
    return pairs


def _glob(text: str) -> str | tuple[str, str]:
    """The last `=` sets the directory apart, since a pattern may have some of its own."""
    pattern, equals, directory = text.rpartition("=")
    return (pattern, directory) if equals else directory
