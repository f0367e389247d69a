"""The examples of Galaxy's page "Connecting to a Cluster" that are about this machine run jobs, verbatim."""

from __future__ import annotations

import stat
from pathlib import Path

from abell import Cause
from tests.options.conftest import MakeSite
from tests.options.site import LONG

WORKERS = """\
<plugins>
    <plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner" workers="8"/>
</plugins>
"""
SLOTS = """\
<destinations>
    <destination id="local_1slot" runner="local"/>
    <destination id="local_2slots" runner="local">
        <param id="local_slots">2</param>
    </destination>
</destinations>
"""


def test_workers_and_slots(make_site: MakeSite, tmp_path: Path) -> None:
    """The two blocks in one file, which needs a default where there are two destinations. Eight at once meet."""
    slots = SLOTS.replace("<destinations>", '<destinations default="local_1slot">')
    site = make_site(f"<job_conf>\n{WORKERS}{slots}</job_conf>\n", "job_conf.xml")
    assert site.output('echo "$GALAXY_SLOTS"') == "1\n"
    assert site.output('echo "$GALAXY_SLOTS"', to="local_2slots") == "2\n"
    log = tmp_path / "log"
    meet = f"echo . >> {log}; until [ $(grep -c . {log}) -ge 8 ]; do sleep 0.02; done"
    jobs = [site.submit(meet) for _ in range(8)]
    site.cluster.wait(jobs, LONG)
    assert {j.cause for j in jobs} == {Cause.OK}


def test_galaxy_yml(make_site: MakeSite, tmp_path: Path) -> None:
    """The page's options in one file, its cluster file system being a directory of this test."""
    site = make_site(
        """\
        galaxy:
          new_file_path: @HERE@/clusterfs/galaxy/tmp
          cluster_files_directory: database/pbs
          outputs_to_working_directory: True
          real_system_username: user_email
        gravity:
          umask: 027
        """,
        "galaxy.yml",
    )
    final = tmp_path / "final"
    job = site.run('echo "$TMPDIR $(umask) $ABELL_OUTPUT_x"; echo x > "$ABELL_OUTPUT_x"', outputs={"x": final})
    assert job.stdout.read_text().split() == [
        f"{tmp_path}/clusterfs/galaxy/tmp",
        "0027",
        f"{job.row['directory']}/outputs/output_x",
    ]
    assert stat.S_IMODE(final.stat().st_mode) == 0o640
    assert (tmp_path / "database" / "pbs").is_dir()


def test_the_variables_of_resources_with_the_default_that_the_page_advises(make_site: MakeSite) -> None:
    """GALAXY_MEMORY_MB is unset where nobody knows it, so tools write a default."""
    site = make_site(
        f"<job_conf>\n{WORKERS}<destinations><destination id='a' runner='local'/></destinations></job_conf>"
    )
    command = 'echo "${GALAXY_SLOTS:-1} ${GALAXY_MEMORY_MB:-none} ${GALAXY_MEMORY_MB_PER_SLOT:-none}"'
    assert site.output(command) == "1 none none\n"
    assert site.output(command, slots=4, mem="2G") == "4 2048 512\n"
