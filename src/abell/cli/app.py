"""`abell`: the verbs, and what its exit codes mean."""

from __future__ import annotations

import click

from abell import __version__
from abell.cli import exit_codes
from abell.cli.lazy import LazyGroup

VERBS = {
    "run": "Run a command and wait for it, as if it ran right here.",
    "submit": "Submit a command and print the job's number.",
    "ps": "List jobs.",
    "show": "Tell a job's story: what was asked, what happened, its files.",
    "logs": "Print what a job has written.",
    "wait": "Wait until jobs have ended.",
    "cancel": "End jobs.",
    "script": "Show the job script and the submit command; run nothing.",
    "route": "Say where a job would go, and why.",
    "doctor": "Find what would keep jobs from running.",
    "config": "Check or show a configuration.",
    "serve": "Run the engine in the foreground, as a server.",
    "stop": "Ask the engine to leave; jobs go on.",
}

_EXIT_CODES = "\n".join(f"  {code:>5}  {meaning}" for code, meaning in exit_codes.TABLE)


@click.command(
    cls=LazyGroup,
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nExit codes:\n{_EXIT_CODES}\n\nabell VERB --help has examples of each.",
)
@click.version_option(__version__, prog_name="abell", message="%(prog)s %(version)s")
def abell() -> None:
    """Run jobs on this machine or on a cluster, and trust how they ended.

    \b
    Examples:
      abell run -- sort -u words.txt
      abell run --mem 2G --time 30m -- 'sort big.txt > sorted.txt'
      abell submit -c job_conf.yml --to long_jobs -- make -j8
      abell ps

    Without a configuration, jobs run on this machine. With the job_conf.yml, job_conf.xml or galaxy.yml that Galaxy
    administrators have (-c), they run where it says. No server has to be set up: the first job starts an engine,
    which leaves when it has nothing to do.
    """
