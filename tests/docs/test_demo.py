"""`make demo`, in dash, leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.console import REPOSITORY


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_demonstration_runs_and_cleans_up(shell: str, tmp_path: Path) -> None:
    abell = tmp_path / "abell"
    abell.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m abell "$@"\n')
    abell.chmod(0o755)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "TMPDIR": str(temporary)}
    done = subprocess.run(
        [shell, "examples/demo.sh", str(abell)],
        cwd=REPOSITORY,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for word in ("walltime", "memory", "exit", "count-h", "submitted: as"):
        assert word in done.stdout
    assert "(exit code 124)" in done.stdout
    assert "(exit code 137)" in done.stdout
    assert list(temporary.iterdir()) == []
