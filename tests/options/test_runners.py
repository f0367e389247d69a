"""`workers` and `cores`: how many jobs run at once, by the jobs' own journal."""

from __future__ import annotations

import os

import pytest

from abell import Cause
from tests.options.conftest import MakeSite
from tests.options.site import LONG, Site

CONFIG = """\
runners:
  local: {{load: local, {}}}
execution:
  environments:
    local: {{runner: local}}
"""


def journal(site: Site, slots: int, company: int) -> str:
    """A command that notes its begin and end, and goes on when so many slots have been in use at once or before."""
    log = site.directory / "log"
    return (
        f"echo +{slots} >> {log}; "
        f"until awk '/[+]/ {{n += $1}} END {{exit n < {company}}}' {log}; do sleep 0.02; done; "
        f"sleep 0.1; echo -{slots} >> {log}"
    )


def most(site: Site) -> int:
    """The most slots that were in use at once."""
    used, peak = 0, 0
    for line in (site.directory / "log").read_text().split():
        used += int(line)
        peak = max(peak, used)
    return peak


def run(site: Site, widths: list[int], company: int, asked: bool = True) -> None:
    jobs = [site.submit(journal(site, w, company), slots=w if asked else None) for w in widths]
    site.cluster.wait(jobs, LONG)
    assert {j.cause for j in jobs} == {Cause.OK}


@pytest.mark.parametrize("workers", [1, 3])
def test_workers(make_site: MakeSite, workers: int) -> None:
    """So many at once, and never more. A job goes on only when the first so many have begun."""
    site = make_site(CONFIG.format(f"workers: {workers}"))
    run(site, [1] * 7, company=workers, asked=False)
    assert most(site) == workers


def test_without_cores_slots_reserve_nothing(make_site: MakeSite) -> None:
    site = make_site(CONFIG.format("workers: 2"))
    run(site, [50, 50], company=100)
    assert most(site) == 100


def test_cores(make_site: MakeSite) -> None:
    """Slots are reserved: never more than the cores, and a job that could never start is refused."""
    site = make_site(CONFIG.format("workers: 8, cores: 4"))
    run(site, [3, 1, 2, 2, 4, 1, 1], company=4)
    assert most(site) == 4
    wide = site.run("true", slots=5)
    assert wide.cause is Cause.REJECTED
    assert "5 slots" in wide.message and "4 cores" in wide.message


def test_cores_auto(make_site: MakeSite) -> None:
    """The cores of this machine, which the server may use."""
    cores = len(os.sched_getaffinity(0))
    site = make_site(CONFIG.format("workers: 8, cores: auto"))
    run(site, [cores, 1, cores], company=cores)
    assert most(site) == cores
    assert site.run("true", slots=cores + 1).cause is Cause.REJECTED


def test_a_runner_and_a_destination_that_are_not_enabled(make_site: MakeSite) -> None:
    site = make_site(
        """\
        runners:
          local: {load: galaxy.jobs.runners.local:LocalJobRunner}
          off: {load: local, enabled: false}
        execution:
          default: a
          environments:
            a: {runner: local, env: [{name: WHERE, value: a}]}
            b: {runner: local, enabled: false}
        """
    )
    assert site.output('echo "$WHERE"') == "a\n"
    with pytest.raises(Exception, match="no destination has the id or tag 'b'"):
        site.submit("true", to="b")
