"""The documentation says what the code says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from abell.config import load
from abell.config.model import Configuration
from tests.docs.console import REPOSITORY, files

PAGES = sorted((*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By a process of its own: click remembers the help option that a command was first used with."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, str(REPOSITORY / "docs/generate.py"), str(folder)], check=True, timeout=60)
    return folder


def test_the_generated_reference_is_fresh(written: Path) -> None:
    for page in written.iterdir():
        committed = (REPOSITORY / "docs" / "reference" / page.name).read_text()
        assert committed == page.read_text(), f"{page.name}: run python docs/generate.py"


def anchors(page: Path) -> set[str]:
    """As Python-Markdown's toc extension names them."""
    headings = re.findall(r"^#+ +(.+?) *#*$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", h).strip().lower()) for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for found in LINK.finditer(re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)):
        target, _, anchor = (found[1] or found[2]).partition("#")
        if target.startswith("https://"):
            continue
        other = (page.parent / target) if target else page
        assert other.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(other), f"{page}: {target}#{anchor}"


def test_the_pages_are_all_in_the_navigation() -> None:
    named = set(re.findall(r": ([\w/-]+\.md)$", (REPOSITORY / "mkdocs.yml").read_text(), re.MULTILINE))
    assert named == {str(p.relative_to(REPOSITORY / "docs")) for p in REPOSITORY.glob("docs/**/*.md")}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_the_options_that_a_page_shows_exist(page: Path) -> None:
    """In what is typed after `abell`, up to the command that it is given."""
    known = set(re.findall(r"--[a-z][a-z-]*", (REPOSITORY / "docs/reference/command-line.md").read_text()))
    known |= {"--transient"}
    for typed in re.findall(r"\babell [a-z][^\n`|]*", page.read_text()):
        shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", typed.split(" -- ")[0]))
        assert shown <= known, f"{page}: {typed}"


def test_the_protocol_page_names_every_operation_and_error_code() -> None:
    page = (REPOSITORY / "docs/reference/protocol.md").read_text()
    server = (REPOSITORY / "src/abell/engine/server.py").read_text()
    operations = set(re.findall(r'^            "(\w+)": self\._\w+,$', server, re.MULTILINE))
    assert {"submit", "wait"} <= operations
    assert operations == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    codes = set(
        re.findall(r'RefusedError\(\s*"(\w+)"', server + (REPOSITORY / "src/abell/engine/accept.py").read_text())
    )
    assert all(f"`{code}`" in page for code in codes)


def test_the_row_of_the_protocol_page_has_the_keys_of_a_row() -> None:
    page = (REPOSITORY / "docs/reference/protocol.md").read_text()
    (block,) = [b for b in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"usage"' in b]
    tree = ast.parse((REPOSITORY / "src/abell/engine/rows.py").read_text())
    (function,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "job_row"]
    returned = next(n.value for n in ast.walk(function) if isinstance(n, ast.Return))
    assert isinstance(returned, ast.Dict)
    keys = {k.value for k in returned.keys if isinstance(k, ast.Constant)}
    assert set(yaml.safe_load(block)) == keys


def without_source(configuration: Configuration) -> Configuration:
    return replace(configuration, source="", files=(), digest="")


def test_the_example_configurations_load_and_are_one_and_the_same() -> None:
    loaded = {
        name: load(str(REPOSITORY / "examples" / name)) for name in ("job_conf.yml", "job_conf.xml", "galaxy.yml")
    }
    assert all(not one.warnings for one in loaded.values())
    in_yaml, in_xml, by_galaxy = (without_source(one.configuration) for one in loaded.values())
    assert in_yaml == in_xml
    assert by_galaxy.destinations == in_yaml.destinations
    assert by_galaxy.settings.cleanup_job == "onsuccess"


def test_the_how_to_shows_the_example_configurations_as_they_are() -> None:
    shown = files((REPOSITORY / "docs/how-to/galaxy.md").read_text())
    for name in ("job_conf.yml", "job_conf.xml", "galaxy.yml"):
        assert shown[name] == (REPOSITORY / "examples" / name).read_text()


def test_what_contributing_quotes_of_the_example_back_end_is_there() -> None:
    code = "".join((REPOSITORY / "examples/tsp-backend/abell_tsp.py").read_text().split())
    page = (REPOSITORY / "CONTRIBUTING.md").read_text()
    submit = next(b for b in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if b.startswith("def submit"))
    assert "".join(submit.partition("\n")[2].split()) in code


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs is absent: make docs installs it")
    argv = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    subprocess.run(argv, cwd=REPOSITORY, check=True, timeout=120)
    built = (tmp_path / "site" / "index.html").read_text()
    assert not re.search(
        r'<(script|link|img)[^>]+(src|href)="https?://(?!galaxyproject)', built.partition("</head>")[2]
    )
