"""`abell script`: the job script and the submit command, without running anything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from abell.cli import exit_codes
from abell.cli.options import engine_options, job_options, request_of
from abell.cli.session import named_config
from abell.printable import printable, printable_lines
from abell.root import choose_root

if TYPE_CHECKING:
    from abell.dry_run import DryRun


@click.command(context_settings={"allow_interspersed_args": False})
@job_options
@engine_options
def script(root: str | None, config: str | None, as_json: bool, **asked: Any) -> int:
    """Show the files that a job would be made of, and the very command that would submit it. Nothing runs.

    \b
    Examples:
      abell script -- sort -u words.txt
      abell script -c job_conf.yml --to long_jobs --mem 8G -- make check

    No engine is needed. The exit code is 122 if the job would be rejected.
    """
    from abell import configured
    from abell.dry_run import dry_run
    from abell.route.static import Refusal

    named = named_config(config)
    try:
        run = dry_run(configured.load(named), request_of(**asked), choose_root(root, named), os.environ)
    except ValueError as error:
        run = Refusal(str(error), ())
    if isinstance(run, Refusal):
        print(f"abell: rejected: {printable(run.reason)}", file=sys.stderr)
        return exit_codes.REJECTED
    if as_json:
        print(json.dumps({"destination": run.route.destination.id, "files": run.files, "commands": run.commands}))
        return 0
    text = "\n".join(lines(run))
    print(printable_lines(text) if sys.stdout.isatty() else text)
    return 0


def lines(run: DryRun) -> Iterator[str]:
    """Each file under its name, and the command last."""
    for name, content in run.files.items():
        yield f"# ---- {printable(name)}"
        yield content.rstrip("\n")
    yield "# ---- to submit it"
    yield from run.commands
