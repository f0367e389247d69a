"""Finding and starting engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from abell import address
from abell.client import last_config
from abell.client.client import Client
from abell.client.connect import Wish, connect, find
from abell.client.request import make_request
from abell.errors import NoEngineError

from .conftest import Abell, Engine, toy_argv, until


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file, for whose digest its bytes stand."""
    import hashlib

    path = tmp_path / "job_conf.yml"
    path.write_text("first")
    monkeypatch.setattr(
        "abell.client.connect._digest", lambda name: hashlib.sha256(Path(name).read_bytes()).hexdigest()
    )
    return path


def test_many_clients_at_once_start_one_engine(engine: Engine) -> None:
    def submit(_: int) -> list[int]:
        with engine.client() as client:
            return client.submit([make_request("true", workdir="/")])

    with ThreadPoolExecutor(12) as pool:
        ids = [job for jobs in pool.map(submit, range(12)) for job in jobs]
    assert sorted(ids) == list(range(1, 13))
    assert len(engine.starts()) == 1


def test_the_engine_outlives_the_client_and_its_terminal(engine: Engine) -> None:
    engine.client().connect()
    (pid,) = engine.starts()
    assert os.getsid(pid) == pid != os.getsid(0)
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
    assert Path(f"/proc/{pid}/fd/1").readlink() == engine.root / "engine.log"


def test_a_client_that_was_given_pipes_does_not_pass_them_on(engine: Engine) -> None:
    """Else `x=$(abell submit ...)` would hang for as long as the engine lives."""
    program = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from abell.client.client import Client\nfrom abell.client.connect import Wish\nfrom pathlib import Path\n"
        "Client(Wish(Path(sys.argv[2])), lambda w: [sys.executable, sys.argv[1], '--root', sys.argv[2], '--transient'])"
        ".connect()"
    )
    toy = toy_argv(Wish(engine.root))[1]
    read, write = os.pipe()
    subprocess.run([sys.executable, "-c", program, toy, str(engine.root)], pass_fds=[write], check=True, timeout=30)
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)
    assert engine.pid() is not None


def test_an_engine_that_dies_shows_the_end_of_its_log(engine: Engine) -> None:
    argv = [sys.executable, "-c", "import sys; print('x' * 9); sys.exit('no disk \\x1b[31m left')"]
    (engine.root).mkdir()
    (engine.root / "engine.log").write_text("of an earlier engine\n")
    with pytest.raises(NoEngineError) as caught:
        connect(Wish(engine.root), lambda _: argv)
    assert "no disk \\x1b[31m left" in caught.value.message
    assert "earlier" not in caught.value.message
    assert str(engine.root / "engine.log") in caught.value.hint


def test_an_address_that_nobody_serves_any_more(engine: Engine) -> None:
    server = engine.serve()
    server.kill()
    server.wait()
    assert address.read(engine.root, "engine") is not None
    assert find(engine.root) is None
    with engine.client() as client:
        assert client.submit([make_request("true", workdir="/")]) == [1]


def test_a_root_that_cannot_be_written() -> None:
    with pytest.raises(NoEngineError, match="the root /proc/abell cannot be used") as caught:  # not even by root
        Client(Wish(Path("/proc/abell")), toy_argv).connect()
    assert "--root" in caught.value.hint


def test_a_root_that_is_a_file(engine: Engine) -> None:
    engine.root.write_text("")
    with pytest.raises(NoEngineError, match="cannot be used") as caught:
        engine.client().connect()
    assert "--root" in caught.value.hint


def test_an_idle_engine_of_another_configuration_makes_way(engine: Engine, config: Path) -> None:
    engine.client().connect()
    engine.client(str(config)).connect()
    engine.client(str(config)).connect()
    assert len(engine.starts()) == 2
    found = find(engine.root)
    assert found is not None
    found[0].close()
    assert found[1].config == str(config)


def test_an_edited_configuration_is_noticed(engine: Engine, config: Path) -> None:
    engine.client(str(config)).connect()
    config.write_text("second")
    engine.client(str(config)).connect()
    assert len(engine.starts()) == 2


def test_a_busy_engine_of_another_configuration_stays(engine: Engine, config: Path) -> None:
    with engine.client() as client:
        client.submit([make_request("true", name="held", workdir="/")])
    with pytest.raises(NoEngineError, match="still has 1 job with the built-in") as caught:
        engine.client(str(config)).connect()
    assert "leave --config out, or use another root with --root" in caught.value.hint
    engine.client(str(config), any_config=True).connect()  # to look, any will do
    assert len(engine.starts()) == 1


def test_an_edited_configuration_does_not_seem_to_be_another_file(engine: Engine, config: Path) -> None:
    with engine.client(str(config)) as client:
        client.submit([make_request("true", name="held", workdir="/")] * 2)
    with pytest.raises(NoEngineError, match=f"still has 2 jobs with {config} .*name that file with --config"):
        engine.client().connect()
    config.write_text("second")
    with pytest.raises(NoEngineError, match=f"still has 2 jobs with an older version of {config}"):
        engine.client(str(config)).connect()


def test_a_server_is_right_for_whoever_names_no_configuration(engine: Engine, config: Path) -> None:
    engine.serve(config=str(config))
    engine.client().connect()
    engine.client(str(config)).connect()
    with pytest.raises(NoEngineError, match="was started with"):
        engine.client(str(config.with_name("other.yml"))).connect()
    config.write_text("second")
    with pytest.raises(NoEngineError, match="an older version of"):
        engine.client(str(config)).connect()


def test_looking_starts_an_engine_as_the_last_one_was(engine: Engine, config: Path) -> None:
    last_config.remember(engine.root, str(config))
    engine.client(any_config=True).connect()
    found = find(engine.root)
    assert found is not None
    found[0].close()
    assert found[1].config == str(config)


def test_the_last_configuration_is_recalled(tmp_path: Path, config: Path) -> None:
    assert last_config.recall(tmp_path) is None
    last_config.remember(tmp_path, str(config))
    assert last_config.recall(tmp_path) == str(config)
    config.unlink()
    assert last_config.recall(tmp_path) is None
    last_config.remember(tmp_path, None)
    assert last_config.recall(tmp_path) is None


def test_a_second_server_is_told_of_the_first(abell: Abell, server: Engine) -> None:
    done = abell("serve")
    assert done.returncode == 125
    assert f"process {server.servers[0].pid}" in done.stderr


def test_an_engine_that_hangs_is_reported_and_not_replaced(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    server = engine.serve()
    monkeypatch.setattr("abell.client.wire.ANSWER_WITHIN_S", 0.3)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(NoEngineError, match=f"process {server.pid}"):
            Client(Wish(engine.root), toy_argv).connect()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    until(lambda: engine.pid() == server.pid)
