"""`abell run` against a real engine process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from .conftest import Abell, until

HOSTILE = ("a b", "*", "$(touch owned)", "`id`", "'", '"', "\\", "\n", "-n", "--", "é", "", ";x", "\udcff")


def test_output_is_copied_byte_for_byte(abell: Abell) -> None:
    data = bytes(range(256)) * 5000
    (abell.cwd / "data").write_bytes(data)
    process = abell.begin("run", "--", "cat data; cat data >&2")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, data, data)


def test_several_arguments_are_run_exactly_as_given(abell: Abell) -> None:
    process = abell.begin("run", "--", "printf", r"%s\0", *HOSTILE)
    out, _ = process.communicate(timeout=30)
    assert out == b"".join(os.fsencode(word) + b"\0" for word in HOSTILE)
    assert not (abell.cwd / "owned").exists()


def test_a_single_argument_is_a_shell_line(abell: Abell) -> None:
    assert abell("run", "--", "echo $((1+1)) | cat").stdout == "2\n"


def test_options_end_where_the_command_begins(abell: Abell) -> None:
    assert abell("run", "--slots", "2", "echo", "--json", "-c", "x").stdout == "--json -c x\n"


def test_it_runs_here_with_the_variables_it_was_given(abell: Abell) -> None:
    assert abell("run", "--env", "A=x '$y'", "--", 'pwd; echo "$A"').stdout == f"{abell.cwd}\nx '$y'\n"
    assert str(abell.root) in abell("run", "--own-workdir", "--", "pwd").stdout


def test_the_exit_code_is_the_commands(abell: Abell) -> None:
    done = abell("run", "--", "exit 7")
    assert done.returncode == 7
    assert done.stderr == "abell: job 1: exit code 7 (abell show 1)\n"


def test_success_says_nothing_of_its_own(abell: Abell) -> None:
    done = abell("run", "--", "true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("cause", "code"), [("walltime", 124), ("lost", 121), ("rejected", 122), ("signal", 137)])
def test_other_causes_have_codes_of_their_own_and_one_safe_line(abell: Abell, cause: str, code: int) -> None:
    done = abell("run", "--param", f"cause={cause}", "--", "true")
    assert done.returncode == code
    assert done.stderr == f"abell: job 1: {cause}: as asked \\x1b[2J (abell show 1)\n"


def test_the_remedy_works_as_it_stands(abell: Abell) -> None:
    del abell.environ["ABELL_ROOT"]
    done = abell("run", "--root", abell.root, "--", "exit 1")
    assert f"(abell show --root {abell.root} 1)" in done.stderr


def test_output_comes_while_the_job_runs(abell: Abell) -> None:
    process = abell.begin("run", "--", "echo first; while ! [ -e go ]; do sleep 0.02; done; echo second")
    assert process.stdout is not None
    assert process.stdout.readline() == b"first\n"
    (abell.cwd / "go").touch()
    assert process.communicate(timeout=30)[0] == b"second\n"
    assert process.returncode == 0


def test_json_is_the_record_instead_of_the_output(abell: Abell) -> None:
    done = abell("run", "--json", "--", "echo noise")
    assert json.loads(done.stdout)["cause"] == "ok"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_interruption_cancels_and_waits_for_the_end(abell: Abell, number: signal.Signals) -> None:
    process = abell.begin("run", "--", "touch begun; sleep 60")
    until((abell.cwd / "begun").exists)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"job 1: cancelled: by " in err
    assert json.loads(abell("show", "1", "--json").stdout)["job"]["cause"] == "cancelled"


def test_a_second_interruption_leaves(abell: Abell) -> None:
    stubborn = "trap '' TERM; touch begun; while ! [ -e go ]; do sleep 0.05; done"
    process = abell.begin("run", "--", stubborn)
    until((abell.cwd / "begun").exists)
    process.send_signal(signal.SIGINT)
    until(lambda: json.loads(abell("show", "1", "--json").stdout)["job"]["cancel_by"])  # the engine has been asked
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    (abell.cwd / "go").touch()
    assert process.returncode == 130
    assert b"left job 1" in err


def test_a_signal_that_our_parent_ignores_stays_ignored(abell: Abell) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = abell.begin("run", "--", "touch begun; while ! [ -e go ]; do sleep 0.02; done")
    finally:
        signal.signal(signal.SIGHUP, before)
    until((abell.cwd / "begun").exists)
    process.send_signal(signal.SIGHUP)
    (abell.cwd / "go").touch()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_reader_that_goes_away_cancels_the_job(abell: Abell) -> None:
    process = abell.begin("run", "--", "yes")
    assert process.stdout is not None
    assert process.stdout.readline() == b"y\n"
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert abell("wait", "1").returncode == 130


def test_a_full_disk_here_is_not_the_jobs_failure(abell: Abell) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            abell.argv("run", "--", "echo x"), env=abell.environ, cwd=abell.cwd, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 125
    assert done.stderr == (
        b"abell: what job 1 writes cannot be copied here: No space left on device (it goes on; abell logs 1)\n"
    )
    assert abell("logs", "-f", "1").stdout == "x\n"


def test_a_full_disk_for_our_own_words(abell: Abell) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(abell.argv("ps"), env=abell.environ, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (125, b"abell: No space left on device\n")


def test_a_hostile_command_line_is_shown_safely(abell: Abell) -> None:
    done = abell("run", "--\x1b]0;owned\x07", "x")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "owned" in done.stderr


def test_a_link_put_in_place_of_the_output_is_not_followed(abell: Abell) -> None:
    (abell.cwd / "secret").write_text("secret")
    swap = f'rm "{abell.root}/jobs/1/stdout"; ln -s "$PWD/secret" "{abell.root}/jobs/1/stdout"'
    assert abell("submit", "--", swap).stdout == "1\n"
    assert abell("wait", "1").returncode == 0
    assert abell("logs", "1").stdout == ""


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["run"], "there is nothing to run"),
        (["run", "--time", "30", "--", "x"], "a unit is missing"),
        (["run", "-c", "absent.yml", "--", "x"], "no such file"),
        (["run", "--slots", "two", "--", "x"], "--slots"),
        (["rnu", "x"], "did you mean: abell run"),
        (["wait"], "ID"),
        (["wait", "one"], "'one' is not a valid job number"),
        (["run", "--output", "x", "--", "x"], "not of the form NAME=PATH"),
        (["cancel"], "--all"),
        (["cancel", "--all", "3"], "--all"),
        (["logs", "--job", "--stderr", "3"], "--job"),
        (["logs", "--json", "-f", "3"], "--json"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_is_wrong(abell: Abell, args: list[str], says: str) -> None:
    done = abell(*args)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
