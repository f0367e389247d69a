"""What a job on Grid Engine gets of the server's variables, also where everything of the submitter's is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.clusters.gridengine import clusters
from tests.contract.backends import clear_gridengine
from tests.contract.site import Cause, Site

SECRETS = {"ABELL_TOKEN": "open-sesame-1", "AWS_SECRET_ACCESS_KEY": "open-sesame-2", "GALAXY_DB": "open-sesame-3"}
RUNNERS = ("drmaa", "univa")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if why := clusters.why_down("main"):
        pytest.skip(why)
    said = clusters.environ("main")
    runners = {name: {"load": name, "drmaa_library_path": said["DRMAA_LIBRARY_PATH"]} for name in RUNNERS}
    places = {name: {"runner": name, "native_specification": "-V"} for name in RUNNERS}
    config = {"runners": runners, "execution": {"default": RUNNERS[0], "environments": places}}
    with clusters.using("main"):
        site = Site(tmp_path_factory.mktemp("secrets"), json.dumps(config))
        site.environ |= {**said, **SECRETS, "SGE_SEEN": "yes"}
        site.start()
        site.connect()
        yield site
        clear_gridengine(site)
        site.close()


@pytest.mark.parametrize("name", RUNNERS)
def test_everything_of_the_submitter(site: Site, name: str) -> None:
    """`-V` is for the library's process, which has none of the server's secrets."""
    job = site.run("env", to=name)
    assert job.cause is Cause.OK, site.story(job)
    told = job.stdout.read_text()
    assert "SGE_SEEN=yes" in told  # it has come from there
    assert "open-sesame" not in told
