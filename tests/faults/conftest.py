"""A fresh root for each fault. `--kills N` scales the random ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters.gridengine import clusters as gridengine
from tests.clusters.gridengine.killed import DrmaaSite
from tests.clusters.slurm import cluster
from tests.contract.site import Site
from tests.faults.load import CONFIG


@pytest.fixture
def toy_site(tmp_path: Path) -> Iterator[Site]:
    """With a DRM that is asked by commands, polled and heard by bells."""
    site = Site(tmp_path, CONFIG.replace("load: local", "load: toy"))
    yield site
    site.close()


@pytest.fixture
def slurm_site(tmp_path: Path) -> Iterator[cluster.SlurmSite]:
    """With a real cluster, where jobs outlive whatever happens here."""
    if why := cluster.down():
        pytest.skip(why)
    site = cluster.SlurmSite(tmp_path, cluster.CONFIG)
    yield site
    site.close()


@pytest.fixture
def drmaa_site(tmp_path: Path) -> Iterator[DrmaaSite]:
    """With a real cluster, and a library in a process of its own."""
    if why := gridengine.why_down("main"):
        pytest.skip(why)
    with gridengine.using("main"):
        site = DrmaaSite(tmp_path)
        yield site
        site.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, CONFIG)
    yield site
    site.close()
