"""`abell wait`: until jobs have ended."""

from __future__ import annotations

import json

import click

from abell.cli import exit_codes
from abell.cli.options import JobNumber, engine_options
from abell.cli.session import to_look
from abell.cli.status import StatusLine
from abell.client.wire import JobRow
from abell.errors import AbellError
from abell.job import State
from abell.printable import printable


@click.command()
@click.argument("jobs", nargs=-1, required=True, type=JobNumber(), metavar="ID...")
@engine_options
def wait(jobs: tuple[int, ...], root: str | None, config: str | None, as_json: bool) -> int:
    """Wait until all these jobs have ended; one line for each that does.

    \b
    Examples:
      abell wait 17
      abell wait 17 18 19 && echo all went well

    The exit code is 0 if all went well, else that of the first, in the order given, that did not: as for abell run.
    Ctrl-C stops the waiting, not the jobs.
    """
    ended: dict[int, JobRow] = {}
    status = StatusLine()
    with to_look(root, config) as client, client.watch(jobs) as watch:
        try:
            while watch.live:
                for row in watch.rows():
                    if row["state"] == State.ENDED:
                        ended[row["id"]] = row
                        status.show("")
                        print(json.dumps(row) if as_json else _line(row), flush=True)
                status.show(f"{len(watch.live)} of {len(set(jobs))} jobs have not ended" if watch.live else "")
        finally:
            status.stop()
    unknown = [str(job) for job in jobs if job not in ended]
    if unknown:
        raise AbellError(f"the engine knows no job {', '.join(unknown)}", "abell ps --all lists them")
    return next((code for job in jobs if (code := exit_codes.code_of(ended[job]))), 0)


def _line(row: JobRow) -> str:
    return "\t".join((str(row["id"]), row["cause"] or "", printable(row["message"])))
