"""`abell cancel`: end jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from abell.cli import exit_codes
from abell.cli.options import JobNumber, engine_options
from abell.cli.session import to_look
from abell.client.client import Client
from abell.job import LIVE

_PAGE = 5000

_SAID = {"cancelling": "cancelling", "ended": "had ended already", "unknown": "there is no such job"}


@click.command()
@click.argument("jobs", nargs=-1, type=JobNumber(), metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="Every job that has not ended.")
@engine_options
def cancel(jobs: tuple[int, ...], everything: bool, root: str | None, config: str | None, as_json: bool) -> int:
    """Ask for jobs to end, whether they wait or run. Returns at once; abell wait tells when they have.

    \b
    Examples:
      abell cancel 17
      abell cancel 17 18 && abell wait 17 18
      abell cancel --all

    The exit code is 125 if there is no such job.
    """
    if bool(jobs) == everything:
        raise click.UsageError("name the jobs to cancel, or all of them with --all")
    results: dict[int, str] = {}
    with to_look(root, config) as client:
        for page in _live(client) if everything else (jobs,):
            results.update(client.cancel(page))
    if as_json:
        print(json.dumps({"results": results}))
    else:
        for job, said in results.items():
            print(f"{job}\t{_SAID.get(said, said)}")
    return exit_codes.ABELL if "unknown" in results.values() else 0


def _live(client: Client) -> Iterator[list[int]]:
    """The ids of all jobs that have not ended, a page at a time."""
    after: int | None = None
    while rows := client.jobs(states=LIVE, limit=_PAGE, after=after, order="oldest")["jobs"]:
        yield [row["id"] for row in rows]
        after = rows[-1]["id"]
