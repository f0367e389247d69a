"""With CI=true a skipped test is a failure, wherever it skips (tests/conftest.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]
SKIPS = (
    "import pytest\ndef test_it(): pytest.skip('why')",
    "import pytest\n@pytest.fixture\ndef a(): pytest.skip('why')\ndef test_it(a): pass",
    "import pytest\n@pytest.mark.skip(reason='why')\ndef test_it(): pass",
    "import pytest\npytest.skip('why', allow_module_level=True)",
    "import pytest\npytest.importorskip('no_such_module')",
)
PASSES = "import pytest\ndef test_it(): pass\n@pytest.mark.xfail(strict=True)\ndef test_that(): assert False"


def run(where: Path, ci: str) -> str:
    """The summary of a run of the tests there."""
    plain = ["-p", "no:cacheprovider", "-c", os.devnull, "--continue-on-collection-errors"]
    argv = [sys.executable, "-m", "pytest", "-p", "tests.conftest", *plain, where]
    environ = {**os.environ, "CI": ci, "PYTHONPATH": str(HERE)}
    return subprocess.run(argv, cwd=HERE, env=environ, capture_output=True, text=True, check=False).stdout


def test_skips_and_others(tmp_path: Path) -> None:
    for number, text in enumerate([*SKIPS, PASSES]):
        (tmp_path / f"test_{number}.py").write_text(text)
    free = run(tmp_path, ci="").splitlines()[-1]
    assert "1 passed, 5 skipped, 1 xfailed" in free
    strict = run(tmp_path, ci="true")
    assert "skipped" not in strict.splitlines()[-1]
    assert strict.count("clusters/up") >= len(SKIPS)
