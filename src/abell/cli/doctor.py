"""`abell doctor`: what would keep jobs from running, and what to do about it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile

import click

from abell.cli import exit_codes
from abell.cli.options import engine_options
from abell.cli.session import named_config
from abell.cli.status import StatusLine
from abell.root import choose_root


@click.command()
@click.argument("destinations", nargs=-1, metavar="[DESTINATION]...")
@engine_options
def doctor(destinations: tuple[str, ...], root: str | None, config: str | None, as_json: bool) -> int:
    """Look for what would keep jobs from running, and say what to do about it.

    \b
    Examples:
      abell doctor -c job_conf.yml
      abell doctor -c job_conf.yml long_jobs
      abell doctor --json | jq '.checks[].findings[] | select(.ok | not)'

    DESTINATION is an id or a tag; without one, every runner is examined, with each cluster that its destinations mean:
    are its commands on the PATH, does the cluster answer, is it set up well? All are asked at the same time, and each
    is given up after a minute. No job is submitted, the root is not touched, and no server is needed. If one runs,
    what holds up its jobs is told as well; without -c, its configuration is the one that is examined.

    Run it as the user of the server, in the server's environment: PATH and variables such as SLURM_CONF count.

    The exit code is 0 if all is well, and 125 if anything is wrong.
    """
    from abell import configured
    from abell.doctor import report
    from abell.doctor.checkup import Checkup
    from abell.doctor.configuration import configuration as read
    from abell.doctor.directories import directories
    from abell.doctor.examine import examine
    from abell.doctor.patients import patients
    from abell.doctor.server import findings, server
    from abell.engine.prepare import Layout
    from abell.hosts.lazy_libraries import Libraries

    done: list[Checkup] = []
    status = StatusLine()

    def tell(checkup: Checkup) -> None:
        if not as_json:
            status.show("")
            print("\n".join(report.lines(checkup, sys.stdout.encoding)), flush=True)

    def end() -> int:
        print(report.as_json(done) if as_json else report.summary(done))
        return exit_codes.ABELL if any(checkup.wrong for checkup in done) else 0

    named = named_config(config)
    if named is not None and (first := read(named)).wrong:  # it may also have to tell the root
        done.append(first)
        tell(first)
        return end()
    directory = choose_root(root, named)
    status.show(f"asking the server of {directory}")
    seen = server(directory)
    if named is None and seen.hello and not seen.hello.transient and seen.hello.config:
        named = seen.hello.config  # what a new job would get
    done.append(read(named))
    if done[0].wrong:
        tell(done[0])
        return end()
    configuration = configured.load(named)
    chosen = patients(configuration, destinations)
    layout = Layout.of(directory, configuration.settings)
    places = directories((directory, layout.jobs, *layout.made))
    done.append(Checkup("server", str(directory), (*places, *findings(seen, configuration))))
    for checkup in done:
        tell(checkup)
    status.show("asking " + ", ".join(dict.fromkeys(patient.runner for patient in chosen)))

    async def examined() -> list[Checkup]:
        # Sessions of libraries are kept in a root; nothing is to be written in this one, nor to be read by them.
        with tempfile.TemporaryDirectory(prefix="abell-doctor-") as scratch:
            libraries = Libraries(scratch, os.environ, hidden=(str(directory),))
            try:
                return await examine(chosen, configuration, os.environ, {"drmaa": libraries.ask}, tell)
            finally:
                await libraries.close()

    logging.getLogger("abell").addHandler(logging.NullHandler())  # what is worth a word is among the findings
    done += asyncio.run(examined())
    status.show("")
    return end()
