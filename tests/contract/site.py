"""A root with a real engine process on it, as a client sees it; its engine can be killed, frozen and started again."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from abell import Cluster, address, machine
from abell.client.cluster import Job
from abell.client.connect import find
from abell.client.request import make_request
from abell.job import Cause, Request, State
from abell.supervisor import tree

SRC = Path(__file__).parents[2] / "src"
TOY = Path(__file__).with_name("toy")  # a back end of another package
LONG = 60.0  # seconds: the longest that anything here may take on a busy machine


class EngineProcess:
    """One engine, from its start to its end. `serves` and `log` come from its standard error."""

    def __init__(self, root: Path, config: Path, environ: dict[str, str], prefix: Sequence[str] = ()) -> None:
        self.log: list[str] = []
        self._serving = threading.Event()
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "abell", "serve", "--root", str(root), "-c", str(config)],
            env={
                **os.environ,
                "PYTHONPATH": f"{SRC}{os.pathsep}{TOY}",
                "TOY_SPOOL": str(root.with_name("toy")),
                **environ,
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if " serves (epoch " in line:
                self._serving.set()
        self.process.stderr.close()
        self._serving.set()

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_it_serves(self) -> None:
        """Or until it is dead."""
        assert self._serving.wait(LONG), f"the engine does not serve: {''.join(self.log)}"

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, -N for a death by signal N."""
        code = self.process.wait(LONG)
        self._reader.join(LONG)
        return code


