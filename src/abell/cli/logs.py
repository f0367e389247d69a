"""`abell logs`: what a job has written."""

from __future__ import annotations

import json
import sys

import click

from abell.cli import exit_codes
from abell.cli.follow import StreamName, follow
from abell.cli.options import JobNumber, engine_options
from abell.cli.session import to_look
from abell.cli.streams import Stream
from abell.job import State

_NAMES: tuple[StreamName, ...] = ("stdout", "stderr", "job_stdout", "job_stderr")


@click.command()
@click.argument("job", type=JobNumber(), metavar="ID")
@click.option("-f", "--follow", "following", is_flag=True, help="Go on until the job has ended.")
@click.option("--stderr", is_flag=True, help="What the command wrote to its standard error.")
@click.option("--job", "around", is_flag=True, help="What the job around the command wrote: set-up, cluster.")
@engine_options
def logs(
    job: int, following: bool, stderr: bool, around: bool, root: str | None, config: str | None, as_json: bool
) -> int:
    """Print what a job's command wrote to its standard output, byte for byte.

    \b
    Examples:
      abell logs 17
      abell logs -f 17
      abell logs --stderr 17 | tail
      abell logs --job 17

    With --json, where the files are, instead of what is in them. With -f, the exit code is the job's, as for abell
    run.
    """
    if stderr and around:
        raise click.UsageError("--stderr and --job exclude each other: --job prints both streams of the job")
    if as_json and following:
        raise click.UsageError("--json says where the files are; it cannot be combined with --follow")
    streams: dict[StreamName, Stream] = (
        {"job_stdout": Stream(1), "job_stderr": Stream(2)} if around else {"stderr" if stderr else "stdout": Stream(1)}
    )
    with to_look(root, config) as client:
        if following:
            return exit_codes.code_of(follow(client, job, streams))
        row = client.job(job)["job"]
    if as_json:
        print(json.dumps({"id": job, **{name: row[name] for name in _NAMES}}))
        return 0
    for name, stream in streams.items():
        stream.follow(row[name], row["attempt"])
        stream.copy_rest()
        stream.close()
    if row["state"] != State.ENDED and not any(stream.written for stream in streams.values()):
        print(f"abell: job {job} has written nothing yet ({row['state']})", file=sys.stderr)
    return 0
