"""`abell ps`: which jobs there are."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import click

from abell import amounts
from abell.cli.about import about
from abell.cli.options import engine_options
from abell.cli.session import to_look
from abell.cli.table import print_table
from abell.client.client import Client, Page
from abell.client.wire import JobRow
from abell.job import LIVE, State

_PAGE = 1000

_PENDING = (State.NEW, State.WAITING)
_ACTIVE = tuple(state for state in LIVE if state not in _PENDING)

_HEADER = ("ID", "STATE", "NAME", "USER", "DESTINATION", "SLOTS", "TIME", "ABOUT")


class Query(NamedTuple):
    states: tuple[State, ...]
    order: Literal["oldest", "newest"]


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Also jobs that have ended; the newest first.")
@click.option(
    "-s",
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in State]),
    help="Only jobs in this state; repeatable.",
)
@click.option("--user", metavar="USER", help="Only this user's jobs.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="At most N jobs; 0: all.")
@engine_options
def ps(
    everything: bool,
    states: tuple[str, ...],
    user: str | None,
    limit: int,
    root: str | None,
    config: str | None,
    as_json: bool,
) -> None:
    """List the jobs that have not ended: first those at work, then those that wait, in order of age.

    \b
    Examples:
      abell ps
      abell ps --all --limit 20
      abell ps --state running --state held
      abell ps --json | jq '.jobs[] | select(.slots > 8) | .id'

    In a pipe the columns are separated by tabs. How many jobs are not shown is said on standard error.
    """
    with to_look(root, config) as client:
        page = collect(client, queries(everything, states), user, limit or None)
    if as_json:
        print(json.dumps(page))
        return
    now = time.time()
    print_table(_HEADER, (cells(row, now) for row in page["jobs"]))
    for line in (*page["notices"], *not_shown(page)):
        print(line, file=sys.stderr)


def queries(everything: bool, states: tuple[str, ...]) -> tuple[Query, ...]:
    """What to ask for, in the order in which it is shown."""
    if states:
        return (Query(tuple(State(state) for state in states), "newest" if everything else "oldest"),)
    if everything:
        return (Query(tuple(State), "newest"),)
    return (Query(_ACTIVE, "oldest"), Query(_PENDING, "oldest"))


def collect(client: Client, asked: tuple[Query, ...], user: str | None, limit: int | None) -> Page:
    """At most `limit` rows, a page at a time: with 100,000 jobs waiting, only the few that are shown travel."""
    found = Page(jobs=[], counts={}, notices=[])
    for query in asked:
        for page in _pages(client, query, user, lambda: None if limit is None else limit - len(found["jobs"])):
            found["jobs"] += page["jobs"]
            found["counts"] = page["counts"]
            found["notices"] = page["notices"]
    return found


def _pages(client: Client, query: Query, user: str | None, left: Callable[[], int | None]) -> Iterator[Page]:
    after: int | None = None
    while True:
        wanted = left()
        size = _PAGE if wanted is None else min(_PAGE, wanted)
        if size == 0:
            return
        page = client.jobs(states=query.states, user=user, limit=size, after=after, order=query.order)
        yield page
        if len(page["jobs"]) < size:
            return
        after = page["jobs"][-1]["id"]


def cells(row: JobRow, now: float) -> tuple[str, ...]:
    """As `_HEADER`."""
    return (
        str(row["id"]),
        row["cause"] or row["state"],
        row["name"] or row["tool_id"] or row["command"],
        row["user"],
        row["destination"],
        str(row["slots"] or ""),
        amounts.show_seconds(int(elapsed(row, now))),
        about(row),
    )


def elapsed(row: JobRow, now: float) -> float:
    """Seconds; as measured where the job ran, if it was: the clock here may have stepped meanwhile."""
    measured = row["usage"]["elapsed_s"] if row["ended"] else None
    since = row["started"] or row["created"]
    return measured if measured is not None else max(0.0, (row["ended"] or now) - since)


def not_shown(page: Page) -> list[str]:
    """One line, or none if every job is shown."""
    left = dict(page["counts"])
    for row in page["jobs"]:
        left[row["state"]] = left.get(row["state"], 0) - 1
    parts = [f"{left[state]:,} {state}" for state in State if left.get(state, 0) > 0]
    return [f"not shown: {', '.join(parts)} (--all, --limit N)"] if parts else []
