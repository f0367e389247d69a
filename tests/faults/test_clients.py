"""Clients that die, replies that are lost, and many clients at once on a root that nobody has used."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from abell import address
from abell.client.client import submission
from abell.client.wire import encode
from tests.contract.site import LONG, SRC, Cause, Site
from tests.faults.load import InBackground, Load

SUBMITTER = """
import sys
from abell import Cluster
runs, root = sys.argv[1:]
with Cluster(root) as cluster:
    for n in range(500):
        print(cluster.submit(f"echo {n} >> {runs}", workdir=None).id, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_client_is_killed_while_it_submits(site: Site, after: int) -> None:
    """What it was told of is there; at most one job more, whose answer was under way. Each runs once."""
    site.start()
    site.connect()
    client = subprocess.Popen(
        [sys.executable, "-c", SUBMITTER, str(site.runs), str(site.root)],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdout is not None
    told = [int(client.stdout.readline()) for _ in range(after)]
    client.kill()
    told += [int(line) for line in client.stdout.read().splitlines()]
    client.wait()
    client.stdout.close()
    site.stop()  # after that nothing of it is under way any more
    site.start()
    jobs = site.cluster.jobs(ids=range(1, len(told) + 10))
    assert [j.id for j in jobs][: len(told)] == told == list(range(1, len(told) + 1))
    assert len(jobs) in (len(told), len(told) + 1)
    site.wait(jobs)
    assert {j.cause for j in jobs} == {Cause.OK}
    assert site.ran() == {str(n): 1 for n in range(len(jobs))}


def test_a_reply_is_lost_after_the_commit(site: Site) -> None:
    site.start()
    site.connect()
    fields = submission([site.request(site.counted(str(n))) for n in range(3)])
    where = address.read(site.root, "engine")
    assert where is not None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(where.socket)
        connection.sendall(encode(1, "submit", fields))
        connection.shutdown(socket.SHUT_WR)  # the engine reads it, and nobody reads the answer
        while connection.recv(1):
            pass
    first = site.cluster.client_ask("submit", **fields)["ids"]
    site.restart()
    assert site.cluster.client_ask("submit", **fields)["ids"] == first == [1, 2, 3]
    jobs = site.cluster.jobs(ids=range(1, 10))
    assert [j.id for j in jobs] == first
    site.wait(jobs)
    assert site.ran() == {"0": 1, "1": 1, "2": 1}


def test_the_engine_dies_between_the_commit_and_the_reply(site: Site) -> None:
    load = Load(site)
    engine = site.start("accept.committed:3")
    site.connect()
    load.submit(["ok", "exit"], "a")
    load.submit(["ok"], "b")
    submitting = InBackground(load.submit, ["ok", "output", "signal"], "c")
    assert engine.wait() == -signal.SIGKILL
    site.forget_engine()
    site.start()
    submitting.join()
    load.check()


def test_ten_at_once_on_a_fresh_root(tmp_path: Path) -> None:
    root, runs = tmp_path / "root", tmp_path / "runs"
    environ = {**os.environ, "ABELL_ROOT": str(root), "PYTHONPATH": str(SRC)}
    abell = [sys.executable, "-m", "abell"]
    clients = [
        subprocess.Popen(
            [*abell, "run", "--", f"echo {n} >> {runs}; echo out {n}; exit {n}"],
            env=environ,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(10)
    ]
    try:
        results = [client.communicate(timeout=LONG) for client in clients]
        assert [client.returncode for client in clients] == list(range(10)), results
        assert [out for out, _ in results] == [f"out {n}\n" for n in range(10)]
        assert sorted(runs.read_text().split()) == sorted(map(str, range(10)))
        listed = subprocess.run(
            [*abell, "ps", "--all", "--json"], env=environ, capture_output=True, text=True, check=True
        ).stdout
        assert listed.count('"exit_code"') == 10, listed
        assert json.loads(listed.splitlines()[0]) is not None
    finally:
        subprocess.run([*abell, "stop"], env=environ, check=True, capture_output=True)
    log = (root / "engine.log").read_text()
    assert log.count(" serves (epoch ") == 1
    assert "Traceback" not in log, log
