"""A real engine on a cluster, as scenarios need it: jobs that run until they are let go, and what `ps` says of them."""

from __future__ import annotations

from tests.contract.site import LONG, Job, Site, State


class Scenario(Site):
    """What jobs of every cluster can be asked to do."""

    def number(self, job: Job) -> str:
        """The cluster's number of it."""
        native: str = job.refresh().row["native_id"]
        return native.partition(".")[0]

    def until_why(self, job: Job, *texts: str) -> None:
        """Return when what `ps` says of it has all these texts."""
        with self.cluster._client.watch([job.id]) as watch:
            while watch.live:
                rows = watch.rows(LONG)
                assert rows, f"job {job.id} waits without a word of {texts}: {job.refresh().row['why']}"
                for row in rows:
                    job.row = row
                    if all(text in row["why"] for text in texts):
                        return
        raise AssertionError(f"job {job.id} ended before: {job.row}")

    def notices(self) -> str:
        """What `ps` says of the runners."""
        return "\n".join(self.cluster.client_ask("jobs", limit=1)["notices"])

    def gated(self, name: str, then: str = "true", *, to: str) -> Job:
        """A job that runs until `self.open(name)`."""
        return self.submit(self.counted(name, f"{self.gate(name).wait}; {then}"), to=to)

    def open(self, *names: str) -> None:
        for name in names:
            (self.directory / f"{name}.gate").write_text("go\n")

    def running(self, *jobs: Job) -> None:
        for job in jobs:
            self.until(job, State.RUNNING)
