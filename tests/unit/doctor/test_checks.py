"""The checks of this machine: commands, directories, shells. They look, and write nothing."""

from __future__ import annotations

from pathlib import Path

from abell.config.model import Configuration, Destination, Settings
from abell.doctor import tools
from abell.doctor.directories import directories, directory
from abell.doctor.shells import shells


def test_commands_on_the_path(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.touch(mode=0o755)
    (tmp_path / "no_program").touch(mode=0o644)
    asked = ("here", "no_program", "absent")
    absent = tools.missing(asked, f"/nonexistent:{tmp_path}")
    assert absent == ["no_program", "absent"]
    bad = tools.finding(asked, absent, "slurm")
    assert (bad.ok, bad.text) == (False, "not on PATH: no_program, absent")
    assert "slurm" in bad.remedy
    assert tools.finding(("here",), [], "slurm").ok


def test_directories_are_looked_at_and_not_made(tmp_path: Path) -> None:
    absent = tmp_path / "a" / "b"
    found = list(directories((tmp_path, absent, tmp_path)))
    assert [each.text for each in found] == [f"{tmp_path} can be written", f"{absent} can be made"]
    assert all(each.ok for each in found)
    assert not list(tmp_path.iterdir())


def test_a_file_where_a_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        found = directory(tmp_path / name / "root")
        assert (found.ok, found.text) == (False, f"{tmp_path / name} is not a directory")
        assert found.remedy


def test_the_shells_of_local_jobs() -> None:
    configuration = Configuration(
        runners={},
        destinations={
            "a": Destination("a"),
            "b": Destination("b", shell="/nonexistent/zsh -l"),
            "c": Destination("c", shell="/bin/sh"),
            "d": Destination("d"),
        },
        default_destination="a",
        settings=Settings(default_job_shell="/bin/sh"),
    )
    assert [(each.ok, each.text) for each in shells(configuration, ("a", "c", "d"))] == [
        (True, "/bin/sh is there for job scripts")
    ]
    [_, absent] = shells(configuration, ("a", "b"))
    assert (absent.ok, absent.text) == (False, "there is no /nonexistent/zsh, the shell of job scripts")
    assert "default_job_shell" in absent.remedy
