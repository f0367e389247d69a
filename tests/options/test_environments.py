"""What a destination says, seen from inside its jobs. One engine serves them all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from abell import Cause
from tests.options.conftest import MakeSite
from tests.options.site import Site, until

CONFIG = r"""
runners: {local: {load: local}}
execution:
  default: plain
  environments:
    plain: {runner: local}
    two: {runner: local, local_slots: 2}
    dash: {runner: local, shell: /bin/dash}
    sh: {runner: local, shell: /bin/sh}
    strict: {runner: local, shell: /bin/bash -eu}
    by_env: {runner: local, shell: /usr/bin/env dash}
    many: {runner: local, shell: /bin/bash -u -o pipefail}
    no_path: {runner: local, shell: bash}
    no_shell: {runner: local, shell: /no/such/shell}
    env:
      runner: local
      env:
      - {name: FIRST, value: "a  $BASE \"b\" `x` \\"}
      - {name: FIRST, value: again $GALAXY_SLOTS}
      - {name: SECOND, value: "$FIRST, then"}
      - {file: "@HERE@/a file of variables"}
      - {execute: 'EXECUTED=$(printf %s "$FROM_FILE" | tr a-z A-Z); export EXECUTED'}
      - {name: RAW, value: "'$HOME'", raw: true}
      - {name: COMMAND, value: $(echo of $EXECUTED)}
      - {name: USERS, value: administrator}
    absent_file: {runner: local, env: [{file: "@HERE@/absent"}]}
    broken: {runner: local, env: [{execute: 'echo "'}]}
    tmp_own: {runner: local, tmp_dir: true}
    tmp_not: {runner: local, tmp_dir: false}
    tmp_path: {runner: local, tmp_dir: "@HERE@/scratch"}
    tmp_made: {runner: local, tmp_dir: '$(mktemp -d "@HERE@/made.XXXXXX")'}
    tmp_env: {runner: local, tmp_dir: true, env: [{name: TMPDIR, value: "@HERE@"}]}
    apart: {runner: local, outputs_to_working_directory: "True"}
    no_metadata: {runner: local, embed_metadata_in_job: false}
    metadata: {runner: local, embed_metadata_in_job: true}
    again: {runner: local, requeue: "yes"}
    not_again: {runner: local, requeue: false}
    keep: {runner: local, cleanup_job: never}
    keep_failed: {runner: local, cleanup_job: onsuccess}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    (directory / "a file of variables").write_text('FROM_FILE="from $SECOND"; export FROM_FILE\n')
    site = Site(directory, CONFIG, "job_conf.yml", None, {"TMPDIR": str(directory)})
    yield site
    site.close()


# -- slots --------------------------------------------------------------------------------------------------------


def test_local_slots(site: Site) -> None:
    """The administrator's number, whatever is asked for; else what is asked for; else 1."""
    assert site.output("echo $GALAXY_SLOTS", to="two") == "2\n"
    assert site.output("echo $GALAXY_SLOTS", to="two", slots=7) == "2\n"
    assert site.output("echo $GALAXY_SLOTS", slots=3) == "3\n"
    assert site.output("echo $GALAXY_SLOTS") == "1\n"


def test_the_servers_own_slots(make_site: MakeSite) -> None:
    """$GALAXY_SLOTS of the server is the default of local jobs."""
    site = make_site(CONFIG, GALAXY_SLOTS="5")
    assert site.output("echo $GALAXY_SLOTS") == "5\n"
    assert site.output("echo $GALAXY_SLOTS", slots=3) == "3\n"
    assert site.output("echo $GALAXY_SLOTS", to="two") == "2\n"


# -- shell --------------------------------------------------------------------------------------------------------

WHICH = "readlink /proc/$$/exe"


@pytest.mark.parametrize(
    ("to", "program"), [("plain", "bash"), ("dash", "dash"), ("sh", "sh"), ("strict", "bash"), ("by_env", "dash")]
)
def test_shell(site: Site, to: str, program: str) -> None:
    job = site.run(WHICH, to=to)
    where = shutil.which(program)
    assert where is not None
    assert job.stdout.read_text().strip() == os.path.realpath(where), job.row
    assert Path(job.row["directory"], "job.sh").read_text().startswith("#!/")


def test_options_of_the_shell(site: Site) -> None:
    """They hold for the command, and never disturb the job script."""
    assert site.run("false; echo $UNSET", to="plain").cause is Cause.OK
    for command in ("false; true", "echo $UNSET"):
        job = site.run(command, to="strict")
        assert (job.cause, job.exit_code) == (Cause.EXIT, 1), (command, job.row)
    assert site.output("echo fine", to="strict") == "fine\n"


def test_several_options_of_the_shell(site: Site) -> None:
    assert site.output("echo fine", to="many") == "fine\n"
    assert site.run("false | true", to="many").exit_code == 1
    assert site.run("echo $UNSET", to="many").exit_code == 1


def test_a_shell_that_cannot_run_is_refused_with_the_reason(site: Site) -> None:
    reasons = {"no_path": "must be one line that begins with an absolute path", "no_shell": "job.sh names is not there"}
    for to, why in reasons.items():
        job = site.run("true", to=to)
        assert job.cause is Cause.REJECTED
        assert why in job.message


