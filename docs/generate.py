"""Writes the pages of the reference that the code itself can tell: python docs/generate.py [FOLDER]

They are committed, so that they can be read anywhere; the tests hold them to the code.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import click

import abell
from abell.backends.local import Local
from abell.backends.slurm_words import HELD, STATES
from abell.cli import exit_codes
from abell.cli.app import abell as command
from abell.config.options import OPTIONS, Option
from abell.engine import verdict
from abell.job import Cause, State

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code: change that, and run it. -->\n"
WIDTH = 96


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def command_line() -> str:
    def shown(verb: click.Command, path: str) -> click.Context:
        names = command.context_settings["help_option_names"]
        return click.Context(
            verb, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=names
        )

    def verbs(group: click.Group, path: str) -> Iterator[str]:
        with shown(group, path) as context:
            for name in group.list_commands(context):
                verb = group.get_command(context, name)
                assert verb is not None
                if isinstance(verb, click.Group):
                    yield from verbs(verb, f"{path} {name}")
                else:
                    with shown(verb, f"{path} {name}") as inner:
                        yield f"## {path} {name}\n\n```text\n{verb.get_help(inner)}\n```\n"

    with shown(command, "abell") as context:
        overview = f"```text\n{command.get_help(context)}\n```\n"
    return "# The command line\n\n" + "\n".join((overview, *verbs(command, "abell")))


PLACES = {
    "job_conf": (
        "The job configuration",
        "As YAML says it. In XML, runners are `<plugin>`, environments are `<destination>`, and lists are elements.",
    ),
    "plugin": ("Parameters of a runner", "Beside `load` and `workers`, or below `params` or `kwds`."),
    "destination": (
        "Parameters of a destination",
        "Beside `runner`, or below `params`. A name that is not here belongs to the cluster and is passed on to it.",
    ),
    "galaxy.yml": ("galaxy.yml", "Every other key of galaxy.yml is Galaxy's own business and passes in silence."),
}
STATUS = {"active": "yes", "later": "not yet", "no effect": "no effect"}


def options() -> str:
    parts = [
        "# Configuration options\n",
        "*Active* says whether this version acts on an option. `abell config check FILE` lists what a file says and "
        "this version does not act on yet. A name that ends with `*` stands for all that begin so.\n",
    ]
    for where, (title, about) in PLACES.items():
        parts += [f"## {title}\n", about + "\n"]
        mine = [option for option in OPTIONS if option.where == where]
        groups = list(dict.fromkeys(option.runners for option in mine))
        for runners in groups:
            if len(groups) > 1:
                parts.append(f"### {of_runners(runners)}\n")
            rows = (row(option) for option in mine if option.runners == runners)
            parts.append(table(("option", "takes", "default", "active", "what it is"), rows))
    return "\n".join(parts)


def of_runners(runners: tuple[str, ...]) -> str:
    if not runners:
        return "Every runner"
    kinds = {name.partition("_")[0] for name in runners}
    return "All Pulsar runners" if kinds == {"pulsar"} else f"Runner {', '.join(runners)}"


def row(option: Option) -> tuple[str, ...]:
    return f"`{option.name}`", option.kind.replace("|", " | "), option.default, STATUS[option.status], option.doc


def codes() -> str:
    rows = ((f"`{code}`", meaning) for code, meaning in exit_codes.TABLE)
    return (
        "# Exit codes\n\n"
        "What `abell run`, `abell wait` and `abell logs --follow` end with: the command's own code, or one that says "
        "why there is none. A code that a command may also give itself, such as 124, is told apart by the line on "
        "standard error, by `abell show` and by `--json`.\n\n" + table(("code", "meaning"), rows)
    )


def members(enum: type[Enum]) -> Iterator[tuple[str, str]]:
    """Each member with its comment in the source."""
    said = dict(re.findall(r'^    [A-Z_]+ = "(\w+)"  # (.*)$', inspect.getsource(enum), re.MULTILINE))
    return ((f"`{member.value}`", said[member.value]) for member in enum)


def states() -> str:
    doc = inspect.getdoc(verdict)
    assert doc is not None
    return "\n".join(
        (
            "# States and causes\n",
            "A job that lives has a *state*; a job that is over has a *cause*. They mean the same on every cluster.\n",
            "## States\n",
            table(("state", "meaning"), members(State)),
            "## Causes\n",
            table(("cause", "meaning"), members(Cause)),
            "## The verdict\n",
            whole_rows(doc.partition("\n\n")[2]),
            "\n## The words of the local runner\n",
            table(("word", "reads as"), words(Local.states)),
            "## The words of Slurm\n",
            "Long forms; the short ones mean the same. A word that is not here reads as `running`, with a warning. "
            "`COMPLETED` alone makes no job `ok`: see the verdict.\n",
            table(("word", "reads as"), words({word: m for word, m in STATES.items() if len(word) > 3})),
            "`FAILED` is `exit` or `signal`, by its exit code. `PENDING` is `held` for these reasons:\n",
            table(("reason", "shown as"), ((f"`{reason}`", told) for reason, told in HELD.items())),
        )
    )


def words(states: Mapping[str, State | Cause]) -> Iterator[tuple[str, str]]:
    return ((f"`{word}`", f"{type(meaning).__name__.lower()} `{meaning}`") for word, meaning in states.items())


def whole_rows(text: str) -> str:
    """The text with each row of its table on one line: in the source, a row may go on below."""
    lines: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and not cells[0]:
            before = [cell.strip() for cell in lines.pop().strip("|").split("|")]
            line = "| " + " | ".join(f"{a} {b}".strip() for a, b in zip(before, cells, strict=True)) + " |"
        lines.append(line)
    return "\n".join(lines)


def python_api() -> str:
    return "\n".join(
        (
            "# Python API\n",
            "`from abell import Cluster`. The how-to [Portals and workflow systems](../how-to/portals.md) shows it at "
            "work.\n",
            _function("make_request", abell.make_request),
            *(
                _class(c)
                for c in (abell.Cluster, abell.Job, abell.AsyncCluster, abell.AsyncJob, abell.Request, abell.Resources)
            ),
        )
    )


def _class(cls: type) -> str:
    parts = [f"## {cls.__name__}\n", _text(cls)]
    if "__dataclass_fields__" in vars(cls):
        return "\n".join((*parts, f"```python\n{inspect.getsource(cls).partition(chr(10))[2].rstrip()}\n```\n"))
    for name, member in _public(cls):
        if isinstance(member, property):
            kind = str(inspect.signature(_getter(member)).return_annotation)
            parts.append(f"### `{cls.__name__}.{name}: {kind}`\n\n{_text(member)}")
        else:
            parts.append(_function(f"{cls.__name__}.{name}", member, "###"))
    return "\n".join(parts)


def _public(cls: type) -> Iterator[tuple[str, Any]]:
    """Own and inherited members that are documented, in the order of the source."""
    seen = set()
    for base in cls.__mro__[:-1]:
        for name, member in vars(base).items():
            if not name.startswith("_") and name not in seen and (callable(member) or isinstance(member, property)):
                seen.add(name)
                if isinstance(member, property) or inspect.getdoc(member):
                    yield name, member


def _getter(member: property) -> Callable[..., Any]:
    assert member.fget is not None
    return member.fget


def _function(name: str, function: Callable[..., Any], level: str = "##") -> str:
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    written = list(map(_parameter, parameters))
    first = next((i for i, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY), None)
    if first is not None:
        written.insert(first, "*")
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    start, end = f"{kind} {name.rpartition('.')[2]}(", f") -> {signature.return_annotation}"
    text = start + ", ".join(written) + end
    if len(text) > WIDTH:
        text = start + "\n" + "".join(f"    {one},\n" for one in written) + end
    return f"{level} `{name}`\n\n```python\n{text}\n```\n\n{_text(function)}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{stars}{parameter.name}: {parameter.annotation}{default}"


def _text(thing: object) -> str:
    """The docstring: its first paragraph as such, the lines of the rest as they stand."""
    first, _, rest = (inspect.getdoc(thing) or "").partition("\n\n")
    return f"{first}\n" + (f"\n```text\n{rest}\n```\n" if rest else "")


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "options.md": options,
    "exit-codes.md": codes,
    "states-and-causes.md": states,
    "python-api.md": python_api,
}


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(NOTE + page().rstrip("\n") + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
