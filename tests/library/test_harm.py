"""A library that crashes, hangs, leaks, prints and lies: each item's answer says what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from abell.backends.contract import Answered, TimedOut, Unreachable
from tests.library.host import Host, eventually, job
from tests.library.hostile import compile_library

HARM = {
    "segfault": "was ended by SIGSEGV",
    "abort": "was ended by SIGABRT",
    "exit 3": "called exit(3)",
    "exit 0": "called exit(0)",
    "hang": "did not answer within 0.5 s",
    "stop": "did not answer within 0.5 s",
}


@pytest.fixture
def hasty(make_host: Callable[..., Host]) -> Host:
    return make_host(submit_s=0.5, look_s=0.5, end_s=0.5)


@pytest.mark.parametrize(("action", "words"), HARM.items())
def test_while_submitting(hasty: Host, action: str, words: str) -> None:
    """The one in flight is in doubt; the others go on by themselves. The second time is the last."""
    hasty.order(f"run_job @bad {action}")
    first = hasty.submit(job("a"), job("bad"), job("c"), job("d"))
    assert first[0] == {"id": "1"} and first[2:] == [{"id": "2"}, {"id": "3"}]
    assert first[1] == {"doubt": f"the library {words} while it was asked for bad (submit)"}
    [again] = hasty.submit(job("bad"))
    assert again["began"] is True
    assert again["set_aside"] == f"bad has ended 2 processes of the library and is not tried again: the last {words}"
    [never, other] = hasty.submit(job("bad"), job("e"))
    assert never == {**again, "began": False} and other == {"id": "4"}
    assert hasty.count("run_job", "bad") == 2
    assert (hasty.drm / "contacts").read_text().split() == ["-", *[hasty.answer("about")["contact"]] * 2]


@pytest.mark.parametrize("verb", ["look", "end"])
@pytest.mark.parametrize(("action", "words"), HARM.items())
def test_while_looking_and_ending(hasty: Host, verb: str, action: str, words: str) -> None:
    hasty.submit(*(job(f"job {n}", jobSubmissionState="drmaa_hold") for n in range(4)))
    hasty.order(f"{'job_ps' if verb == 'look' else 'control'} @3 {action}")
    good = {"state": "USER_ON_HOLD"} if verb == "look" else {"ok": True}
    assert hasty.answer(verb, ids=["1", "2", "3", "4"]) == {
        "answers": dict.fromkeys(("1", "2", "4"), good),
        "trouble": f"the library {words} while it was asked for 3 ({verb})",
    }
    aside = {
        "error": "SET_ASIDE",
        "text": f"3 has ended 2 processes of the library and is not tried again: the last {words}",
    }
    assert hasty.answer(verb, ids=["3"])["answers"] == {"3": aside}
    hasty.order()
    assert hasty.answer(verb, ids=["3"])["answers"] == {"3": aside}


def test_an_item_counts_although_nobody_waits_for_it_any_more(make_host: Callable[..., Host]) -> None:
    host = make_host(look_s=1.0)
    host.order("job_ps @7 hang")
    host.answer("about")
    for times in (1, 2):
        assert host.ask("look", 0.2, ids=["7"]) == TimedOut(0.2)
        eventually(lambda times=times: host.count("job_ps", "7") == times)
        host.look("8")  # by the next process
    assert host.look("7")["7"]["error"] == "SET_ASIDE"


def test_one_strike_is_forgotten_with_an_answer(hasty: Host) -> None:
    hasty.order("job_ps @7 segfault")
    hasty.look("7")
    hasty.order()
    assert hasty.look("7")["7"]["error"] == "INVALID_JOB"
    hasty.order("job_ps @7 segfault")
    assert hasty.look("7") == {}


def test_kills_from_outside_are_nobodys_fault(host: Host) -> None:
    """Somebody, or the kernel short of memory: in flight is in doubt each time, and never set aside."""
    for _ in range(4):
        host.order("run_job @slow sleep 30")
        known = host.count("run_job", "slow")
        submitting = host.start_asking("submit", jobs=[job("slow"), job("next")])
        eventually(lambda known=known: host.count("run_job", "slow") > known)
        os.kill(host.pid, signal.SIGKILL)
        slow, following = submitting.result(60).data["answers"]
        assert slow == {"doubt": "the library was ended by SIGKILL while it was asked for slow (submit)"}
        assert "id" in following


def test_a_process_killed_while_idle_is_replaced_unnoticed(host: Host) -> None:
    host.submit(job(jobSubmissionState="drmaa_hold"))
    for _ in range(5):
        os.kill(host.pid, signal.SIGKILL)
        assert host.look("1") == {"1": {"state": "USER_ON_HOLD"}}


def test_a_frozen_idle_process_is_replaced(make_host: Callable[..., Host], caplog: pytest.LogCaptureFixture) -> None:
    host = make_host(heartbeat_s=0.2, pong_s=0.2)
    host.answer("about")
    os.kill(host.pid, signal.SIGSTOP)
    eventually(lambda: "was frozen" in caplog.text)
    assert host.submit(job()) == [{"id": "1"}]


def test_an_idle_process_that_answers_is_left_alone(make_host: Callable[..., Host]) -> None:
    host = make_host(heartbeat_s=0.02, pong_s=20)
    pid = host.answer("about") and host.pid
    threading.Event().wait(0.5)  # 25 heartbeats
    host.submit(job())
    assert host.pid == pid


def test_a_process_frozen_with_questions_before_it(make_host: Callable[..., Host]) -> None:
    host = make_host(heartbeat_s=0.2, pong_s=0.2)
    host.answer("about")
    os.kill(host.pid, signal.SIGSTOP)
    answers = host.submit(job("a"), job("b"))
    assert answers == [{"id": "1"}, {"id": "2"}]


def test_nonsense_on_the_socket(host: Host) -> None:
    host.order("run_job @bad nonsense")
    [a, bad, c] = host.submit(job("a"), job("bad"), job("c"))
    assert a == {"id": "1"} and "sends nonsense" in bad["doubt"]
    assert "sends nonsense" in c["doubt"], "its answer may have come behind the nonsense"


def test_garbage_strings(host: Host) -> None:
    """Whatever it says is text, bounded, and no escape sequence reaches a terminal."""
    host.submit(job("a", "exit 0"))
    eventually(lambda: (host.drm / "jobs" / "1" / "status").exists())
    host.order("* * garbage")
    host.restart()
    about = host.answer("about")
    assert all(text.isprintable() for text in (about["drm"], about["implementation"], about["version"]))
    [submitted] = host.submit(job())
    assert "which is no id" in submitted["doubt"]
    assert host.look("1")["1"]["state"] == "UNKNOWN 0x7777"
    refused = host.look("99")["99"]
    assert refused["error"] == "INVALID_JOB" and len(refused["text"]) < 5000
    host.order("wtermsig * garbage", "wait * garbage")
    assert host.look("1")["1"]["state"] == "DONE"


def test_a_library_that_forgets_all_jobs(host: Host) -> None:
    host.submit(job(command="sleep 1000"))
    host.order("job_ps * forget", "control * forget")
    assert host.look("1")["1"]["error"] == "INVALID_JOB"
    host.order()
    eventually(lambda: host.look("1")["1"]["state"] == "RUNNING")
    host.answer("end", ids=["1"])


def test_what_it_prints_is_logged_within_bounds(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.order("run_job @word print hello", "run_job @much shout 5000")
    host.submit(job("word"))
    eventually(lambda: r"printed: \x1b[31mhello" in caplog.text and "printed: hello" in caplog.text)
    assert host.submit(job("much")) == [{"id": "2"}]
    host.close()
    assert "more lines, which are not shown" in caplog.text
    assert len([record for record in caplog.records if "printed: " in record.message]) <= 20


def test_a_leak_is_stopped_between_items(make_host: Callable[..., Host], caplog: pytest.LogCaptureFixture) -> None:
    host = make_host(memory=64 << 20)
    host.order("job_ps * leak 4", "job_ps * sleep 0.01")
    ids = [str(number) for number in range(60)]
    answers = host.look(*ids)
    assert list(answers) == ids
    assert host.count("job_ps") == 60  # each is asked once
    assert host.count("init") > 1
    assert "is replaced: its memory has grown to" in caplog.text
    assert host.count("exit") >= 1  # it left the session


@pytest.mark.parametrize("action", ["segfault", "exit 5", "hang", "error 10 the DRM is down"])
def test_a_session_that_cannot_be_opened(make_host: Callable[..., Host], action: str) -> None:
    host = make_host(init_s=1.0, first_pause_s=30.0)
    host.order(f"init * {action}")
    words = {
        "segfault": "the library was ended by SIGSEGV",
        "exit 5": "the library called exit(5)",
        "hang": "the library did not open a session within 1 s",
        "error 10 the DRM is down": "drmaa_init: the DRM is down (DRMS_INIT_FAILED)",
    }[action]
    reply = host.ask("submit", jobs=[job("a"), job("b")])
    assert reply == Unreachable(f"{host.library}: {words}")
    for _ in range(20):  # it is left alone, and the reason is said each time
        again = host.ask("look", ids=["1"])
        assert isinstance(again, Unreachable) and not again.began
        assert again.reason.startswith(f"{host.library}: {words} (the next try is in ")
    assert host.count("init") == 1


def test_an_outage_at_the_start_passes(host: Host) -> None:
    host.order("init 1 error 2 cannot reach the DRM")
    assert isinstance(host.ask("submit", jobs=[job()]), Unreachable)
    host.order()
    eventually(lambda: isinstance(host.ask("about"), Answered))
    assert host.submit(job()) == [{"id": "1"}]


def test_a_library_that_always_crashes_is_not_started_without_pause(make_host: Callable[..., Host]) -> None:
    host = make_host(first_pause_s=30.0)
    host.order("job_ps * segfault")
    reply = host.ask("look", ids=[str(number) for number in range(1000)])
    assert isinstance(reply, Answered) and reply.data["answers"] == {}
    assert host.count("init") <= 4
    later = host.ask("submit", jobs=[job()])
    assert isinstance(later, Unreachable) and "was ended by SIGSEGV, as before" in later.reason


def test_the_session_breaks_down_in_the_middle(make_host: Callable[..., Host]) -> None:
    """What did not begin is for later, and nothing of it is in doubt."""
    host = make_host(first_pause_s=30.0)
    host.order("run_job @bad segfault", "init @hostile error 10 the DRM is down")
    a, bad, c = host.submit(job("a"), job("bad"), job("c"))
    assert a == {"id": "1"} and "doubt" in bad
    assert c == {"later": f"{host.library}: drmaa_init: the DRM is down (DRMS_INIT_FAILED)"}


def test_one_library_hangs_and_another_notices_nothing(make_host: Callable[..., Host]) -> None:
    host = make_host()
    other = host.folder / "other.so"
    other.write_bytes(host.library.read_bytes())
    host.order("run_job @stuck hang")
    stuck = host.start_asking("submit", jobs=[job("stuck")])
    eventually(lambda: host.count("run_job", "stuck"))
    since = time.monotonic()
    for _ in range(20):
        [answer] = host.answer("submit", library=str(other), jobs=[job("fine")])["answers"]
        assert "id" in answer
    assert time.monotonic() - since < 20 and not stuck.done()
    host.close()
    assert stuck.result(60).data["answers"][0]["doubt"].startswith("the library was closed")


def test_it_has_closed_its_descriptors(host: Host) -> None:
    host.order("run_job @bad shut")
    first = host.submit(job("a"), job("bad"), job("c"))
    assert first[0] == {"id": "1"} and "doubt" in first[1] and "id" in first[2]


def test_known_defects_are_said(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    for drm, words in (("Torque/PBS", "install pbs-drmaa"), ("SLURM 20.11.4", "known to deadlock")):
        (host.drm / "drm").write_text(drm)
        host.restart()
        [note] = host.answer("about")["notes"]
        assert words in note and words in caplog.text
    for drm in ("Torque", "PBS Professional", "SGE 8.1.9"):
        (host.drm / "drm").write_text(drm)
        host.restart()
        assert host.answer("about")["notes"] == []


def test_a_library_that_needs_another_to_be_loaded_first(make_host: Callable[..., Host], tmp_path: Path) -> None:
    """Grid Engine's needs libjemalloc; here it is one with more thread-local data than dlopen has room for."""
    source, early = tmp_path / "early.c", tmp_path / "libearly.so"
    source.write_text(
        '__thread char e[9000] __attribute__((tls_model("initial-exec")));\nchar *f(void) { return e; }\n'
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(early), str(source)], check=True)
    library = compile_library(tmp_path, "-Wl,--no-as-needed", str(early))
    host = make_host(library=library)
    [note] = host.answer("about")["notes"]
    assert note == f"{early} had to be loaded before this library (LD_PRELOAD)"
    [answer] = host.submit(job(outputPath=f":{host.root}/jobs/out", command='echo "[$LD_PRELOAD]"'))
    eventually(lambda: host.look(answer["id"])[answer["id"]].get("ended"))
    assert (host.root / "jobs" / "out").read_text() == "[]\n"
    host.restart()
    assert host.answer("about")["notes"] == [note]
    assert next(host.root.glob("libraries/*/preload")).read_text() == str(early)
