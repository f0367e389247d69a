"""A libdrmaa in C that runs jobs, and does the harm that it is told to; see the head of libdrmaa.c."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("libdrmaa.c")


def compile_library(into: Path, *more: str) -> Path:
    """`libdrmaa.so` in that folder."""
    library = into / "libdrmaa.so"
    compiler = ["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run([*compiler, "-o", str(library), str(SOURCE), *more], check=True, timeout=60)
    return library
