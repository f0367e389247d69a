"""A template of native options: what a job asks for, in a DRM's own words.

    --ntasks=1 --cpus-per-task={slots} [--mem={mem_mb}M] [--time={time}] --partition={queue:long}

`{name}` stands for an amount, `{name:text}` for the text where the job asks for none. A part in brackets is left out
when one of its placeholders has no value. `{{`, `}}`, `[[` and `]]` stand for the single character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from abell.config.nearest import did_you_mean
from abell.job import Resources


class TemplateError(ValueError):
    """A template that cannot be used, or not for this job; the text says what to do."""


def _per_slot(asked: Resources) -> int | None:
    return None if asked.memory_mb is None else -(-asked.memory_mb // (asked.slots or 1))


def _time(asked: Resources) -> str | None:
    if asked.walltime_s is None:
        return None
    minutes, seconds = divmod(asked.walltime_s, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _up(amount: int | None, unit: int) -> int | None:
    """In whole units, rounded up: a job gets at least what it asked for."""
    return None if amount is None else -(-amount // unit)


# Placeholder -> the request that it expresses, and its value.
PLACEHOLDERS: Mapping[str, tuple[str, Callable[[Resources], int | str | None]]] = {
    "slots": ("slots", lambda asked: asked.slots),
    "mem_mb": ("memory_mb", lambda asked: asked.memory_mb),
    "mem_gb": ("memory_mb", lambda asked: _up(asked.memory_mb, 1024)),
    "mem_per_slot_mb": ("memory_mb", _per_slot),
    "seconds": ("walltime_s", lambda asked: asked.walltime_s),
    "minutes": ("walltime_s", lambda asked: _up(asked.walltime_s, 60)),
    "time": ("walltime_s", _time),  # H:MM:SS
    "gpus": ("gpus", lambda asked: asked.gpus),
    "queue": ("queue", lambda asked: asked.queue),
    "account": ("account", lambda asked: asked.account),
}
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:@+/-]*", re.ASCII)  # no queue's name brings options along


@dataclass(frozen=True, slots=True)
class _Hole:
    name: str
    default: str | None


_Piece = str | _Hole


@dataclass(frozen=True, slots=True)
class _Part:
    pieces: tuple[_Piece, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Template:
    parts: Sequence[_Part]

    @property
    def expresses(self) -> frozenset[str]:
        """The requests that it has words for, as members of Resources."""
        return frozenset(PLACEHOLDERS[hole.name][0] for part in self.parts for hole in _holes(part))

    def fill(self, asked: Resources) -> str:
        """The native options of a job. TemplateError where a value is missing, or is no plain word."""
        return "".join(_fill(part, asked) for part in self.parts).strip()


_TOKEN = re.compile(
    r"\{\{|\}\}|\[\[|\]\]"
    r"|\{(?P<name>[^{}\[\]:]*)(?::(?P<default>[^{}\[\]]*))?\}"
    r"|(?P<bracket>[\[\]])|(?P<stray>[{}])"
)


def parse(text: str) -> Template:
    """Raises TemplateError for an unknown placeholder, and for braces and brackets that do not pair."""
    parts: list[_Part] = []
    pieces: list[_Piece] = []
    inside = False
    at = 0
    for token in _TOKEN.finditer(text):
        pieces.append(text[at : token.start()])
        at = token.end()
        if token["stray"]:
            raise TemplateError(f"a single {token['stray']!r}: write {token['stray'] * 2!r} for the character itself")
        if token["name"] is not None:
            pieces.append(_hole(token["name"].strip(), token["default"]))
        elif token["bracket"]:
            if inside == (token["bracket"] == "["):
                raise TemplateError(f"{token['bracket']!r} without its pair: they stand in pairs, never nested")
            parts.append(_Part(tuple(pieces), inside))
            pieces, inside = [], not inside
        else:
            pieces.append(token[0][0])
    if inside:
        raise TemplateError("'[' without its pair: close it with ']'")
    parts.append(_Part((*pieces, text[at:]), False))
    return Template(tuple(parts))


def _hole(name: str, default: str | None) -> _Hole:
    if name not in PLACEHOLDERS:
        hint = did_you_mean(name, PLACEHOLDERS, f"known: {', '.join(PLACEHOLDERS)}")
        raise TemplateError(f"no placeholder is named {name!r} ({hint})")
    return _Hole(name, default)


def _holes(part: _Part) -> list[_Hole]:
    return [piece for piece in part.pieces if isinstance(piece, _Hole)]


def _fill(part: _Part, asked: Resources) -> str:
    if part.optional and any(_value(hole, asked) is None for hole in _holes(part)):
        return ""
    return "".join(piece if isinstance(piece, str) else _needed(piece, asked) for piece in part.pieces)


def _value(hole: _Hole, asked: Resources) -> str | None:
    found = PLACEHOLDERS[hole.name][1](asked)
    return hole.default if found is None else str(found)


def _needed(hole: _Hole, asked: Resources) -> str:
    value = _value(hole, asked)
    if value is None:
        raise TemplateError(
            f"native_template has {{{hole.name}}}, and the job asks for none: ask for it, write a default as in "
            f"{{{hole.name}:1}}, or put that part in brackets"
        )
    if value != hole.default and not _SAFE.fullmatch(value):
        raise TemplateError(f"{hole.name} {value!r} cannot stand in native_template: it is no plain word")
    return value
