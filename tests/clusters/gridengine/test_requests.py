"""What a job asks for, and what the native options of its destination give it, arrive in the job."""

from __future__ import annotations

import pytest

from tests.clusters.gridengine.clusters import environ
from tests.clusters.gridengine.site import KINDS, GridSite
from tests.contract.site import Cause, Job, Site

pytestmark = pytest.mark.timeout(300, func_only=True)
TOLD = 'echo $GALAXY_SLOTS ${GALAXY_MEMORY_MB:-none} ${GALAXY_MEMORY_MB_PER_SLOT:-none}; echo "$PE" >&2'
# Options of the destination -> slots, MiB for all of them, MiB for one.
NATIVE = {
    "bignodes": "8 none none",
    "mem_free": "3 192 64",
    "s_vmem": "1 400 400",
    "h_vmem": "1 200 200",
}


def told(job: Job) -> str:
    assert job.cause is Cause.OK, job.row
    return job.stdout.read_text().strip()


def test_native_options_and_requests(site: GridSite) -> None:
    native = {option: site.each(option, TOLD, option) for option in NATIVE}
    ranges = site.each("range", TOLD, "range")
    asked = site.each("asked", TOLD, slots=3, mem="900M", time="1h")
    nothing = site.each("nothing", TOLD)
    site.wait(job for jobs in (*native.values(), ranges, asked, nothing) for job in jobs.values())
    for option, jobs in native.items():
        assert {kind: told(job) for kind, job in jobs.items()} == dict.fromkeys(KINDS, NATIVE[option]), option
    for job in ranges.values():  # Grid Engine gives as many as are free
        slots, memory, per_slot = map(int, told(job).split())
        assert 2 <= slots <= 4 and (memory, per_slot) == (slots * 300, 300)
    assert {kind: told(job) for kind, job in asked.items()} == dict.fromkeys(KINDS, "3 900 300")
    assert {kind: told(job) for kind, job in nothing.items()} == dict.fromkeys(KINDS, "1 none none")
    assert all("threads" in job.stderr.read_text() for job in native["bignodes"].values())


XML = """<?xml version="1.0"?>
<job_conf>
<plugins>
    <plugin id="drmaa" type="runner" load="galaxy.jobs.runners.drmaa:DRMAAJobRunner"/>
</plugins>
<destinations default="sge_default">
    <destination id="sge_default" runner="drmaa"/>
    <destination id="big_jobs" runner="drmaa">
        <param id="nativeSpecification">-P bignodes -R y -pe threads 8</param>
    </destination>
</destinations>
</job_conf>
"""


@pytest.mark.parametrize("load", ["drmaa:DRMAAJobRunner", "univa:UnivaJobRunner"])
def test_the_example_of_galaxys_documentation(parts: None, tmp_path, load: str) -> None:
    """The library is the one that the server's environment names."""
    site = Site(tmp_path, "")
    site.config = tmp_path / "job_conf.xml"
    site.config.write_text(XML.replace("drmaa:DRMAAJobRunner", load))
    site.environ |= environ("main")
    site.start()
    try:
        path = {"PATH": environ("main")["PATH"]}
        small = site.submit("echo $NSLOTS $JOB_ID")
        big = site.submit("echo $GALAXY_SLOTS; qstat -j $JOB_ID", to="big_jobs", env=path)
        site.wait([small, big])
        assert told(small) == f"1 {small.row['native_id']}"
        slots, *shown = told(big).splitlines()
        assert slots == "8"
        said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in shown)}
        assert said["project"] == "bignodes" and said["reserve"] == "y"
        assert said["parallel environment"] == "threads range: 8"
    finally:
        site.close()
