"""A site whose jobs are in a real cluster's queue, among those of other tests."""

from __future__ import annotations

import contextlib
import time
from abc import abstractmethod
from collections.abc import Iterable

from tests.contract.site import LONG, Site


class QueueSite(Site):
    """Its jobs are known in the queue by their keys."""

    @abstractmethod
    def in_queue(self) -> dict[str, str]:
        """The DRM's id -> name of the jobs of this site that are not over, ending ones among them."""

    @abstractmethod
    def end(self, ids: Iterable[str]) -> None:
        """Have the DRM end these, which a failed test has left."""

    def keys(self) -> set[str]:
        if not (self.root / "abell.sqlite").exists():
            return set()
        with self.database() as db:
            return {row[0] for row in db.execute("SELECT key FROM abell_attempt")}

    def wait_until(self, condition: object, seconds: float = LONG, what: str = "it") -> None:
        """For what nobody tells of: return as soon as it is true."""
        assert callable(condition)
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
            time.sleep(0.1)

    def rings(self) -> list[str]:
        """The bells that are still there."""
        return [path.name for path in (self.root / "jobs" / "_spool").rglob("*") if path.is_file()]

    def expect_nothing_left(self) -> None:
        self.wait_until(lambda: not self.in_queue(), what="the end of every job in the queue")
        super().expect_nothing_left()
        if self.rings():  # of jobs that rang when their endings were known already, and nobody listened any more
            self.start()
            self.run("true")
            self.stop()
        assert self.rings() == []

    def close(self) -> None:
        with contextlib.suppress(AssertionError):
            if ids := list(self.in_queue()):
                self.end(ids)
                self.wait_until(lambda: not self.in_queue())
        super().close()
