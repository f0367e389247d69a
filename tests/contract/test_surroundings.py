"""What a job sees: variables, slots, memory, directories; and what becomes of its outputs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.contract.backends import ROWS
from tests.contract.site import Cause, Job, Site


def variables(job: Job) -> dict[str, str]:
    assert job.cause is Cause.OK, job.row
    return dict(entry.split("=", 1) for entry in job.stdout.read_text().split("\0") if entry)


def test_environment(site: Site) -> None:
    value = "a b\t'$HOME' \"*\" \\ ü"
    seen = variables(site.run(["env", "-0"], env={"ODD": value, "EMPTY": ""}))
    assert seen["ODD"] == value
    assert seen["EMPTY"] == ""
    assert seen["HOME"] and Path(seen["TMPDIR"]).is_absolute()


@pytest.mark.needs("clean")
def test_nothing_of_the_servers_environment_is_seen(site: Site) -> None:
    seen = variables(site.run(["env", "-0"]))
    assert "PYTHONPATH" not in seen and "ABELL_FAULT" not in seen


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_slots(site: Site, slots: int) -> None:
    seen = variables(site.run(["env", "-0"], slots=slots))
    assert (seen["GALAXY_SLOTS"], seen["GALAXY_SLOTS_CONFIGURED"]) == (str(slots), "1")


def test_memory_variables(site: Site) -> None:
    seen = variables(site.run(["env", "-0"], slots=2, mem="1G"))
    assert (seen["GALAXY_MEMORY_MB"], seen["GALAXY_MEMORY_MB_PER_SLOT"]) == ("1024", "512")


def test_the_working_directory(site: Site) -> None:
    assert site.run("pwd -P", workdir=site.work).stdout.read_text().strip() == os.path.realpath(site.work)
    own = site.run("pwd -P; ls -A")
    assert own.stdout.read_text().split() == [f"{os.path.realpath(own.row['directory'])}/working"]


@pytest.mark.parametrize("to", ["plain", "apart"])
def test_an_output(site: Site, to: str) -> None:
    path = site.directory / f"out-{to}" / "a name ü.txt"
    path.parent.mkdir()
    job = site.run('printf hello > "$ABELL_OUTPUT_text"', to=to, outputs={"text": path})
    assert job.cause is Cause.OK, job.row
    assert path.read_text() == "hello"
    assert job.row["outputs"] == [
        {"name": "text", "path": str(path), "size": 5, "sha256": hashlib.sha256(b"hello").hexdigest()}
    ]


def test_an_output_of_a_failed_job_stays_away_from_its_final_path(site: Site) -> None:
    path = site.directory / "of-failed"
    job = site.run('printf half > "$ABELL_OUTPUT_text"; exit 1', to="apart", outputs={"text": path})
    assert (job.cause, path.exists()) == (Cause.EXIT, False)


@pytest.mark.parametrize("to", ["plain", "apart"])
def test_a_missing_output(site: Site, to: str) -> None:
    path = site.directory / f"missing-{to}"
    job = site.run("true", to=to, outputs={"text": path})
    assert job.cause is Cause.OUTPUT
    assert "output not returned" in job.message and "text" in job.message


def test_globbed_outputs(site: Site) -> None:
    where = site.directory / "globbed"
    job = site.run("touch 'a b.txt' c.txt d.log", output_globs=[("*.txt", where)])
    assert job.cause is Cause.OK, job.row
    assert sorted(p.name for p in where.iterdir()) == ["a b.txt", "c.txt"]
    assert site.run("true", output_globs=[("*.txt", where)]).cause is Cause.OUTPUT


@pytest.mark.parametrize("to", ["plain", "apart"])
def test_an_output_that_can_never_be_collected_fails_its_job_and_no_other(site: Site, to: str) -> None:
    """Its final path is below a file."""
    (site.directory / f"file-{to}").write_text("not a directory")
    bad = site.request(
        'echo x > "$ABELL_OUTPUT_text"; true', to=to, outputs={"text": site.directory / f"file-{to}" / "below"}
    )
    good = [
        site.request('echo x > "$ABELL_OUTPUT_text"', to=to, outputs={"text": site.directory / f"good-{to}-{n}"})
        for n in range(3)
    ]
    first, *others = site.cluster.submit_many([bad, *good])
    site.wait([first, *others])
    assert [j.cause for j in others] == [Cause.OK] * 3
    assert first.cause is Cause.OUTPUT and f"file-{to}" in first.message, first.row


def test_every_row_has_the_destinations_that_the_questions_use() -> None:
    assert all(name in row.config for row in ROWS for name in ("plain", "one_at_a_time", "apart"))
