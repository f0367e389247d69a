"""What galaxy.yml says, seen in real jobs."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from abell import Cause, State
from abell.config import load
from abell.config.check import check
from tests.options.conftest import MakeSite
from tests.options.site import LONG, SRC, Site, until

# -- directories --------------------------------------------------------------------------------------------------


def test_data_dir_is_the_root_and_the_base_of_the_others(make_site: MakeSite, tmp_path: Path) -> None:
    """All are made; a path through a symbolic link stays as it is written, for other machines know it by that name."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    site = make_site(
        """\
        galaxy:
          data_dir: data
          job_working_directory: @HERE@/link/jobs
          new_file_path: new files
          file_path: sets
          cluster_files_directory: shared
        """,
        "galaxy.yml",
        root=tmp_path / "data",
    )
    for name in ("data/new files", "data/sets", "data/shared", "elsewhere/jobs"):
        assert (tmp_path / name).is_dir(), name
    job = site.run('echo "$TMPDIR"; echo "$_GALAXY_JOB_HOME_DIR"; pwd -L; echo x > "$TMPDIR/written"')
    jobs = f"{tmp_path}/link/jobs/000/{job.id}/1"
    assert job.stdout.read_text().splitlines() == [f"{tmp_path}/data/new files", f"{jobs}/home", f"{jobs}/working"]
    assert job.row["directory"] == jobs
    assert (tmp_path / "data" / "new files" / "written").exists()
    assert (tmp_path / "data" / "abell.sqlite").is_file()


def test_defaults_of_the_directories(make_site: MakeSite, tmp_path: Path) -> None:
    """`database` beside `config`, with `pbs` in it; nothing else is made that nobody named."""
    site = make_site("galaxy: {}", "config/galaxy.yml", root=tmp_path / "database")
    assert site.output("echo fine") == "fine\n"
    assert (tmp_path / "database" / "pbs").is_dir()
    assert not (tmp_path / "database" / "tmp").exists() and not (tmp_path / "database" / "files").exists()


def test_config_dir_and_job_config_file(make_site: MakeSite, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "jobs.xml").write_text(
        '<job_conf><plugins><plugin id="local" load="local"/></plugins>'
        '<destinations><destination id="from_file" runner="local"/></destinations></job_conf>'
    )
    site = make_site("galaxy: {config_dir: conf, job_config_file: jobs.xml}", "galaxy.yml")
    assert site.run("true").row["destination"] == "from_file"


def test_job_config_inline(make_site: MakeSite, tmp_path: Path) -> None:
    """It counts before the file."""
    (tmp_path / "job_conf.yml").write_text(
        "runners: {local: {load: local}}\nexecution: {environments: {from_file: {runner: local}}}"
    )
    site = make_site(
        """\
        galaxy:
          job_config_file: job_conf.yml
          job_config:
            runners: {local: {load: local}}
            execution: {environments: {inline: {runner: local}}}
        """,
        "galaxy.yml",
    )
    assert site.run("true").row["destination"] == "inline"


# -- the database -------------------------------------------------------------------------------------------------


def test_database_connection_of_sqlite(make_site: MakeSite, tmp_path: Path) -> None:
    url = "sqlite:///@HERE@/queue.db?isolation_level=IMMEDIATE"
    site = make_site(f"galaxy: {{database_connection: '{url}'}}", "galaxy.yml")
    assert site.run("true").cause is Cause.OK
    with closing(sqlite3.connect(tmp_path / "queue.db")) as db:
        assert db.execute("SELECT count(*) FROM abell_job").fetchone() == (1,)
    assert not (site.root / "abell.sqlite").exists()


def test_database_connection_of_postgresql_is_said_not_to_count_yet(make_site: MakeSite) -> None:
    site = make_site("galaxy: {database_connection: 'postgresql://galaxy:s3cret@db/galaxy'}", "galaxy.yml")
    assert site.run("true").cause is Cause.OK
    assert (site.root / "abell.sqlite").is_file()
    assert "WARNING database_connection names PostgreSQL" in site.said()
    assert "s3cret" not in site.said()
    (listed,) = check(str(site.config)).inactive
    assert "database_connection" in listed[1]


