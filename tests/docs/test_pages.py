"""Every command that a page shows does what the page says, on a fresh home."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.console import BLOCK, NEEDS, REPOSITORY, agrees, commands, needs, play

PAGES = sorted(
    str(page.relative_to(REPOSITORY))
    for page in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"))
    if needs(page.read_text())
)
PLAYS = [(page, need) for page in PAGES for need in needs((REPOSITORY / page).read_text())]


def test_there_are_pages_with_commands() -> None:
    assert {("README.md", ""), ("docs/tutorial.md", ""), ("docs/how-to/slurm.md", "slurm")} <= set(PLAYS)


@pytest.mark.parametrize(("page", "need"), PLAYS, ids=lambda one: one or "nothing")
def test_the_commands_of_a_page_print_what_it_shows(page: str, need: str, tmp_path: Path) -> None:
    if why := NEEDS[need].missing():
        pytest.skip(why)
    text = (REPOSITORY / page).read_text()
    for command, got in zip(commands(text, need), play(text, need, tmp_path), strict=True):
        assert agrees(command.expected, got), f"$ {command.text}\n" + "\n".join(got)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_says_why(page: str) -> None:
    text = (REPOSITORY / page).read_text()
    assert len(re.findall(r"<!-- not run", text)) == sum(bool(block["skip"]) for block in BLOCK.finditer(text))


@pytest.mark.parametrize(
    ("expected", "got", "fits"),
    [
        (["a", "..."], ["a", "b", "c"], True),
        (["..."], [], True),
        (["time  used 0.02s"], ["time used 1s"], True),
        (["ended: ok"], ["ended: exit"], False),
        (["a"], ["a", "b"], False),
    ],
)
def test_a_page_is_held_to_what_it_shows(expected: list[str], got: list[str], fits: bool) -> None:
    assert agrees(expected, got) is fits
