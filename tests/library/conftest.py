"""The library host with the hostile library in it: real processes, real files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from abell.hosts.library_limits import Limits
from tests.library.host import Host
from tests.library.hostile import compile_library


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def make_host(tmp_path: Path, compiled: Path) -> Iterator[Callable[..., Host]]:
    """make_host(limit=...): a host with a copy of the library."""
    hosts = []

    def make(library: Path | None = None, environ: Mapping[str, str] = os.environ, **limits: Any) -> Host:
        folder = tmp_path / str(len(hosts))
        folder.mkdir()
        copy = Path(shutil.copy(library or compiled, folder / "libdrmaa.so"))
        host = Host(folder, copy, Limits(**{"first_pause_s": 0.05, **limits}), environ)
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        host.stop()


@pytest.fixture
def host(make_host: Callable[..., Host]) -> Host:
    return make_host()