def test_any_other_database_connection_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "galaxy.yml"
    config.write_text("galaxy: {database_connection: 'mysql://galaxy:s3cret@db/galaxy'}")
    done = subprocess.run(
        [sys.executable, "-m", "abell", "serve", "--root", str(tmp_path / "root"), "-c", str(config)],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode == 125
    assert "database_connection: mysql:// is not active in this version" in done.stderr
    assert "Traceback" not in done.stderr and "s3cret" not in done.stderr


# -- the script ---------------------------------------------------------------------------------------------------


def test_the_surroundings_of_the_command(make_site: MakeSite, tmp_path: Path) -> None:
    """default_job_shell, environment_setup_file, gravity's galaxy_root, virtualenv and umask."""
    (tmp_path / "set up.sh").write_text("SET_UP=first; export SET_UP\n")
    site = make_site(
        """\
        gravity: {umask: 027, galaxy_root: "the root", virtualenv: .venv}
        galaxy:
          data_dir: @HERE@/data
          default_job_shell: /bin/dash
          environment_setup_file: @HERE@/set up.sh
          job_config:
            runners: {local: {load: local}}
            execution:
              default: plain
              environments:
                plain: {runner: local, env: [{name: THEN, value: $SET_UP and then}]}
                bash: {runner: local, shell: /bin/bash}
        """,
        "galaxy.yml",
    )
    job = site.run('readlink /proc/$$/exe; echo "$THEN $GALAXY_LIB|$GALAXY_VIRTUAL_ENV"; umask; touch made')
    assert job.stdout.read_text().splitlines() == [
        os.path.realpath("/bin/dash"),
        f"first and then {tmp_path}/the root/lib|{tmp_path}/the root/.venv",
        "0027",
    ]
    assert site.output("readlink /proc/$$/exe; echo $THEN", to="bash").splitlines() == [
        os.path.realpath("/bin/bash"),
        "",
    ]
    assert stat.S_IMODE(job.stdout.stat().st_mode) == 0o640
    assert stat.S_IMODE(Path(job.row["directory"], "outputs").stat().st_mode) == 0o750
    final = tmp_path / "final"
    assert site.run('echo > "$ABELL_OUTPUT_x"', outputs={"x": final}).cause is Cause.OK
    assert stat.S_IMODE(final.stat().st_mode) == 0o640


def test_without_them(make_site: MakeSite) -> None:
    """An environment_setup_file that is absent is passed over, as in Galaxy."""
    site = make_site("galaxy: {environment_setup_file: @HERE@/absent}", "galaxy.yml")
    said = site.output('readlink /proc/$$/exe; echo "${GALAXY_LIB-none} ${GALAXY_VIRTUAL_ENV-none}"; umask')
    assert said.splitlines() == [os.path.realpath("/bin/bash"), "none none", f"{_umask():04o}"]


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


# -- outputs ------------------------------------------------------------------------------------------------------

ENDS = """\
        galaxy:
          outputs_to_working_directory: {apart}
          cleanup_job: {cleanup}
          retry_job_output_collection: {retries}
          job_config:
            runners: {{local: {{load: local}}}}
            execution:
              default: plain
              environments:
                plain: {{runner: local}}
                direct: {{runner: local, outputs_to_working_directory: false}}
                tidied: {{runner: local, cleanup_job: always}}
"""


def test_outputs_to_working_directory(make_site: MakeSite, tmp_path: Path) -> None:
    """The command writes in the job's directory, so that nothing half made is seen at the final path."""
    site = make_site(ENDS.format(apart="true", cleanup="always", retries=0), "galaxy.yml")
    final = tmp_path / "final"
    command = 'echo "$ABELL_OUTPUT_x"; echo said > "$ABELL_OUTPUT_x"'
    job = site.run(command, outputs={"x": final})
    assert job.stdout.read_text() == f"{job.row['directory']}/outputs/output_x\n"
    assert final.read_text() == "said\n"
    assert site.run(f"{command}; exit 1", outputs={"x": tmp_path / "failed"}).cause is Cause.EXIT
    assert not (tmp_path / "failed").exists()
    assert site.output(command, to="direct", outputs={"x": final}) == f"{final}\n"


@pytest.mark.parametrize(
    ("cleanup", "kept"), [("always", (False, False)), ("onsuccess", (False, True)), ("never", (True, True))]
)
def test_cleanup_job(make_site: MakeSite, cleanup: str, kept: tuple[bool, bool]) -> None:
    """The working files; streams and records stay. The last job's destination overrides it."""
    site = make_site(ENDS.format(apart="false", cleanup=cleanup, retries=0), "galaxy.yml")
    fill = 'for d in . "$_GALAXY_JOB_TMP_DIR" "$_GALAXY_JOB_HOME_DIR"; do echo x > "$d/left"; done; exit '
    jobs = [site.run(fill + "0"), site.run(fill + "1"), site.run(fill + "1", to="tidied")]
    good, bad, last = (Path(job.row["directory"]) for job in jobs)
    until(lambda: not (last / "tmp").exists())  # files go one job after the other
    for name in ("working", "tmp", "home"):
        assert ((good / name / "left").exists(), (bad / name / "left").exists()) == kept
    assert all((d / "outputs" / "tool_stdout").exists() for d in (good, bad, last))


def test_an_output_that_is_not_there_fails_at_once_without_retries(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(ENDS.format(apart="false", cleanup="always", retries=0), "galaxy.yml")
    job = site.run("true", outputs={"x": tmp_path / "x"})
    assert job.cause is Cause.OUTPUT
    assert job.row["ended"] - job.row["started"] < 5


@pytest.mark.parametrize("to", ["plain", "direct"])
def test_retry_job_output_collection_waits_for_a_late_output(make_site: MakeSite, tmp_path: Path, to: str) -> None:
    """The node did not see it when the command ended, as where another node of a network file system made it."""
    site = make_site(ENDS.format(apart="true", cleanup="always", retries=600), "galaxy.yml")
    where = tmp_path / "globbed"
    job = site.submit("echo now > a.txt", to=to, outputs={"x": tmp_path / "x"}, output_globs=[("*.log", where)])
    site.until(job, State.FINISHING)
    assert "x" in job.row["why"]
    own = Path(job.row["directory"])
    (tmp_path / "x" if to == "direct" else own / "outputs" / "output_x").write_text("late")
    (own / "working" / "run.log").write_text("later")
    job.wait(LONG)
    assert job.cause is Cause.OK, job.row
    assert ((tmp_path / "x").read_text(), (where / "run.log").read_text()) == ("late", "later")
    assert [(o["name"], o["size"]) for o in job.row["outputs"]] == [("x", 4), ("glob1", 5)]


def test_a_job_whose_outputs_are_waited_for_can_be_cancelled(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(ENDS.format(apart="false", cleanup="always", retries=600), "galaxy.yml")
    job = site.submit("true", outputs={"x": tmp_path / "x"})
    site.until(job, State.FINISHING)
    job.cancel()
    job.wait(LONG)
    assert job.cause is Cause.CANCELLED
    assert "while its outputs were waited for: the command made no x" in job.message


def test_retry_job_output_collection_gives_up(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(ENDS.format(apart="false", cleanup="always", retries=1), "galaxy.yml")
    job = site.run("true", outputs={"x": tmp_path / "x"})
    assert job.cause is Cause.OUTPUT
    assert "output not returned" in job.message
    assert job.row["ended"] - job.row["started"] >= 1


# -- the script integrity check -----------------------------------------------------------------------------------

CHECKED = """\
        galaxy:
          default_job_shell: @HERE@/shell
          check_job_script_integrity: {on}
          check_job_script_integrity_count: 3
          check_job_script_integrity_sleep: 0.2
"""


def shell(site: Site, text: str) -> None:
    """Becomes the shell of all jobs."""
    made = site.directory / "made"
    made.write_text(f"#!/bin/sh\n{text}\n")
    made.chmod(0o755)
    made.rename(site.directory / "shell")


def test_check_job_script_integrity(make_site: MakeSite) -> None:
    """A script that cannot run keeps its job waiting, with the reason; so often, so far apart, it is tried in a row."""
    site = make_site(CHECKED.format(on="true"), "galaxy.yml")
    tries = site.directory / "tries"
    shell(site, f"date +%s.%N >> {tries}; exit 7")
    job = site.submit("echo ran")
    site.until(job, State.WAITING)
    until(lambda: "script integrity" in job.refresh().row["why"])
    assert "job.sh ended with 7, not 42" in job.row["why"]
    times = [float(line) for line in tries.read_text().split()]
    assert len(times) >= 3
    assert all(after - before >= 0.2 for before, after in pairwise(times[:3]))

    shell(site, 'echo "${ABC_TEST_JOB_SCRIPT_INTEGRITY_XYZ-for real}" >> ' + str(tries) + '; exec /bin/sh "$@"')
    tries.unlink()
    job.wait(LONG)
    assert (job.cause, job.stdout.read_text()) == (Cause.OK, "ran\n")
    assert tries.read_text().splitlines()[:2] == ["1", "for real"]


def test_without_check_job_script_integrity_nothing_is_tried(make_site: MakeSite) -> None:
    site = make_site(CHECKED.format(on="false"), "galaxy.yml")
    tries = site.directory / "tries"
    shell(site, f'echo "${{ABC_TEST_JOB_SCRIPT_INTEGRITY_XYZ-for real}}" >> {tries}; exec /bin/sh "$@"')
    assert site.output("echo ran") == "ran\n"
    assert set(tries.read_text().splitlines()) == {"for real"}


def test_the_file_is_what_was_checked(make_site: MakeSite) -> None:
    """Nothing in these tests is about an option that `config check` would call not active."""
    site = make_site(ENDS.format(apart="true", cleanup="never", retries=2), "galaxy.yml")
    assert check(str(site.config)).as_text().splitlines() == [
        f"{site.config}: good: 1 runner, 3 destinations, default plain"
    ]
    assert load(str(site.config)).configuration.destinations["tidied"].params == {"cleanup_job": "always"}