class Site:
    """`cluster` is connected from the first `start` on, and waits while the engine is down."""

    def __init__(self, directory: Path, config: str) -> None:
        self.directory = directory
        self.root = directory / "root"
        self.config = directory / "job_conf.yml"
        self.config.write_text(config)
        self.work = directory / "work"
        self.work.mkdir()
        self.runs = directory / "runs"  # each tool appends its name here, so it tells who ran, and how often
        self.runs.touch()
        self.cluster = Cluster(self.root)
        self.engine: EngineProcess | None = None
        self.log: list[str] = []
        self.environ: dict[str, str] = {}  # variables of its engines besides this process's
        self.prefix: tuple[str, ...] = ()  # how its engines are started: in other namespaces, ...
        self._gates: list[int] = []

    # -- the engine -----------------------------------------------------------------------------------------------

    def start(self, fault: str = "") -> EngineProcess:
        """`fault`: see abell/faults.py."""
        engine = self.launch(fault)
        engine.wait_until_it_serves()
        # Else the client would start one of its own, and the tests would ask that.
        assert fault or engine.process.poll() is None, f"the engine does not serve: {''.join(engine.log)}"
        return engine

    def launch(self, fault: str = "") -> EngineProcess:
        """As `start`, without waiting."""
        self.engine = EngineProcess(self.root, self.config, {**self.environ, "ABELL_FAULT": fault}, self.prefix)
        return self.engine

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.kill()
        self.start()

    def _end(self, by: signal.Signals) -> None:
        if self.engine is not None:
            self.engine.end(by)
            self.forget_engine()

    def forget_engine(self) -> None:
        """It has ended."""
        assert self.engine is not None
        self.log += self.engine.log
        self.engine = None

    def connect(self) -> None:
        """From now on this site's client knows its server, and waits for it to come back."""
        self.cluster.jobs(limit=1)

    # -- jobs -----------------------------------------------------------------------------------------------------

    def request(self, command: str | Sequence[str], **asked: Any) -> Request:
        return make_request(command, **{"workdir": None, **asked})

    def submit(self, command: str | Sequence[str], **asked: Any) -> Job:
        return self.cluster.submit_many([self.request(command, **asked)])[0]

    def run(self, command: str | Sequence[str], **asked: Any) -> Job:
        return self.submit(command, **asked).wait(LONG)

    def until(self, job: Job, *states: State) -> None:
        """Return when the job is in one of these states; the engine tells of each change."""
        client = self.cluster._client
        with client.watch([job.id]) as watch:
            while watch.live:
                for row in watch.rows(LONG):
                    job.row = row
                    if job.state in states:
                        return
        assert job.state in states, f"job {job.id} ended before: {job.row}"

    def wait(self, jobs: Iterable[Job], seconds: float = LONG) -> None:
        self.cluster.wait(jobs, seconds)

    def story(self, job: Job) -> list[str]:
        return [f"{e['kind']}: {e['text']}" for e in self.cluster.client_ask("job", job=job.id)["events"]]

    def counted(self, name: str, then: str = "true") -> str:
        """A command that notes its run first, and leaves a working file behind."""
        return f'echo {name} >> {self.runs}; : > "$_GALAXY_JOB_TMP_DIR/left"; {then}'

    def ran(self) -> Counter[str]:
        """How often each counted command was run."""
        return Counter(self.runs.read_text().split())

    def runs_until(self, count: int, name: str = "it") -> None:
        """Return when a command that notes its runs has noted so many."""
        deadline = time.monotonic() + LONG
        while (ran := self.ran()[name]) < count:
            assert time.monotonic() < deadline, f"{name} ran {ran} times"
            time.sleep(0.02)
        assert ran == count

    # -- gates ----------------------------------------------------------------------------------------------------

    def gate(self, name: str) -> Gate:
        return Gate(self.directory / f"{name}.gate")

    # -- the database and what is left ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.root / "abell.sqlite", timeout=LONG)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def check_database(self) -> None:
        """Whole, nothing live, and no attempt open."""
        with self.database() as db:
            assert [r[0] for r in db.execute("PRAGMA integrity_check")] == ["ok"]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert db.execute("SELECT id, state FROM abell_job WHERE state <> 'ended'").fetchall() == []
            assert db.execute("SELECT id FROM abell_attempt WHERE phase NOT IN ('over', 'revoked')").fetchall() == []
            ended = db.execute(
                "SELECT job_id, count(*) FROM abell_event WHERE kind = 'ended' GROUP BY 1 HAVING count(*) > 1"
            )
            assert [tuple(r) for r in ended] == [], "jobs that ended twice"

    def untidied(self) -> list[Path]:
        """Working files of ended attempts, which by the default of `cleanup_job` are removed."""
        with self.database() as db:
            over = [Path(row[0]) for row in db.execute("SELECT directory FROM abell_attempt WHERE phase = 'over'")]
        return [
            where / name
            for where in over
            for name in ("working", "home", "tmp")
            if (where / name).is_dir() and any((where / name).iterdir())
        ]

    def supervisor(self) -> int | None:
        """The process id of the supervisor of local jobs; None if there is none."""
        found = address.read(self.root, "supervisor")
        return found.pid if found and found.alive else None

    def processes(self) -> dict[int, str]:
        """Everything that runs for this site: its path is in the command line, the directory or the environment."""
        found: dict[int, str] = {}
        mark = os.fsencode(self.directory)
        for process in tree.everything():
            if process.pid == os.getpid() or process.dead:
                continue
            of = Path(f"/proc/{process.pid}")
            try:
                command, environ = (of / "cmdline").read_bytes(), (of / "environ").read_bytes()
                where = os.fsencode((of / "cwd").readlink())
            except OSError:
                continue
            if mark in command or mark in where or (b"ABELL_NATIVE_ID=" in environ and mark in environ):
                found[process.pid] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def expect_nothing_left(self) -> None:
        """After the engine has been stopped: what it leaves behind goes by itself, or this fails."""
        for pid, command in self.processes().items():
            assert wait_for_end(pid, LONG), f"process {pid} is left: {command}"
        assert not self.processes()

    def close(self) -> None:
        """End everything; a defect that only the engine's log shows fails here."""
        self.cluster.close()
        self._end(signal.SIGKILL)
        for _ in range(3):
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                wait_for_end(pid, LONG)
        text = "".join(self.log)
        assert "Traceback" not in text, text


class Gate:
    """A named pipe: a command that reads it stands there until it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    @property
    def wait(self) -> str:
        """A shell command that ends when the gate is opened."""
        return f"read -r _ <{self.path}"

    def open(self) -> None:
        """Let the one through that stands there, or comes."""
        self.path.write_text("go\n")


def wait_for_end(pid: int, seconds: float) -> bool:
    """Whether that process ended within the time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if machine.look(pid) is None:
            return True
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def kill_and_wait(pid: int) -> None:
    """SIGKILL, and not back before it is dead."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], LONG)
        finally:
            os.close(handle)


def serving(root: Path) -> int | None:
    """The process id of the engine that answers now."""
    found = find(root)
    if found is None:
        return None
    found[0].close()
    return found[1].pid


__all__ = ["LONG", "Cause", "EngineProcess", "Gate", "Job", "Site", "State", "kill_and_wait", "serving"]
