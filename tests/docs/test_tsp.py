"""CONTRIBUTING's worked example of a back end, on the real task-spooler, loaded as another package's entry point."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abell import Cause, Cluster, Job, State, make_request
from abell.client.client import Client
from abell.client.connect import Wish, find

pytestmark = pytest.mark.skipif(shutil.which("tsp") is None, reason="task-spooler is absent: make clusters installs it")

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "tsp-backend"
SLOTS = 2

CONFIGURATION = """\
galaxy:
  job_runner_monitor_sleep: 0.05
job_config:
  runners:
    spooler: {{load: tsp, socket: {socket}}}
  execution:
    default: spooler
    environments:
      spooler: {{runner: spooler}}
"""


def installed(folder: Path) -> str:
    """$PYTHONPATH with the example as if it were installed: what pip would write, from the example's own pyproject."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
            for group, points in project["entry-points"].items()
        )
    )
    return os.pathsep.join((str(folder), str(EXAMPLE), str(REPOSITORY / "src")))


def until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Site:
    """An engine of its own on a queue of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.socket = folder / "root", str(folder / "queue")
        self.config = folder / "galaxy.yml"
        self.config.write_text(CONFIGURATION.format(socket=self.socket))
        temporary = folder / "tmp"
        temporary.mkdir()
        self.environ = {
            **os.environ,
            "PYTHONPATH": installed(folder / "site"),
            "TMPDIR": str(temporary),
            "TS_SLOTS": str(SLOTS),
        }
        self.serve()
        self.cluster = Cluster(self.root)

    def serve(self) -> None:
        argv = [sys.executable, "-m", "abell", "serve", "--root", str(self.root), "--config", str(self.config)]
        self.server = subprocess.Popen(argv, env=self.environ)
        until(self.answers)

    def answers(self) -> bool:
        assert self.server.poll() is None, "the engine did not start"
        found = find(self.root)
        if found is None:
            return False
        found[0].close()
        return found[1].pid == self.server.pid

    def kill(self) -> None:
        self.server.kill()
        self.server.wait()

    def tsp(self, *arguments: str) -> str:
        environ = {**self.environ, "TS_SOCKET": self.socket}
        return subprocess.run(
            ["tsp", *arguments], env=environ, capture_output=True, text=True, timeout=20, check=False
        ).stdout

    def states(self, job: Job, *wanted: State) -> bool:
        return job.refresh().state in wanted

    def end(self) -> None:
        self.cluster.cancel(self.cluster.jobs(limit=1000))
        self.cluster.close()
        self.kill()
        until(self.no_queue)  # a command of the engine's may have begun another one at the last moment

    def no_queue(self) -> bool:
        self.tsp("-K")
        return not Path(self.socket).exists()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.end()


def test_success_with_its_output_environment_and_slots(site: Site, tmp_path: Path) -> None:
    job = site.cluster.submit(
        'echo "$GREETING $GALAXY_SLOTS" > "$ABELL_OUTPUT_said"; echo told',
        env={"GREETING": "good day"},
        slots=2,
        outputs={"said": tmp_path / "said.txt"},
    ).wait(30)
    assert (job.cause, job.exit_code) == (Cause.OK, 0)
    assert (tmp_path / "said.txt").read_text() == "good day 2\n"
    assert job.stdout.read_text() == "told\n"


def test_exit_code_and_signal(site: Site) -> None:
    failed, killed = site.cluster.submit("exit 3"), site.cluster.submit("kill -KILL $$")
    site.cluster.wait([failed, killed], 30)
    assert (failed.cause, failed.exit_code) == (Cause.EXIT, 3)
    assert killed.cause is Cause.SIGNAL
    assert killed.row["signal"] == 9


def test_a_job_whose_script_is_killed_leaves_no_record_but_the_signal_is_told(site: Site) -> None:
    job = site.cluster.submit("kill -KILL $PPID $$").wait(60)
    assert (job.cause, job.row["signal"]) == (Cause.SIGNAL, 9)
    assert "before it could write its record" in job.message


def test_cancelled_while_running_and_while_queued(site: Site, tmp_path: Path) -> None:
    blocking = site.cluster.submit("sleep 300", slots=SLOTS)
    queued = site.cluster.submit(["touch", str(tmp_path / "ran")])
    until(lambda: site.states(blocking, State.RUNNING) and site.states(queued, State.QUEUED))
    queued.cancel()
    blocking.cancel()
    site.cluster.wait([queued, blocking], 60)
    assert (queued.cause, blocking.cause) == (Cause.CANCELLED, Cause.CANCELLED)
    assert not (tmp_path / "ran").exists()


def test_what_tsp_has_no_word_for_is_said_in_the_story(site: Site) -> None:
    job = site.cluster.submit("true", time="1h").wait(30)
    assert job.cause is Cause.OK
    with Client(Wish(site.root, any_config=True)) as client:
        story = client.job(job.id)["events"]
    assert any("walltime" in event["text"] for event in story), story


def test_twenty_jobs_leave_nothing_in_the_queue(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = site.cluster.submit_many([make_request(f"echo {n} >> {log}") for n in range(20)])
    site.cluster.wait(jobs, 60)
    assert {job.cause for job in jobs} == {Cause.OK}
    assert sorted(map(int, log.read_text().split())) == list(range(20))
    until(lambda: len(site.tsp("-l").splitlines()) == 1)


def test_the_engine_is_killed_and_comes_back(site: Site, tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    waits = f"while [ ! -e {go} ]; do sleep 0.05; done"
    jobs = site.cluster.submit_many([make_request(f"echo {n} >> {log}; {waits}; exit {n % 2}") for n in range(6)])
    until(lambda: log.exists() and len(log.read_text().split()) == SLOTS)
    site.kill()
    go.touch()  # some end while nobody looks
    site.serve()
    site.cluster.wait(jobs, 60)
    assert [job.cause for job in jobs] == [Cause.OK, Cause.EXIT] * 3
    assert sorted(map(int, log.read_text().split())) == list(range(6))


def test_the_engine_is_killed_in_the_middle_of_a_submission(tmp_path: Path) -> None:
    """After the files are written, before anything is known: the queue itself or the run lock tells."""
    site = Site(tmp_path)
    try:
        site.kill()
        site.environ["ABELL_FAULT"] = "submit.done"
        site.serve()
        log = tmp_path / "log"
        jobs = site.cluster.submit_many([make_request(f"echo {n} >> {log}") for n in range(5)])
        site.server.wait(30)
        del site.environ["ABELL_FAULT"]
        site.serve()
        site.cluster.wait(jobs, 60)
        assert {job.cause for job in jobs} == {Cause.OK}
        assert sorted(map(int, log.read_text().split())) == list(range(5))
    finally:
        site.end()


def test_a_queue_that_is_gone_with_its_jobs_is_no_success(site: Site, tmp_path: Path) -> None:
    script = tmp_path / "script"
    job = site.cluster.submit(f"echo $PPID > {script}; kill -STOP $PPID; sleep 300")
    until(lambda: site.states(job, State.RUNNING) and script.exists() and script.read_text().strip())
    try:
        site.tsp("-K")
        job.wait(60)
        assert job.cause is Cause.LOST
        assert "not in the queue" in job.message
    finally:
        os.killpg(os.getpgid(int(script.read_text())), signal.SIGKILL)
