"""Jobs with awful names, paths and arguments, by each kind of runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clusters.gridengine.site import KINDS, GridSite
from tests.contract.site import Cause

pytestmark = pytest.mark.timeout(300, func_only=True)
ARGUMENTS = ("a b", "it's", '"q"', "two\nlines", "#$ -q nosuch.q", "$HOME `id` \\", "ümläut", "", ":c", "*")
NAMES = ('Étude 1/2: "it\'s" <b> &amp; 100%', "1st @*: $X\\")


@pytest.mark.parametrize("folder", ["a b 'c' \"d\"", "x:y ü #$ &"])
def test_any_name_path_and_argument(parts: None, tmp_path: Path, folder: str) -> None:
    """The whole site, its root and so its jobs, is in a folder of that name."""
    (tmp_path / folder).mkdir()
    site = GridSite(tmp_path / folder, "main")
    site.start()
    try:
        script = 'out=$1; shift; printf "%s\\0" "$@"; echo no >&2; pwd -P >"$out"'
        jobs = {}
        for kind in KINDS:
            for number, name in enumerate(NAMES):
                told = tmp_path / folder / f"{kind} {number} told"
                argv = ("sh", "-c", script, "sh", str(told), *ARGUMENTS)
                jobs[told] = site.submit(argv, to=kind, name=name)
        site.wait(jobs.values())
        for told, job in jobs.items():
            assert job.cause is Cause.OK, job.row
            assert tuple(job.stdout.read_text().split("\0")[:-1]) == ARGUMENTS
            assert job.stderr.read_text() == "no\n"
            assert told.read_text().startswith(str(tmp_path / folder))
    finally:
        site.clear()
        site.close()
