from __future__ import annotations

from pathlib import Path

import pytest

from abell.root import choose_root


@pytest.fixture
def galaxy_yml(tmp_path: Path) -> Path:
    pytest.importorskip("abell.config.loading")
    (tmp_path / "job_conf.yml").write_text(
        "runners: {local: {load: local}}\nexecution: {default: local, environments: {local: {runner: local}}}\n"
    )
    path = tmp_path / "galaxy.yml"
    path.write_text(f"galaxy:\n  data_dir: {tmp_path}/data\n  job_config_file: {tmp_path}/job_conf.yml\n")
    return path


def test_the_option_comes_first(tmp_path: Path) -> None:
    assert choose_root(tmp_path, None, {"ABELL_ROOT": "/elsewhere"}) == tmp_path


def test_then_the_environment(tmp_path: Path) -> None:
    assert choose_root(None, None, {"ABELL_ROOT": str(tmp_path), "XDG_STATE_HOME": "/x"}) == tmp_path


def test_then_the_data_dir_of_galaxy(tmp_path: Path, galaxy_yml: Path) -> None:
    assert choose_root(None, str(galaxy_yml), {}) == tmp_path / "data"
    assert choose_root(None, str(galaxy_yml), {"ABELL_ROOT": "/named"}) == Path("/named")


def test_then_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert choose_root(None, None, {"XDG_STATE_HOME": "/state"}) == Path("/state/abell")
    assert choose_root(None, None, {"XDG_STATE_HOME": "relative"}) == tmp_path / ".local/state/abell"
    assert choose_root(None, None, {}) == tmp_path / ".local/state/abell"


def test_a_job_conf_is_not_read_for_it(tmp_path: Path) -> None:
    path = tmp_path / "job_conf.yml"
    path.write_text("runners: [this would be an error\n")
    assert choose_root(None, str(path), {"XDG_STATE_HOME": "/state"}) == Path("/state/abell")
    assert choose_root(None, str(tmp_path / "absent.yml"), {"XDG_STATE_HOME": "/state"}) == Path("/state/abell")


def test_links_and_dots_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert choose_root("link/../x") == tmp_path / "link" / ".." / "x"
