"""Did you mean: the configured or known name that a mistyped one probably stands for."""

from __future__ import annotations

from collections.abc import Iterable

MAX_COMPARED = 500  # comparing takes microseconds a name


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint naming the nearest known word, else `otherwise`, else the known words if they are few."""
    from difflib import get_close_matches

    names = sorted(set(known))[:MAX_COMPARED]
    near = get_close_matches(word.lower(), [n.lower() for n in names], n=1)
    if near:
        return f"did you mean {next(n for n in names if n.lower() == near[0])!r}?"
    if otherwise:
        return otherwise
    return f"known: {', '.join(names)}" if names and len(names) <= 12 else ""
