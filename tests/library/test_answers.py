"""What the library host answers while its library behaves."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from abell.backends.contract import Answered, TimedOut, Unreachable
from abell.library.child import Child
from abell.library.drmaa import ERRORS
from abell.library.frames import LONGEST, Frames
from abell.library.journal import Journal
from abell.library.page import Page
from tests.library.host import Host, eventually, job


def test_about(host: Host) -> None:
    about = host.answer("about")
    assert about == {
        "path": str(host.library),
        "drm": "Hostile 1.0",
        "implementation": "a library for tests",
        "version": "1.0",
        "contact": f"hostile:{host.pid}",
        "notes": [],
    }


def test_the_library_of_the_servers_variable_is_the_usual_one(host: Host) -> None:
    host.environ["DRMAA_LIBRARY_PATH"] = str(host.library)
    host.restart()
    assert host.answer("about", library="")["path"] == str(host.library)


def test_no_library_is_named(host: Host) -> None:
    host.environ.pop("DRMAA_LIBRARY_PATH", None)
    host.restart()
    reply = host.ask("about", library="")
    assert isinstance(reply, Unreachable)
    assert "drmaa_library_path" in reply.reason and "$DRMAA_LIBRARY_PATH" in reply.reason


def test_two_paths_of_one_library_are_one(host: Host) -> None:
    link = host.folder / "link.so"
    link.symlink_to(host.library)
    host.answer("about")
    assert host.answer("about", library=str(link))["path"] == str(host.library)
    assert host.count("init") == 1


def test_a_library_that_is_not_there(host: Host) -> None:
    assert host.ask("about", library="/nowhere/libdrmaa.so") == Unreachable(
        "/nowhere/libdrmaa.so: there is no such DRMAA library"
    )


def test_a_file_that_is_no_library(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "libdrmaa.so"
    file.write_text("hello")
    reply = host.ask("submit", library=str(file), jobs=[job()])
    assert isinstance(reply, Unreachable) and not reply.began
    assert "file too short" in reply.reason or "invalid ELF header" in reply.reason


def test_a_library_without_the_functions(host: Host) -> None:
    reply = host.ask("about", library="libm.so.6")
    assert isinstance(reply, Unreachable)
    assert "has no function drmaa_init" in reply.reason


def test_a_job_runs_and_its_ending_is_told_until_it_is_forgotten(host: Host) -> None:
    out, err = host.root / "jobs" / "out", host.root / "jobs" / "err"
    here = host.root / "jobs" / "work"
    here.mkdir()
    command = 'echo "$PWD $COLOUR $1"; echo oops >&2; exit 3'
    more = {"outputPath": f":{out}", "errorPath": f"somewhere:{err}", "jobEnvironment": {"COLOUR": "sky blue"}}
    [answer] = host.submit(job(command=command, workingDirectory=str(here), **more))
    assert answer == {"id": "1"}
    ended = eventually(lambda: host.look("1")["1"].get("ended"))
    assert ended["exited"] and ended["exit_code"] == 3 and ended["signal"] is None and not ended["core"]
    assert ended["usage"].keys() == {"cpu", "exit_status"}
    assert (out.read_text(), err.read_text()) == (f"{here} sky blue \n", "oops\n")
    waits = host.count("wait")
    assert host.look("1")["1"] == {"state": "DONE", "ended": ended}
    assert host.count("wait") == waits
    assert host.answer("forget", ids=["1"]) == {}
    assert host.look("1")["1"] == {"error": "INVALID_JOB", "text": "the job is not known"}


def test_a_job_that_is_ended(host: Host) -> None:
    host.submit(job(command="sleep 1000"))
    eventually(lambda: host.look("1")["1"]["state"] == "RUNNING")
    assert host.answer("end", ids=["1", "2"]) == {
        "answers": {"1": {"ok": True}, "2": {"error": "INVALID_JOB", "text": "the job is not known"}},
        "trouble": "",
    }
    ended = eventually(lambda: host.look("1")["1"].get("ended"))
    assert (ended["exited"], ended["exit_code"], ended["signal"]) == (False, None, "SIGKILL")


def test_a_held_job_that_never_ran_has_no_usage_and_says_so_again(host: Host) -> None:
    host.submit(job(jobSubmissionState="drmaa_hold"))
    assert host.look("1")["1"] == {"state": "USER_ON_HOLD"}
    host.answer("end", ids=["1"])
    told = {"state": "FAILED", "ended_error": {"error": "NO_RUSAGE", "text": "it never ran"}}
    assert host.look("1")["1"] == told
    assert host.look("1")["1"] == told  # though the library has forgotten it


def test_refusals_are_the_librarys_own_words_and_answers_are_in_order(host: Host) -> None:
    host.order("run_job @late error 16 the queue is full")
    answers = host.submit(job("a"), job("b", nativeSpecification="--denied"), job("late"), job("d"))
    assert answers == [
        {"id": "1"},
        {"error": "DENIED_BY_DRM", "text": 'denied: unknown resource "denied"'},
        {"error": "TRY_LATER", "text": "the queue is full"},
        {"id": "2"},
    ]


@pytest.mark.parametrize("function", ["run_job", "job_ps", "control"])
def test_every_error_code_has_its_name(host: Host, function: str) -> None:
    held = [answer["id"] for answer in host.submit(*(job(f"h{n}", jobSubmissionState="drmaa_hold") for n in range(30)))]
    codes = range(1, 30)
    if function == "run_job":
        host.order(*(f"run_job @code{code}. error {code} words {code}" for code in codes))
        answers = host.submit(*(job(f"code{code}.") for code in codes))
    else:
        host.order(*(f"{function} @{held[code]} error {code} words {code}" for code in reversed(codes)))
        found = host.answer("look" if function == "job_ps" else "end", ids=held[1:])["answers"]
        answers = [found[held[code]] for code in codes]
    for code, answer in zip(codes, answers, strict=True):
        assert answer == {"error": ERRORS[code] if code < len(ERRORS) else f"ERRNO_{code}", "text": f"words {code}"}


def test_an_attribute_that_the_library_has_not(host: Host) -> None:
    (host.drm / "attribute_names").write_text("drmaa_remote_command drmaa_wd drmaa_v_argv")
    missing, tried = host.submit(job("a", deadlineTime="10:00"), job("b", nativeSpecification="-q x"))
    assert missing["error"] == "INVALID_ATTRIBUTE_VALUE"
    assert missing["text"].startswith("this library has no drmaa_deadline_time (deadlineTime); it has drmaa_remote_com")
    assert host.template(tried["id"])["drmaa_native_specification"] == ["-q x"]  # every library must have that


def test_attributes_of_a_wrong_form(host: Host) -> None:
    answers = host.submit(job(colour="red"), job(args="-c"), job(jobCategory="a\0b"), job(startTime=1.5))
    assert [answer["error"] for answer in answers] == ["INVALID_ATTRIBUTE_VALUE"] + ["INVALID_ATTRIBUTE_FORMAT"] * 3
    assert "colour is no attribute of DRMAA 1.0" in answers[0]["text"]


def test_questions_of_a_wrong_form(host: Host) -> None:
    for verb, data in (("submit", {}), ("submit", {"jobs": [1]}), ("look", {"ids": [1]}), ("dance", {"ids": ["1"]})):
        reply = host.ask(verb, **data)
        assert isinstance(reply, Unreachable) and "is wrong" in reply.reason, (verb, data, reply)
    assert host.look("1 ", "", "ö") == {
        each: {"error": "INVALID_JOB", "text": f"{each!r} is no id"} for each in ("1 ", "", "ö")
    }


def test_a_question_that_is_too_long_is_refused_and_harms_no_other(host: Host) -> None:
    reply = host.ask("submit", jobs=[job(jobEnvironment={"A": "x" * LONGEST})])
    assert isinstance(reply, Unreachable) and not reply.began and "bytes; at most" in reply.reason
    assert host.submit(job()) == [{"id": "1"}]


def test_more_answers_than_one_message_holds(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    descriptors = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT | os.O_APPEND) for name in "ab"]
    page = Page.make()
    child = Child(theirs, Page(page), Journal((descriptors[0], descriptors[1])))
    sizes = [LONGEST // 3] * 7 + [LONGEST + 1] + [1]
    child._answers = [(1, index, {"text": "x" * size}) for index, size in enumerate(sizes)]

    def flush() -> None:
        child._flush()
        theirs.close()

    thread = threading.Thread(target=flush)
    thread.start()
    frames, got = Frames(), {}
    while data := ours.recv(1 << 20):
        for message in frames.feed(data):
            got.update({index: answer for _, index, answer in message["answers"]})
    thread.join()
    assert [len(got[index]["text"]) for index in (0, 6, 8)] == [LONGEST // 3, LONGEST // 3, 1]
    assert got[7]["error"] == "INTERNAL_ERROR" and len(got) == 9
    for descriptor in (*descriptors, page):
        os.close(descriptor)
    ours.close()


def test_a_thousand_ids(host: Host) -> None:
    host.submit(job(jobSubmissionState="drmaa_hold"))
    ids = [str(number) for number in range(1, 1001)]
    answers = host.look(*ids)
    assert list(answers) == ids
    assert answers["1"] == {"state": "USER_ON_HOLD"} and answers["1000"]["error"] == "INVALID_JOB"
    assert host.count("job_ps") == 1000


def test_nothing_asked_nothing_answered(host: Host) -> None:
    assert host.answer("look", ids=[]) == {"answers": {}, "trouble": ""}
    assert host.submit() == []


def test_a_submission_goes_before_the_rest_of_a_look(host: Host) -> None:
    host.order("job_ps * sleep 0.05")
    looking = host.start_asking("look", ids=[str(number) for number in range(100)])
    eventually(lambda: host.count("job_ps"))
    host.submit(job("urgent"))
    assert not looking.done()
    before = [function for _, function, _ in host.calls].index("run_job")
    assert len(looking.result(60).data["answers"]) == 100
    assert host.count("job_ps") == 100
    assert sum(1 for _, function, _ in host.calls[:before] if function == "job_ps") < 100


def test_a_look_that_takes_too_long_returns_what_it_has(host: Host) -> None:
    host.order("job_ps @7 sleep 2")
    reply = host.ask("look", 1.0, ids=["1", "2", "7", "3"])
    assert isinstance(reply, Answered)
    assert list(reply.data["answers"]) == ["1", "2"]
    assert reply.data["trouble"] == "the library did not answer within 1 s"
    host.order()
    assert host.submit(job()) == [{"id": "1"}]
    assert host.count("job_ps", "3") == 0  # nobody waits for that any more


def test_a_look_without_an_answer_in_time(host: Host) -> None:
    host.order("job_ps @7 sleep 1")
    host.answer("about")
    assert host.ask("look", 0.3, ids=["7"]) == TimedOut(0.3)


def test_a_submission_that_takes_too_long(host: Host) -> None:
    """What was handed over in time is known; what was not is certainly not begun, where the library comes back."""
    host.answer("about")
    host.order("run_job @slow sleep 0.6")
    reply = host.ask("submit", 0.2, jobs=[job("slow"), job("next")])
    assert isinstance(reply, Answered)
    assert reply.data["answers"][0] == {"id": "1"}
    assert "was not handed to it" in reply.data["answers"][1]["later"]
    assert host.count("run_job", "next") == 0


def test_a_submission_of_which_nobody_can_say(host: Host) -> None:
    host.answer("about")
    host.order("run_job @slow sleep 4")
    since = time.monotonic()
    assert host.ask("submit", 0.2, jobs=[job("slow"), job("next")]) == TimedOut(0.2)
    assert time.monotonic() - since < 3


def test_a_session_that_the_library_lost_is_opened_again(host: Host) -> None:
    host.answer("about")
    host.order("run_job once lose")
    assert host.submit(job()) == [{"id": "1"}]
    assert (host.drm / "contacts").read_text().split() == ["-", f"hostile:{host.pid}"]
