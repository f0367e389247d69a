"""Rows for a person at a terminal, or for a program behind a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from abell.printable import printable


NEVER_CUT = 12  # characters of a column; where a terminal is too narrow, the long ones give way


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table that fits the terminal; in a pipe, tab-separated columns, nothing cut. Safe for any text."""
    if not sys.stdout.isatty():
        for row in (header, *rows):
            print("\t".join(printable(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = [[printable(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, title in enumerate(header):
        widest = max(len(title), *(len(line[number]) for line in lines), 0)
        table.add_column(
            title,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if title == "ID" else "left",
            min_width=min(widest, NEVER_CUT),
        )
    for line in lines:
        table.add_row(*map(Text, line))  # Text: a name may look like markup
    Console().print(table)
