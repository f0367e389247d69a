"""`abell config check` and `abell config show`."""

from __future__ import annotations

import sys

import click

FILE_ERRORS = 125  # Abell itself cannot go on


@click.group()
def config() -> None:
    """Check and show a job configuration.

    FILE is a job_conf.yml, a job_conf.xml or a galaxy.yml.
    """


@config.command(short_help="Tell all that is wrong in FILE, or not active yet.")
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(file: str, as_json: bool) -> None:
    """Tell every error and warning in FILE, and what this version does not act on yet.

    \b
    Exit code 0 if the file can be used, 125 if not.
    Example: abell config check /etc/galaxy/job_conf.yml
    """
    from abell.config.check import check as check_file

    report = check_file(file)
    click.echo(report.as_json() if as_json else report.as_text())
    sys.exit(0 if report.ok else FILE_ERRORS)


@config.command(short_help="Print what FILE comes to; secrets are hidden.")
@click.argument("file", type=click.Path(), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(file: str | None, as_json: bool) -> None:
    """Print the configuration that FILE comes to, or the built-in one. Passwords and keys are hidden.

    \b
    Example: abell config show galaxy.yml
    """
    from abell.config import ConfigurationError, load
    from abell.config.show import as_json as json_text
    from abell.config.show import as_text

    try:
        loaded = load(file)
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        sys.exit(FILE_ERRORS)
    click.echo(json_text(loaded.configuration) if as_json else as_text(loaded.configuration), nl=as_json)
