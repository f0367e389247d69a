"""`abell run`: a command runs somewhere, and looks as if it ran here."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from abell.cli import exit_codes
from abell.cli.follow import StreamName, follow
from abell.cli.interrupts import Interrupts
from abell.cli.options import engine_options, job_options, request_of
from abell.cli.session import remedy, to_submit
from abell.cli.streams import Stream
from abell.client.client import Client
from abell.client.wire import JobRow
from abell.errors import AbellError
from abell.job import Cause
from abell.printable import printable


@click.command(context_settings={"allow_interspersed_args": False})
@job_options
@engine_options
def run(root: str | None, config: str | None, as_json: bool, **asked: Any) -> int:
    """Run a command and wait for it.

    \b
    Examples:
      abell run -- sort -u words.txt
      abell run --slots 4 -- 'sort --parallel=$GALAXY_SLOTS big.txt > sorted.txt'
      abell run -c job_conf.yml --to long_jobs --mem 8G --time 2h -- make check
      abell run --output bam=out.bam -- 'samtools sort in.bam > $ABELL_OUTPUT_bam'

    Several arguments after -- are run exactly as given. A single one is a shell command line.

    The command's output appears here as it is written, and its exit code becomes ours (abell --help lists the others).
    It reads nothing from the terminal. Ctrl-C cancels the job; a second Ctrl-C leaves at once.

    With --json the job's record is printed when it has ended, instead of what it writes.
    """
    request = request_of(**asked)
    with to_submit(root, config) as client:
        client.connect()  # Ctrl-C while an engine starts ends us: there is no job yet
        with Interrupts() as interrupts:
            (job,) = client.submit([request])
            streams: dict[StreamName, Stream] = {} if as_json else {"stdout": Stream(1), "stderr": Stream(2)}
            try:
                row = follow(client, job, streams, interrupts, lambda: _cancel(client, job))
            except BrokenPipeError:
                _cancel(client, job)
                raise
            except OSError as error:
                problem = f"what job {job} writes cannot be copied here: {error.strerror}"
                raise AbellError(problem, f"it goes on; {remedy('logs', job, root)}") from error
            except KeyboardInterrupt:
                print(f"abell: left job {job} to end by itself ({remedy('wait', job, root)})", file=sys.stderr)
                return exit_codes.CANCELLED
    if as_json:
        print(json.dumps(row))
    if row["cause"] != Cause.OK:
        print(failure(row, root), file=sys.stderr)
    return exit_codes.code_of(row)


def _cancel(client: Client, job: int) -> None:
    client.cancel([job])


def failure(row: JobRow, root: str | None) -> str:
    """One line: which job, why, and how to learn more."""
    message = row["message"]
    cause = row["cause"] or ""
    said = message if message.startswith(cause) else f"{cause}: {message}" if message else cause
    return f"abell: job {row['id']}: {printable(said)} ({remedy('show', row['id'], root)})"
