"""What outlives the process, the server, and the machine's power."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from abell.hosts.library import Libraries
from tests.library.host import Host, eventually, job

SERVER = """
import asyncio, sys, time
from abell.backends.contract import Ask
from abell.hosts.library import Libraries

async def main():
    libraries = Libraries(sys.argv[1])
    for verb, data in (("about", {}), ("submit", {"jobs": [{"item": "x", "attributes": {"jobName": "x"}}]})):
        reply = await libraries.ask(Ask("drmaa", verb, {"library": sys.argv[2], **data}))
    print(reply.data, flush=True)
    reply = await libraries.ask(Ask("drmaa", "look", {"library": sys.argv[2], "ids": ["hang"]}, 1000))

asyncio.run(main())
"""


def contacts(host: Host) -> list[str]:
    return (host.drm / "contacts").read_text().split()


def ended(host: Host, native_id: str) -> None:
    """The DRM has its end; DRMAA has not told it yet."""
    eventually(lambda: (host.drm / "jobs" / native_id / "status").exists())


def test_the_next_server_takes_the_session_up_again(host: Host) -> None:
    host.submit(job(command="exit 7"))
    pid = host.pid
    ended(host, "1")
    host.restart()
    assert host.look("1")["1"]["ended"]["exit_code"] == 7
    assert contacts(host) == ["-", f"hostile:{pid}"]
    assert host.count("exit") == 1


def test_what_is_kept_is_its_owners_only(host: Host) -> None:
    host.submit(job())
    folder = host.root / "libraries"
    [session] = folder.iterdir()
    assert (session / "library").read_text() == str(host.library)
    for path in (folder, session, *session.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_session_that_is_not_known_any_more(host: Host) -> None:
    host.answer("about")
    [file] = host.root.glob("libraries/*/contact")
    host.close()
    file.write_text("gone:1")
    host.libraries = host.make()
    [note] = host.answer("about")["notes"]
    assert note == "the session 'gone:1' could not be taken up again (this session is not known): this is a new one"
    assert file.read_text() == f"hostile:{host.pid}"


def test_an_outage_is_no_reason_to_give_a_session_up(host: Host) -> None:
    host.answer("about")
    contact = contacts(host)
    host.order("init 1 error 2 the DRM cannot be reached")
    host.restart()
    host.ask("about")
    host.order()
    eventually(lambda: host.ask("about").__class__.__name__ == "Answered")
    assert set(contacts(host)[1:]) == {f"hostile:{host.calls[0][0]}"} and contact == ["-"]


def test_an_ending_that_was_consumed_is_told_though_the_process_died_with_it(host: Host) -> None:
    host.submit(job("a", "exit 4"), job("b"))
    ended(host, "1")
    host.order("job_ps @2 segfault")
    assert host.look("1", "2")["1"]["ended"]["exit_code"] == 4
    assert host.count("wait", "1") == 1
    host.order("job_ps @1 forget")
    host.restart()
    assert host.look("1")["1"]["ended"]["exit_code"] == 4


def test_an_ending_survives_any_kill_once_it_is_told(host: Host) -> None:
    host.submit(*(job(f"job {n}", f"exit {n}") for n in range(20)))
    told: dict[str, int] = {}
    for number in range(1, 21):
        ended(host, str(number))
        told[str(number)] = host.look(str(number))[str(number)]["ended"]["exit_code"]
        os.kill(host.pid, signal.SIGKILL)
        assert {each: host.look(each)[each]["ended"]["exit_code"] for each in told} == told


def test_a_number_that_the_drm_uses_again(host: Host) -> None:
    """What was journaled of the first job is not told of the second."""
    host.submit(job(command="exit 4"))
    ended(host, "1")
    assert host.look("1")["1"]["ended"]["exit_code"] == 4
    (host.drm / "last").write_text("0")
    (host.drm / "jobs" / "1" / "waited").unlink()
    (host.drm / "jobs" / "1" / "status").unlink()
    host.submit(job(command="exit 5"))
    ended(host, "1")
    assert host.look("1")["1"]["ended"]["exit_code"] == 5


def test_the_process_ends_with_its_server(tmp_path: Path, compiled: Path) -> None:
    """Even in the middle of a call that never returns."""
    drm = tmp_path / "drm"
    for folder in (drm, tmp_path / "root"):
        folder.mkdir()
    (drm / "orders").write_text("job_ps * hang\n")
    environ = {**os.environ, "DRMAA_HOSTILE_DIR": str(drm)}
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path / "root"), str(compiled)], env=environ)
    try:
        eventually(lambda: "job_ps" in ((drm / "calls").read_text() if (drm / "calls").exists() else ""))
        child = int((drm / "calls").read_text().splitlines()[-1].split()[0])
        handle = os.pidfd_open(child)
        server.kill()
        server.wait()
        eventually(lambda: _has_ended(handle))
        os.close(handle)
    finally:
        server.kill()


def _has_ended(handle: int) -> bool:
    return bool(select.select([handle], [], [], 1)[0])


def test_closing_while_questions_are_open(host: Host) -> None:
    host.answer("about")
    host.order("job_ps * sleep 0.2")
    looking = host.start_asking("look", ids=[str(number) for number in range(100)])
    eventually(lambda: host.count("job_ps"))
    submitting = host.start_asking("submit", jobs=[job(f"job {n}") for n in range(3)])
    host.close()
    assert looking.result(60).data["trouble"]
    for answer in submitting.result(60).data["answers"] if hasattr(submitting.result(60), "data") else []:
        assert "id" in answer or "later" in answer
    assert "closing" in host.ask("about").reason  # type: ignore[union-attr]


def test_many_questions_at_once_start_one_process(host: Host) -> None:
    asked = [host.start_asking("submit", jobs=[job(f"job {n}")]) for n in range(20)]
    ids = {each.result(60).data["answers"][0]["id"] for each in asked}
    assert len(ids) == 20 and host.count("init") == 1


def test_a_session_that_cannot_be_noted_is_used_all_the_same(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.answer("about")
    host.close()
    [file] = host.root.glob("libraries/*/contact")
    file.unlink()
    file.with_name("contact.new").symlink_to("/nowhere/at/all")  # it is not followed
    host.libraries = host.make()
    assert host.submit(job()) == [{"id": "1"}]
    assert "its session cannot be noted" in caplog.text


def test_a_root_that_cannot_be_written(make_host: Callable[..., Host], tmp_path: Path) -> None:
    host = make_host()
    file = tmp_path / "file"
    file.write_text("")
    host.libraries = Libraries(file, host.environ, host.limits)
    reply = host.ask("about")
    assert "no process for the library can be started" in getattr(reply, "reason", "")


@pytest.mark.parametrize("kills", [40])
def test_random_kills_lose_and_repeat_nothing(host: Host, kills: int) -> None:
    """Every job is known, in doubt or certainly not begun; what is later or known is true."""
    stop = threading.Event()

    def kill() -> None:
        dice = random.Random(1)
        while not stop.wait(dice.uniform(0.02, 0.15)):
            try:
                os.kill(host.pid, signal.SIGKILL)
            except (ProcessLookupError, IndexError, FileNotFoundError, ValueError):
                continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        answers = {}
        for batch in range(kills):
            names = [f"job-{batch}-{n}." for n in range(5)]
            reply = host.ask("submit", jobs=[job(name, jobSubmissionState="drmaa_hold") for name in names])
            told = getattr(reply, "data", {}).get("answers") or [{"later": "unreachable"}] * 5
            answers.update(dict(zip(names, told, strict=True)))
    finally:
        stop.set()
        killer.join()
    made = {}
    for path in (host.drm / "jobs").iterdir():
        if (path / "template").exists():  # or the library was killed before it wrote that
            made[host.template(path.name).get("drmaa_job_name", [""])[0]] = path.name
    for name, answer in answers.items():
        if "id" in answer:
            assert made[name] == answer["id"]
        elif "later" in answer:
            assert name not in made
        else:
            assert "doubt" in answer, answer
    assert len(made) >= sum("id" in answer for answer in answers.values()) > 0