def test_a_command_of_several_words_needs_no_shell(site: Site) -> None:
    assert site.output(["printf", "%s|", "$HOME", "a  b"], to="dash") == "$HOME|a  b|"


# -- env ----------------------------------------------------------------------------------------------------------


def test_env(site: Site) -> None:
    """In the order given, each seeing those before it; the user's own come last and are taken literally."""
    seen = dict(
        line.split("=", 1) for line in site.output(["env"], to="env", slots=3, env={"USERS": "$own"}).splitlines()
    )
    assert seen["FIRST"] == "again 3"
    assert seen["SECOND"] == "again 3, then"
    assert seen["FROM_FILE"] == "from again 3, then"
    assert seen["EXECUTED"] == "FROM AGAIN 3, THEN"
    assert seen["RAW"] == "$HOME"
    assert seen["COMMAND"] == "of FROM AGAIN 3, THEN"
    assert seen["USERS"] == "$own"


def test_a_file_of_env_that_is_absent_is_told_and_passed_over(site: Site) -> None:
    """As in Galaxy."""
    job = site.run("true", to="absent_file")
    assert job.cause is Cause.OK
    assert f"{site.directory}/absent: No such file" in Path(job.row["job_stderr"]).read_text()


def test_env_that_is_no_shell_keeps_the_command_from_running(site: Site) -> None:
    job = site.run(f"touch {site.directory}/ran", to="broken")
    assert job.cause is Cause.EXIT
    assert not (site.directory / "ran").exists()
    assert "the environment of the job could not be set up" in Path(job.row["job_stderr"]).read_text()


# -- tmp_dir ------------------------------------------------------------------------------------------------------

TMP = 'test -d "$TMPDIR" && test "$TMP" = "$TMPDIR" && echo "$TMPDIR $_GALAXY_JOB_TMP_DIR"'


def test_tmp_dir_absent_or_false_leaves_the_servers(site: Site) -> None:
    for to in ("plain", "tmp_not"):
        assert site.output(TMP, to=to).split()[0] == str(site.directory)


def test_tmp_dir_true_is_the_jobs_own(site: Site) -> None:
    job = site.run(TMP, to="tmp_own")
    own = f"{job.row['directory']}/tmp"
    assert job.stdout.read_text().split() == [own, own]


def test_tmp_dir_as_a_path_and_as_an_expression(site: Site) -> None:
    scratch = f"{site.directory}/scratch"
    assert site.output(TMP, to="tmp_path").split() == [scratch, scratch]
    made = {site.output(TMP, to="tmp_made").split()[0] for _ in range(2)}
    assert len(made) == 2 and all(path.startswith(f"{site.directory}/made.") for path in made)


def test_a_variable_of_env_wins_over_tmp_dir(site: Site) -> None:
    assert site.output('echo "$TMPDIR"', to="tmp_env") == f"{site.directory}\n"


# -- metadata, outputs, cleanup -----------------------------------------------------------------------------------


def test_embed_metadata_in_job(site: Site) -> None:
    for to in ("plain", "metadata"):
        job = site.run("echo tool", to=to, metadata=f"echo {to} > {site.directory}/metadata; exit 3")
        assert (job.cause, job.row["metadata"]) == (Cause.OK, {"exit_code": 3})
        assert (site.directory / "metadata").read_text() == f"{to}\n"


def test_embed_metadata_in_job_false_refuses_metadata_and_nothing_else(site: Site) -> None:
    ran = site.directory / "ran anyway"
    job = site.run(["touch", str(ran)], to="no_metadata", metadata="true")
    assert (job.cause, ran.exists()) == (Cause.REJECTED, False)
    assert "embed_metadata_in_job is false for the destination no_metadata" in job.message
    assert site.run("true", to="no_metadata").cause is Cause.OK


def test_outputs_to_working_directory_of_a_destination(site: Site) -> None:
    final = site.directory / "final"
    command = 'echo "$ABELL_OUTPUT_x"; echo said > "$ABELL_OUTPUT_x"'
    assert site.output(command, outputs={"x": final}) == f"{final}\n"
    final.unlink()
    job = site.run(command, to="apart", outputs={"x": final})
    assert job.stdout.read_text() == f"{job.row['directory']}/outputs/output_x\n"
    assert final.read_text() == "said\n"


def working(site: Site, command: str, to: str) -> Path:
    return Path(site.run(command, to=to).row["directory"], "working")


def test_cleanup_job_of_a_destination(site: Site) -> None:
    """Files go one job after the other, so the last one's tells that the earlier ones' had their turn."""
    good, bad = "echo x > left", "echo x > left; exit 1"
    kept = [working(site, good, "keep"), working(site, bad, "keep"), working(site, bad, "keep_failed")]
    gone = [working(site, good, "keep_failed"), working(site, bad, "plain"), working(site, good, "plain")]
    until(lambda: not any(path.exists() for path in gone))
    assert all(path.exists() for path in kept)
    assert all((path.parent / "outputs" / "tool_stdout").exists() for path in (*kept, *gone))


def test_requeue(site: Site) -> None:
    """Where the DRM can; tests/contract/test_requeue.py has what it means there."""
    job = site.run("true", to="again")
    assert job.cause is Cause.REJECTED
    assert job.message.startswith("requeue is true for the destination again") and "remedy" in job.message
    assert site.run("true", to="not_again").cause is Cause.OK
