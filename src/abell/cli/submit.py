"""`abell submit`: hand a command over, and go on."""

from __future__ import annotations

import json
from typing import Any

import click

from abell.cli.options import engine_options, job_options, request_of
from abell.cli.session import to_submit


@click.command(context_settings={"allow_interspersed_args": False})
@job_options
@engine_options
def submit(root: str | None, config: str | None, as_json: bool, **asked: Any) -> None:
    """Submit a command and print the job's number. The job is safe on disk by then.

    \b
    Examples:
      abell submit -- ./long-simulation --steps 1000000
      abell submit --slots 8 --mem 16G --time 12h -- 'bwa mem -t $GALAXY_SLOTS ref.fa r.fq > out.sam'
      job=$(abell submit -- make) && abell wait $job

    Several arguments after -- are run exactly as given. A single one is a shell command line.
    """
    request = request_of(**asked)
    with to_submit(root, config) as client:
        (job,) = client.submit([request])
    print(json.dumps({"id": job}) if as_json else job)
