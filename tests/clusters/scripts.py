"""The scripts of a folder of clusters/, as tests use them: status, and service for one daemon."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from tests.clusters.eventually import LONG, eventually

FOLDERS = Path(__file__).parents[2] / "clusters"
BACK_S = 120.0  # in which nodes are back, once the daemon that they report to is


class Scripts:
    """Of one DRM, whose clusters keep their files below `directory`."""

    def __init__(self, drm: str, directory: Path, clusters: Collection[str]) -> None:
        self.drm = drm
        self.clusters = frozenset(clusters)
        self.folder = FOLDERS / drm
        self.directory = directory

    def service(self, *argv: str) -> None:
        """Have one daemon started, stopped, killed, frozen or thawed."""
        subprocess.run([self.folder / "service", *argv], check=True, timeout=120)

    def whole(self, cluster: str) -> None:
        """Return when its nodes are back, too: the next test needs them."""
        eventually(lambda: self.said(cluster) == "up", f"{cluster} is whole again", BACK_S)

    @contextlib.contextmanager
    def without(self, how: str, *daemon: str) -> Iterator[None]:
        """That daemon is down meanwhile: stopped, killed or frozen."""
        self.service(how, *daemon)
        try:
            yield
        finally:
            self.service("thaw" if how == "freeze" else "start", *daemon)
            for cluster in self.clusters.intersection(daemon):
                self.whole(cluster)

    def why_not(self) -> str:
        """Why none of the clusters can be used here; '' if they can, as far as that can be told without asking them."""
        if os.geteuid() != 0:
            return "needs root, who runs jobs and stops daemons of the test clusters"
        if not (self.directory / "ready").exists():
            return f"the clusters of {self.drm} are not up: run clusters/{self.drm}/up"
        return ""

    def settled(self, cluster: str) -> str:
        """`up`, or what is still wrong after a while: nodes take a moment to be back."""
        deadline = time.monotonic() + BACK_S
        while (said := self.said(cluster)) != "up" and time.monotonic() < deadline:
            time.sleep(0.5)
        return said

    def said(self, cluster: str) -> str:
        """What `status` says of it now."""
        run = subprocess.run([self.folder / "status"], capture_output=True, text=True, timeout=LONG, check=False)
        found = re.search(rf"^{self.drm} {cluster}: (.*)$", run.stdout, re.MULTILINE)
        return found[1] if found else f"clusters/{self.drm}/status said nothing of it: {run.stdout!r}"
