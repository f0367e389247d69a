"""A job is all its processes, however they try to leave it."""

from __future__ import annotations

import time

import pytest

from .harness import Supervised, is_alive, soon

# A daemon as they come: a session of its own, its parent gone; its pid in a file.
DAEMON = "setsid sh -c 'sh -c \"echo \\$\\$ > {file}; exec {command}\" &' ; while ! [ -s {file} ]; do :; done; "


def daemon(file: str, command: str = "sleep 60") -> str:
    return DAEMON.format(file=file, command=command)


@pytest.fixture
def up(supervised: Supervised) -> Supervised:
    return supervised.up()


def pid_in(up: Supervised, file: str) -> int:
    return int((up.root / file).read_text())


def test_a_daemon_does_not_outlive_its_job(up: Supervised) -> None:
    client = up.client()
    client.start(up.job("a1", daemon("pid") + "exit 5"))
    assert {"word": "failed", "exit": 5}.items() <= client.ended("a1").items()
    assert not is_alive(pid_in(up, "pid"))


def test_nor_one_that_has_shed_its_environment_and_ignores_term(up: Supervised) -> None:
    client = up.client()
    (up.root / "daemon.sh").write_text("trap '' TERM; echo $$ > pid; while :; do sleep 1; done\n")
    client.start(up.job("a1", "setsid env -i sh -c 'sh daemon.sh &'; while ! [ -s pid ]; do :; done"))
    client.ended("a1")
    assert not is_alive(pid_in(up, "pid"))


def test_a_daemon_of_a_running_job_is_left_alone(up: Supervised) -> None:
    client = up.client()
    naked = "setsid env -i sh -c 'sleep 60 & echo $! > pid'; touch ready; while ! [ -e go ]; do sleep 0.05; done"
    client.start(up.job("a1", naked))
    soon((up.root / "ready").exists)
    for key in ("b1", "b2"):
        client.start(up.job(key, "exit 0"))
        client.ended(key)
    assert is_alive(pid_in(up, "pid"))
    (up.root / "go").touch()
    client.ended("a1")
    assert not is_alive(pid_in(up, "pid"))


def test_two_hundred_daemons(up: Supervised) -> None:
    client = up.client()
    many = "i=0; while [ $i -lt 100 ]; do setsid sh -c 'sleep 61 & sleep 61 &' ; i=$((i+1)); done"
    client.start(up.job("a1", many))
    end = client.ended("a1")
    assert end["word"] == "done"
    assert not up.processes("a1")


def test_a_fork_bomb_is_put_out(up: Supervised) -> None:
    client = up.client()
    # Each process starts a successor in a new session and leaves: nobody can hold it by one process id.
    (up.root / "bomb.sh").write_text('setsid sh bomb.sh & [ -e stop ] && exit; sh -c "sleep 0.02"; exit\n')
    (native_id,) = client.start(up.job("a1", "sh bomb.sh; sleep 60"))
    client.running("a1")
    time.sleep(0.5)
    client.ask("cancel", ids=[native_id], by="ada")
    end = client.ended("a1")
    (up.root / "stop").touch()
    assert end["word"] == "cancelled"
    assert not up.processes("a1")


def test_cancel_reaches_daemons_and_deep_descendants(up: Supervised) -> None:
    client = up.client()
    (native_id,) = client.start(
        up.job("a1", daemon("pid1") + "sh -c 'sh -c \"echo \\$\\$ > pid2; sleep 60; :\"; :'; :")
    )
    soon(lambda: (up.root / "pid2").exists() and (up.root / "pid2").read_text() != "")
    client.ask("cancel", ids=[native_id], by="ada")
    assert client.ended("a1")["word"] == "cancelled"
    assert not is_alive(pid_in(up, "pid1")) and not is_alive(pid_in(up, "pid2"))
    assert not up.processes("a1")
