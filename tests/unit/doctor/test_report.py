"""Lines for a person, which no DRM's words can turn into anything else, and JSON."""

from __future__ import annotations

import json

from abell.backends.contract import Finding
from abell.doctor.checkup import Checkup
from abell.doctor.report import MOST_NAMES, as_json, heading, lines, summary

GOOD = Checkup("server", "/root", (Finding(True, "it can be written"),))
BAD = Checkup(
    "runner", "west", (Finding(True, "up"), Finding(False, "down\x1b[31m", "start\nit")), "east", "slurm", ("a", "b")
)


def test_a_tick_or_a_cross_the_text_and_the_remedy() -> None:
    assert list(lines(BAD, "utf-8")) == [
        "runner west (cluster east): a, b",
        "  ✓ up",
        "  ✗ down\\x1b[31m",
        "    → start\\nit",
    ]


def test_a_terminal_without_ticks() -> None:
    for encoding in ("ascii", "latin-1", "no such encoding"):
        assert list(lines(BAD, encoding))[1:] == ["  ok up", "  WRONG down\\x1b[31m", "    -> start\\nit"]


def test_headings() -> None:
    assert heading(GOOD) == "server /root"
    assert heading(Checkup("runner", "r", ())) == "runner r: no destination uses it"
    many = tuple(f"d{n}" for n in range(MOST_NAMES + 2))
    assert heading(Checkup("runner", "r", (), destinations=many)).endswith(f"d{MOST_NAMES - 1} and 2 more")


def test_summary() -> None:
    assert summary([GOOD]) == "all is well"
    assert summary([GOOD, BAD]) == "1 thing is wrong"
    assert summary([BAD, BAD]) == "2 things are wrong"


def test_json() -> None:
    said = json.loads(as_json([GOOD, BAD]))
    assert said["ok"] is False
    assert said["checks"][0] == {
        "about": "server",
        "name": "/root",
        "ok": True,
        "findings": [{"ok": True, "text": "it can be written", "remedy": ""}],
    }
    assert said["checks"][1]["destinations"] == ["a", "b"]
    assert said["checks"][1]["cluster"] == "east"
    assert json.loads(as_json([GOOD]))["ok"] is True
