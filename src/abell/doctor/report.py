"""What the doctor says: lines for a person, JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from abell.doctor.checkup import Checkup
from abell.printable import printable

MOST_NAMES = 8  # destinations in a heading


def lines(checkup: Checkup, encoding: str) -> Iterator[str]:
    """Safe for any text: a DRM's words are among it. `encoding` is the terminal's."""
    good, bad, remedy = _marks(encoding)
    yield printable(heading(checkup))
    for finding in checkup.findings:
        yield f"  {good if finding.ok else bad} {printable(finding.text)}"
        if finding.remedy:
            yield f"    {remedy} {printable(finding.remedy)}"


def heading(checkup: Checkup) -> str:
    if checkup.about != "runner":
        return f"{checkup.about} {checkup.name}"
    who = f"runner {checkup.name}" + (f" (cluster {checkup.cluster})" if checkup.cluster else "")
    names = list(checkup.destinations)
    if not names:
        return f"{who}: no destination uses it"
    shown, left = names[:MOST_NAMES], len(names) - MOST_NAMES
    return f"{who}: {', '.join(shown)}" + (f" and {left} more" if left > 0 else "")


def summary(checkups: Sequence[Checkup]) -> str:
    wrong = sum(checkup.wrong for checkup in checkups)
    return "all is well" if not wrong else f"{wrong} thing{' is' if wrong == 1 else 's are'} wrong"


def as_json(checkups: Sequence[Checkup]) -> str:
    return json.dumps(
        {"ok": not any(checkup.wrong for checkup in checkups), "checks": [_plain(checkup) for checkup in checkups]},
        indent=2,
    )


def _plain(checkup: Checkup) -> dict[str, Any]:
    said: dict[str, Any] = {"about": checkup.about, "name": checkup.name}
    if checkup.about == "runner":
        said |= {"cluster": checkup.cluster, "backend": checkup.backend, "destinations": list(checkup.destinations)}
    found = [{"ok": each.ok, "text": each.text, "remedy": each.remedy} for each in checkup.findings]
    return {**said, "ok": not checkup.wrong, "findings": found}


def _marks(encoding: str) -> tuple[str, str, str]:
    marks = ("✓", "✗", "→")
    try:
        "".join(marks).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "ok", "WRONG", "->"
    return marks
