"""Roots and working directories with names that break careless programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trouble.conftest import Site, lines, until

NAMES = {
    "blanks": "my  root dir ",
    "quotes": 'it\'s "a" $(root) `x` \\ *',
    "newline": "two\nlines",
    "unicode": "wурцель-根-é",
    "leading dash": "-rf",
    "long": "/".join(["x" * 120] * 3),
}

NO_TEXT = {"not utf-8": "caf\udce9"}


@pytest.mark.parametrize("name", NAMES)
def test_a_root_of_this_name(tmp_path: Path, name: str) -> None:
    site = Site(tmp_path / NAMES[name], tmp_path / "work")
    try:
        done = site("run", "--", "echo out; echo err >&2; exit 4")
        assert (done.returncode, done.stdout) == (4, "out\n"), done.stderr
        assert "err\n" in done.stderr
        assert site("run", "--output", f"o={site.root}/o", "--", 'echo o > "$ABELL_OUTPUT_o"').returncode == 0
        assert (site.root / "o").read_text() == "o\n"
        assert "ok" in site("show", "2").stdout
    finally:
        site.end()


@pytest.mark.parametrize("name", sorted((NAMES | NO_TEXT).keys() - {"long"}))
def test_a_working_directory_of_this_name(tmp_path: Path, site: Site, name: str) -> None:
    site.work = tmp_path / (NAMES | NO_TEXT)[name]
    site.work.mkdir(parents=True)
    done = site("run", "--", "pwd > here && echo ok")
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    assert (site.work / "here").exists()


def test_a_root_by_two_names_is_one_root(tmp_path: Path, site: Site) -> None:
    server = site.serve()
    (tmp_path / "link").symlink_to(site.root)
    other = Site(tmp_path / "link", tmp_path / "work")
    job = int(other("submit", "--", f"echo once >> {site.work}/ran").stdout)
    until(lambda: site.ended(job))
    second = other("serve")
    assert second.returncode == 125 and f"process {server.pid}" in second.stderr
    assert lines(site.work / "ran") == ["once"]


def test_links_in_the_roots_path_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    site = Site(tmp_path / "link" / "root", tmp_path / "work")
    try:
        done = site("run", "--own-workdir", "--", 'echo "$PWD"')
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{tmp_path}/link/root/"), "as configured: a node may not see the link's end"
    finally:
        site.end()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 300, "File name too long"),
        ("/".join(["x" * 120] * 5), "bytes that SQLite takes"),
        (NO_TEXT["not utf-8"], "not UTF-8"),
    ],
    ids=["too long a name", "too long a path", "not utf-8"],
)
def test_a_root_that_cannot_be(tmp_path: Path, name: str, said: str) -> None:
    site = Site(tmp_path / name, tmp_path / "work")
    for verb in (("run", "--", "true"), ("serve",), ("ps",)):
        failed = site(*verb)
        assert failed.returncode == 125
        assert said in failed.stderr and "Traceback" not in failed.stderr, failed.stderr
