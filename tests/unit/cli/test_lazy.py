"""What is imported when: start-up time is a promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from abell.cli.app import VERBS

from .conftest import SRC, Engine

HEAVY = {"rich", "asyncio", "yaml", "lxml", "pydantic", "psutil", "subprocess", "abell.config"}


def modules_after(code: str, **environ: str) -> set[str]:
    program = f"import sys\n{code}\nimport json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SRC), **environ},
        stdout=subprocess.PIPE,
        check=True,
        timeout=30,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_imports_no_verb_and_nothing_heavy() -> None:
    modules = modules_after("from abell.__main__ import main; main(['--help'])")
    assert not modules & HEAVY
    assert not modules & {f"abell.cli.{verb}" for verb in VERBS}
    assert "click" in modules


def test_a_client_of_a_running_engine_imports_nothing_heavy(server: Engine) -> None:
    run = "from abell.__main__ import main; assert main(['run', '--', 'true']) == 0"
    modules = modules_after(run, ABELL_ROOT=str(server.root))
    assert not modules & HEAVY
    assert "abell.cli.run" in modules


def test_the_package_itself_imports_nothing() -> None:
    assert not {m for m in modules_after("import abell") if m.startswith("abell.")}


def test_the_package_offers_what_it_lists() -> None:
    import abell

    for name in abell.__all__:
        assert getattr(abell, name).__name__ == name
    with pytest.raises(AttributeError):
        abell.nonsense  # noqa: B018


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_teaches_by_example(verb: str) -> None:
    if verb == "config":
        pytest.importorskip("abell.cli.config")
    from click.testing import CliRunner

    from abell.cli.app import abell

    done = CliRunner().invoke(abell, [verb, "--help"])
    assert done.exit_code == 0, done.output
    assert "Examples:" in done.output or verb == "config"
