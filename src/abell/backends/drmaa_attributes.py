"""The attributes of a DRMAA job template as parameters of a destination: their names, and how they are written.

Each has the name that DRMAA's Python binding and Galaxy give it (`hardWallclockTimeLimit`) and the same in snake case.
Source: GFD.133, "Distributed Resource Management Application API Specification 1.0", 3.2.3 and 3.2.4; the forms of
values are those of its C binding (GFD.198).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from abell.backends import native_template
from abell.config.lookup import truth
from abell.job import Resources

Value = str | bool | list[str] | dict[str, str]

# -- how a value is written -------------------------------------------------------------------------------------------


def plain(value: Any) -> str:
    """One line of text."""
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        raise ValueError("several values where one text is expected: write one")
    text = str(value)
    if wrong := next((c for c in text if not c.isprintable()), ""):
        raise ValueError(f"{wrong!r} cannot stand in it: remove that character")
    return text


def words(value: Any) -> list[str]:
    """A list, or text in the quotes of a shell. Some libraries cut an argument at its first line break."""
    return [plain(each) for each in (value if _is_list(value) else _split(value))]


def addresses(value: Any) -> list[str]:
    """A list, or text with commas or blanks."""
    return [plain(each) for each in (value if _is_list(value) else str(value).replace(",", " ").split())]


def environment(value: Any) -> dict[str, str]:
    """A mapping, or a list or text of NAME=VALUE in the quotes of a shell."""
    if isinstance(value, Mapping):
        pairs = [(str(name), plain(each)) for name, each in value.items()]
    else:
        written = [plain(each) for each in (value if _is_list(value) else _split(value))]
        if without := next((each for each in written if "=" not in each), ""):
            raise ValueError(f"{without!r} sets no variable: write NAME=VALUE")
        pairs = [(name, each) for name, _, each in (each.partition("=") for each in written)]
    for name, _ in pairs:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
            raise ValueError(f"{name!r} is no name for a variable: letters, digits and _, not a digit first")
    return dict(pairs)


def truth_value(value: Any) -> bool:
    try:
        return truth(value, "")
    except ValueError as error:
        raise ValueError(f"{value!r} is neither true nor false: write true or false") from error


def duration(value: Any) -> str:
    """H:MM:SS of seconds, M:S or H:M:S."""
    match = re.fullmatch(r"(?:(?:(\d{1,6}):)?(\d{1,6}):)?(\d{1,9})", str(value).strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{value!r} is no length of time: write seconds or H:MM:SS")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    minutes, seconds = divmod(3600 * hours + 60 * minutes + seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def seconds(written: str) -> int:
    """Of what `duration` has written."""
    hours, minutes, rest = (int(part) for part in written.split(":"))
    return 3600 * hours + 60 * minutes + rest


_MOMENT = re.compile(
    r"(?:(?:(?:(?:\d{2})?\d{2}/)?\d{1,2}/)?\d{1,2} +)?\d{1,2}:\d{2}(?::\d{2})?(?: *[+-]\d{2}:\d{2})?", re.A
)


def moment(value: Any) -> str:
    """A point in time (GFD.133, 2.2: "partial timestamp")."""
    text = plain(value).strip()
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"{text!r} is no point in time: write [[[[CC]YY/]MM/]DD] hh:mm[:ss] [{{-|+}}UU:uu]")
    return text


def file_of_host(value: Any) -> str:
    """[HOST]:PATH; a path alone is one on whatever host runs the job."""
    text = plain(value)
    return text if ":" in text else f":{text}"


def transfer(value: Any) -> str:
    """Which of the streams i, o and e the DRM copies."""
    text = plain(value).strip()
    if not re.fullmatch(r"[ioe]{0,3}", text) or len(set(text)) != len(text):
        raise ValueError(f"{text!r}: write each of i (input), o (output) and e (error) at most once")
    return text


def submission_state(value: Any) -> str:
    """As the C binding has it."""
    text = plain(value).strip().lower().removeprefix("drmaa_")
    if text not in ("active", "hold"):
        raise ValueError(f"{value!r}: write active, or hold for a job that somebody has to release")
    return f"drmaa_{text}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _split(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        raise ValueError("a mapping where a list is expected: write a list")
    try:
        return shlex.split(str(value))
    except ValueError as error:
        raise ValueError(f"{str(error).lower()}: close the quote, or write a backslash before it") from error


# -- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    read: Callable[[Any], Value]
    filled: bool = False  # what a job asks for may be filled in, as in native_template

    @property
    def snake(self) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()

    @property
    def names(self) -> tuple[str, str]:
        return self.name, self.snake


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("nativeSpecification", plain),
    Attribute("workingDirectory", plain),
    Attribute("args", words),
    Attribute("jobCategory", plain),
    Attribute("jobEnvironment", environment),
    Attribute("jobSubmissionState", submission_state),
    Attribute("startTime", moment),
    Attribute("deadlineTime", moment),
    Attribute("hardWallclockTimeLimit", duration, True),
    Attribute("softWallclockTimeLimit", duration, True),
    Attribute("hardRunDurationLimit", duration, True),
    Attribute("softRunDurationLimit", duration, True),
    Attribute("inputPath", file_of_host),
    Attribute("joinFiles", truth_value),
    Attribute("transferFiles", transfer),
    Attribute("email", addresses),
    Attribute("blockEmail", truth_value),
)
_READ_BY_ABELL = "Abell reads the DRM's streams in the job's directory: leave it out"
# Those that are Abell's, and why.
OURS: Mapping[str, str] = {
    "remoteCommand": "Abell writes the job script and names it here: leave it out",
    "jobName": "Abell finds the job by its name: leave it out",
    "outputPath": _READ_BY_ABELL,
    "errorPath": _READ_BY_ABELL,
}
_OURS = {spelling: why for name, why in OURS.items() for spelling in Attribute(name, plain).names}


def given(params: Mapping[str, Any], asked: Resources) -> dict[str, Value]:
    """The attributes of a destination for a job that asks for this. ValueError, `OPTION: why`, for what cannot be."""
    for name in params:
        if why := _OURS.get(name):
            raise ValueError(f"{name}: {why}")
    found: dict[str, Value] = {}
    for attribute in ATTRIBUTES:
        written = {name: params[name] for name in attribute.names if params.get(name) is not None}
        read = {name: _read(attribute, name, value, asked) for name, value in written.items()}
        values = [value for value in read.values() if value is not None]
        if any(value != values[0] for value in values):
            raise ValueError(f"{next(iter(read))}: {' and '.join(read)} say different things: keep one of them")
        if values:
            found[attribute.name] = values[0]
    return found


def expresses(params: Mapping[str, Any]) -> frozenset[str]:
    """The requests that these parameters have words for, as members of Resources."""
    texts = [params.get("native_template")]
    texts += [params.get(name) for attribute in ATTRIBUTES if attribute.filled for name in attribute.names]
    told: frozenset[str] = frozenset()
    for text in texts:
        if text is not None and _has_holes(text):
            told |= native_template.parse(str(text)).expresses
    return told


def _has_holes(value: Any) -> bool:
    return isinstance(value, str) and bool(set("{[") & set(value))


def _read(attribute: Attribute, name: str, value: Any, asked: Resources) -> Value | None:
    """None: the job asks for nothing that it could be filled with."""
    try:
        if attribute.filled and _has_holes(value):
            value = native_template.parse(value).fill(asked)
            if not value:
                return None
        return attribute.read(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def with_limit(given: Resources, written: str) -> Resources:
    """What a job gets with that hard limit of elapsed time, as `duration` has written it: the shorter one counts."""
    limit = seconds(written)
    return replace(given, walltime_s=min(limit, given.walltime_s or limit))
