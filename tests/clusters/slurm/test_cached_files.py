"""The server sees the jobs' files through a network file system with long caches, the nodes see them at once.

sshfs on loopback is that file system, mounted over the directories in a mount namespace of the server's own, so that
paths are the same on both sides. Its client keeps names, attributes and the absence of names for as long as NFS does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clusters.slurm import cluster
from tests.clusters.slurm.cluster import SlurmSite, slurm
from tests.contract.site import LONG, Job, State
from tests.faults.load import Load

STATUS = Path(__file__).parents[3] / "clusters" / "sshfs" / "status"
SSH = Path("/run/abell-sshfs")
CACHED_S = 20  # seconds; the default of sshfs's own cache of directories, and more than the kernel's
OPTIONS = ",".join(
    (
        f"IdentityFile={SSH}/key,UserKnownHostsFile={SSH}/known_hosts,BatchMode=yes",
        f"dir_cache=yes,dcache_timeout={CACHED_S}",
        *(f"{what}_timeout={CACHED_S}" for what in ("entry", "negative", "attr")),
    )
)
KINDS = [*["ok"] * 18, *["exit"] * 8, *["signal"] * 4, *["output"] * 10, *["cancel"] * 2]
LINES = 200_000  # of a large output
LONGEST_S = 90.0  # from a job's record to its ending: sanity only, figures are in the documentation


class Namespace:
    """A mount namespace that lives until `end`, with network file systems in it."""

    def __init__(self, site: SlurmSite) -> None:
        self._site = site
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation=private", "sh", "-c", "echo up; exec sleep 10000"],
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None and self._holder.stdout.readline() == b"up\n"
        self._mounts: list[subprocess.Popen[bytes]] = []

    @property
    def prefix(self) -> tuple[str, ...]:
        """How to start a process in it."""
        return ("nsenter", f"--target={self._holder.pid}", "--mount", "--")

    def mount_cached(self, directory: Path) -> None:
        """Over itself."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        sshfs = ("sshfs", "-f", "-F", "none", "-p", "2299", "-o", OPTIONS, f"root@127.0.0.1:{directory}", directory)
        mount = subprocess.Popen([*self.prefix, *sshfs])
        self._mounts.append(mount)
        self._site.wait_until(lambda: mount.poll() is not None or self.has(directory), what="the mount")
        assert mount.poll() is None

    def hide(self, directory: Path) -> None:
        """With an empty file system of the server's own."""
        subprocess.run([*self.prefix, "mount", "-t", "tmpfs", "-o", "mode=0700", "none", directory], check=True)

    def has(self, directory: Path) -> bool:
        """Whether something is mounted there."""
        mounted = Path(f"/proc/{self._holder.pid}/mountinfo").read_text()
        return f" {directory} " in mounted

    def end(self) -> None:
        """May be called again."""
        for process in (*self._mounts, self._holder):
            process.terminate()
        for process in (*self._mounts, self._holder):
            process.wait(LONG)


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[tuple[SlurmSite, Namespace]]:
    why = cluster.down()
    if not why and subprocess.run([STATUS], capture_output=True, check=False).returncode:
        why = "needs clusters/sshfs/up"
    if why:
        pytest.skip(why)
    site = SlurmSite(tmp_path, cluster.CONFIG)
    site.root.mkdir(mode=0o700)
    namespace = Namespace(site)
    site.prefix = namespace.prefix
    for directory in (site.root / "jobs", site.work):
        namespace.mount_cached(directory)
    yield site, namespace
    site.close()
    namespace.end()


def native_id(site: SlurmSite, job: Job) -> str:
    with site.database() as db:
        return str(db.execute("SELECT native_id FROM abell_attempt WHERE job_id = ?", [job.id]).fetchone()[0])


def delays(site: SlurmSite) -> list[float]:
    """Seconds from the moment that a job's record was there on the node until the ending was known, sorted."""
    with site.database() as db:
        rows = db.execute(
            "SELECT directory, ended FROM abell_attempt JOIN abell_job ON abell_job.id = job_id WHERE phase = 'over'"
        ).fetchall()
    records = [(Path(directory) / "control" / "ending.1", ended) for directory, ended in rows]
    return sorted(ended - record.stat().st_mtime for record, ended in records if record.exists())


def bells_are_heard(site: SlurmSite, namespace: Namespace) -> None:
    assert namespace.has(site.root / "jobs")


def bells_are_lost(site: SlurmSite, namespace: Namespace) -> None:
    spool = site.root / "jobs" / "_spool"
    for part in ("tmp", "new"):
        (spool / part).mkdir(parents=True, exist_ok=True)
    namespace.hide(spool)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("bells", [bells_are_heard, bells_are_lost])
def test_fifty_endings(
    cached: tuple[SlurmSite, Namespace],
    bells: Callable[[SlurmSite, Namespace], None],
    record_property: Callable[[str, object], None],
) -> None:
    site, namespace = cached
    bells(site, namespace)
    site.start()
    load = Load(site)
    load.submit(KINDS)
    gate = site.gate("gate")
    running = site.submit(site.counted("running-cancel", gate.wait))
    walltime = site.submit(site.counted("its-walltime", "exec sleep 600"), time="1s")
    load.jobs |= {"running-cancel": running, "its-walltime": walltime}
    load.kinds |= {"running-cancel": "cancel", "its-walltime": "walltime"}
    for number, place in enumerate(("plain", "plain", "plain", "apart", "apart", "apart")):
        name = f"large-{number}"
        write = f'seq {LINES} >"$ABELL_OUTPUT_text"'
        request = site.request(site.counted(name, write), outputs={"text": site.work / name}, to=place)
        load.jobs[name], load.kinds[name] = site.cluster.submit_many([request])[0], "ok"
    site.until(running, State.RUNNING)
    running.cancel()
    site.until(walltime, State.RUNNING)
    slurm("scontrol", "update", f"jobid={native_id(site, walltime)}", "EndTime=now+3")
    assert len(load.jobs) == 50
    site.wait(load.jobs.values(), 4 * LONG)
    large = "".join(f"{number}\n" for number in range(1, LINES + 1))
    for name in load.jobs:
        if name.startswith("large-"):
            assert (site.work / name).read_text() == large, name
    took = delays(site)
    record_property("delays_s", [round(each, 2) for each in took])
    print(
        f"\n{bells.__name__}: median {took[len(took) // 2]:.2f} s, 90 % {took[len(took) * 9 // 10]:.2f} s, "
        f"longest {took[-1]:.2f} s of {len(took)}"
    )
    site.stop()
    namespace.end()  # the file systems are processes with this site's paths, too
    site.prefix = ()
    load.check()
    assert len(took) >= 45 and took[-1] < LONGEST_S
