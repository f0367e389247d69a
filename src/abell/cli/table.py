"""Rows for a person at a terminal, or for a program behind a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Literal

from abell.printable import printable

BETWEEN = 2  # blanks between two columns


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table that fits the terminal, without the columns that say nothing; in a pipe, tab-separated columns, nothing
    left out or cut. Safe for any text."""
    lines = [[printable(cell) for cell in row] for row in (header, *rows)]
    if not sys.stdout.isatty():
        for line in lines:
            print("\t".join(line))
        return
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = [column for column in zip(*lines, strict=True) if len(lines) == 1 or any(column[1:])]
    console = Console()
    widths = fit([max(map(cell_len, column)) for column in columns], console.width)
    table = Table(box=None, pad_edge=False, padding=(0, BETWEEN, 0, 0), header_style="bold")
    for (title, *_), width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if title == "ID" else "left"
        table.add_column(title, no_wrap=True, overflow="ellipsis", justify=justify, width=width)
    for row in zip(*(column[1:] for column in columns), strict=True):
        table.add_row(*map(Text, row))  # Text: a name may look like markup
    console.print(table)


def fit(widths: Sequence[int], room: int) -> list[int]:
    """The widths cut to the room there is: the widest column gives way first, so a short one is never cut for it."""
    fitted = list(widths)
    over = sum(fitted) + BETWEEN * (len(fitted) - 1) - room
    for _ in range(over):
        widest = max(range(len(fitted)), key=fitted.__getitem__)
        fitted[widest] = max(1, fitted[widest] - 1)
    return fitted
