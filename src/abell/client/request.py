"""What somebody asks for, in the words of the command line and of the Python API -> a checked `Request`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TypedDict

from abell import amounts
from abell.errors import OptionError
from abell.job import Output, Request, Resources

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Asked(TypedDict, total=False):
    """The options of `make_request`, for those that pass them on."""

    workdir: str | os.PathLike[str] | None
    name: str
    user: str
    username: str
    tool: str
    tool_version: str
    tool_classes: Iterable[str]
    to: str
    slots: int | None
    mem: str | None
    time: str | None
    gpus: int | None
    queue: str | None
    account: str | None
    env: Mapping[str, str] | None
    params: Mapping[str, str] | None
    inputs: Iterable[str | os.PathLike[str]]
    outputs: Mapping[str, str | os.PathLike[str]] | None
    output_globs: Iterable[str | tuple[str, str | os.PathLike[str]]]
    metadata: str
    search_path: str | None


def make_request(
    command: str | Sequence[str],
    *,
    workdir: str | os.PathLike[str] | None = ".",
    name: str = "",
    user: str = "",
    username: str = "",
    tool: str = "",
    tool_version: str = "",
    tool_classes: Iterable[str] = (),
    to: str = "",
    slots: int | None = None,
    mem: str | None = None,
    time: str | None = None,
    gpus: int | None = None,
    queue: str | None = None,
    account: str | None = None,
    env: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    inputs: Iterable[str | os.PathLike[str]] = (),
    outputs: Mapping[str, str | os.PathLike[str]] | None = None,
    output_globs: Iterable[str | tuple[str, str | os.PathLike[str]]] = (),
    metadata: str = "",
    search_path: str | None = None,
) -> Request:
    """A request to run `command` once.

    command: one string is a shell command line; a sequence is run exactly as given.
    workdir: where it runs, by default the current directory; None: a fresh directory of the job's own.
    tool, tool_version, tool_classes, user (an email address), username, params: what the routing rules look at.
    to: a destination's id or tag; by default routing decides.
    slots, mem ("4G"), time ("1h30m"), gpus, queue, account: the resources asked for.
    env: variables for the command, taken literally.
    inputs: files that the command reads.
    outputs: name -> final path; the command writes to $ABELL_OUTPUT_<name>.
    output_globs: patterns relative to the working directory, or pairs (pattern, directory to put the files in).
    metadata: a shell command line that runs after the command, with an ending of its own.
    search_path: the PATH of local jobs; by default this process's own.

    A bare number for mem or time is refused like any other amount without a unit.
    Relative paths are relative to the current directory; symbolic links are kept as they are.
    Raises OptionError (a ValueError) for what cannot be meant.
    """
    return Request(
        command=_command(command),
        workdir=None if workdir is None else _directory(workdir),
        name=name,
        user=user,
        username=username,
        tool_id=tool,
        tool_version=tool_version,
        tool_classes=tuple(tool_classes),
        destination=to,
        resources=Resources(
            slots=_at_least_one("--slots", slots),
            memory_mb=None if mem is None else amounts.memory_mb(str(mem)),
            walltime_s=None if time is None else amounts.seconds(str(time)),
            gpus=_at_least_one("--gpus", gpus),
            queue=queue,
            account=account,
        ),
        env={_identifier("--env", key): _line_of_env(key, value) for key, value in (env or {}).items()},
        search_path=os.environ.get("PATH", "") if search_path is None else search_path,
        params=dict(params or {}),
        inputs=tuple(_input(path) for path in inputs),
        outputs=(
            *(_output(key, path) for key, path in (outputs or {}).items()),
            *(_glob(number, given) for number, given in enumerate(output_globs, start=1)),
        ),
        metadata=metadata,
    )


def _command(command: str | Sequence[str]) -> str | tuple[str, ...]:
    if isinstance(command, str):
        if not command.strip():
            raise OptionError("command", command, "it is empty", "for example: abell run -- sort -u words.txt")
        words: tuple[str, ...] = (command,)
    else:
        words = tuple(command)
        if not words or not words[0]:
            raise OptionError("command", words, "it names no program", "for example: abell run -- sort -u words.txt")
    for word in words:
        if "\0" in word:
            raise OptionError("command", word, "no program can be given a NUL character")
    return command if isinstance(command, str) else words


def _directory(path: str | os.PathLike[str]) -> str:
    absolute = _absolute("--workdir", path)
    if not Path(absolute).is_dir():
        raise OptionError("--workdir", str(path), "there is no such directory", "create it, or use --own-workdir")
    return absolute


def _input(path: str | os.PathLike[str]) -> str:
    absolute = _absolute("--input", path)
    if not os.path.lexists(absolute):
        raise OptionError("--input", str(path), "there is no such file", f"relative paths start at {_here()}")
    return absolute


def _output(name: str, path: str | os.PathLike[str]) -> Output:
    return Output(_identifier("--output", name), _absolute("--output", path))


def _glob(number: int, given: str | tuple[str, str | os.PathLike[str]]) -> Output:
    pattern, directory = (given, ".") if isinstance(given, str) else given
    parts = PurePath(pattern).parts
    if not parts or pattern.startswith("/") or ".." in parts:
        remedy = "for example: --output-glob '*.bam=results'"
        raise OptionError("--output-glob", pattern, "the pattern must stay in the working directory", remedy)
    return Output(f"glob{number}", _absolute("--output-glob", directory), glob=pattern)


def _absolute(option: str, path: str | os.PathLike[str]) -> str:
    """Absolute, but never canonicalised: links and `..` stay as they were named."""
    text = os.fspath(path)
    if not text or "\0" in text:
        raise OptionError(option, text, "not a path")
    return str(PurePath(_here(), text))


def _here() -> Path:
    """The current directory as the shell names it, symbolic links included, where that is true."""
    named = Path(os.environ.get("PWD", ""))
    try:
        if named.is_absolute() and named.samefile("."):
            return named
    except OSError:
        pass  # $PWD is not true any more
    return Path.cwd()


def _identifier(option: str, name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise OptionError(option, name, "not a name that a shell variable can have", "letters, digits and _")
    return name


def _line_of_env(key: str, value: str) -> str:
    if not isinstance(value, str):
        raise OptionError("--env", key, f"its value {value!r} is not text", f"write {str(value)!r}")
    if "\0" in value:
        raise OptionError("--env", key, "no variable can hold a NUL character")
    return value


def _at_least_one(option: str, count: int | None) -> int | None:
    if count is not None and not isinstance(count, int):
        raise OptionError(option, count, "not a whole number")
    if count is not None and count < 1:
        raise OptionError(option, count, "must be at least 1", "leave the option out to ask for none in particular")
    return count
