from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

import pytest

from tests.options.site import Site

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Start an engine with a configuration of the test's own."""
    with ExitStack() as sites:

        def make(config: str, name: str = "job_conf.yml", root: Path | None = None, **environ: str) -> Site:
            site = Site(tmp_path, dedent(config), name, root, environ)
            sites.callback(site.close)
            return site

        yield make
