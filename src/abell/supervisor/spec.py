"""A job as it is asked for: checked once, when it comes in."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_FEWEST, _MOST = 1, 1 << 40


@dataclass(frozen=True, slots=True)
class Spec:
    """What is to be run, and within which limits."""

    key: str
    pool: str  # the runner's id: jobs of one pool share its workers and cores
    workers: int  # at most so many of the pool at once
    cores: int | Literal["auto"] | None  # at most so many slots of the pool at once; None: slots reserve nothing
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]  # complete: nothing else is inherited
    stdout: str
    stderr: str
    slots: int = 1
    memory_mb: int | None = None
    walltime_s: int | None = None
    kill_grace_s: float = 5.0  # seconds between TERM and KILL

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def parse(said: object) -> Spec:
    """The job in a message. Raises ValueError, saying which member is wrong."""
    if not isinstance(said, dict):
        raise ValueError("a job is an object")
    data: dict[str, Any] = said
    unknown = sorted(map(str, set(data) - set(Spec.__dataclass_fields__)))
    if unknown:
        raise ValueError(f"unknown members: {', '.join(unknown[:5])}")
    key = _text(data, "key")
    if not _KEY.fullmatch(key):
        raise ValueError("key: 1 to 100 letters, digits, '_', '.' or '-'")
    argv = data.get("argv")
    if not isinstance(argv, list) or not argv or not all(_is_text(a) for a in argv) or not argv[0]:
        raise ValueError("argv: a list of texts, the program first")
    env = data.get("env", {})
    if not isinstance(env, dict) or not all(_is_text(k) and k and "=" not in k and _is_text(v) for k, v in env.items()):
        raise ValueError("env: an object of texts")
    cores = data.get("cores")
    grace = data.get("kill_grace_s", 5.0)
    if isinstance(grace, bool) or not isinstance(grace, int | float) or not math.isfinite(grace) or grace < 0:
        raise ValueError("kill_grace_s: seconds, not negative")
    return Spec(
        key=key,
        pool=_text(data, "pool"),
        workers=_count(data, "workers"),
        cores="auto" if cores == "auto" else _count_or_none(data, "cores"),
        argv=tuple(argv),
        cwd=_path(data, "cwd"),
        env=env,
        stdout=_path(data, "stdout"),
        stderr=_path(data, "stderr"),
        slots=_count_or_none(data, "slots") or 1,
        memory_mb=_count_or_none(data, "memory_mb"),
        walltime_s=_count_or_none(data, "walltime_s"),
        kill_grace_s=float(grace),
    )


def _is_text(value: object) -> bool:
    """Whether the kernel can be given it: no NUL, and nothing that no bytes stand for."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not _is_text(value) or not value:
        raise ValueError(f"{name}: a text, not empty")
    return value


def _path(data: Mapping[str, Any], name: str) -> str:
    value = _text(data, name)
    if not value.startswith("/"):
        raise ValueError(f"{name}: an absolute path")
    return value


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not _FEWEST <= value <= _MOST:
        raise ValueError(f"{name}: a whole number from {_FEWEST}")
    return value


def _count_or_none(data: Mapping[str, Any], name: str) -> int | None:
    return None if data.get(name) is None else _count(data, name)
