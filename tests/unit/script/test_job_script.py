"""The script as a whole, run by each shell: streams, codes, order, environment, failures."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from abell.config.model import EnvEntry
from abell.script import bell, ending
from abell.script.builder import build
from abell.script.lock import Owner, Revoked, last_start, owner, revoke
from abell.script.plan import Bell, PlannedGlob, PlannedOutput, ScriptPlan

WAIT_FOR_GO = "while [ ! -e ../go ]; do sleep 0.05; done"


def test_streams_code_and_record(workshop):
    job = workshop.make("echo out; echo err >&2; exit 7", own_id="$THE_ID", resources_from="plan")
    done = job.run({"PATH": "/usr/bin:/bin", "THE_ID": "12.cluster"})
    assert done.returncode == 7
    assert (done.stdout, done.stderr) == (b"", b"")
    assert (job.stdout, job.stderr) == (b"out\n", b"err\n")
    record = job.ending()
    assert (record.exit_code, record.stage, record.signals, record.run) == (7, "ran", (), 1)
    assert record.native_id == "12.cluster"
    assert not record.clean
    assert record.usage.elapsed_s is not None and 0 <= record.usage.elapsed_s < 20
    holder = owner(job.plan.control)
    assert isinstance(holder, Owner)
    assert (holder.native_id, holder.nonce, holder.host) == ("12.cluster", record.nonce, record.host)


def test_clean_ending(workshop):
    job = workshop.make(("true",))
    assert job.run().returncode == 0
    assert job.ending().clean


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("exit", "0"), 127),  # no such program: a shell builtin of the same name does not count
        (("A=b", "c"), 127),
        (("/",), 126),
        (("[", "a", "=", "b", "]"), 1),
        (("sh", "-c", "kill -9 $$"), 137),
    ],
)
def test_argument_vectors_are_run_and_not_interpreted(workshop, command, code):
    job = workshop.make(command)
    assert job.run().returncode == code
    assert job.ending().exit_code == code


def test_what_the_shell_says_of_a_killed_command_is_not_the_commands(workshop):
    job = workshop.make(("sh", "-c", "kill -9 $$"))
    job.run()
    assert (job.stdout, job.stderr) == (b"", b"")
    assert job.ending().signal == signal.SIGKILL


def test_cpu_time_is_recorded(workshop):
    job = workshop.make("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
    job.run()
    cpu = job.ending().cpu_s
    assert cpu is not None and 0.02 < cpu < 30


def test_shell_line_may_be_many_lines_or_nonsense(workshop):
    assert workshop.make("cat <<'X'\nsome $text\nX\n").run().returncode == 0
    job = workshop.make("if then 'unclosed")
    assert job.run().returncode == 2
    assert job.ending().exit_code == 2
    assert job.stderr


def test_working_directory(workshop, tmp_path):
    job = workshop.make(("pwd",))
    job.run()
    assert job.stdout.decode().strip() == str(job.base / "working")
    (tmp_path / "real").mkdir()
    (tmp_path / "a link").symlink_to(tmp_path / "real")
    job = workshop.make("echo $PWD", workdir=str(tmp_path / "a link"))
    job.run()
    assert job.stdout.decode().strip() == str(tmp_path / "a link"), "paths are used as configured"


def test_missing_working_directory_runs_nothing(workshop, tmp_path):
    job = workshop.make(("touch", str(tmp_path / "ran")), workdir=str(tmp_path / "nowhere"))
    done = job.run()
    assert done.returncode != 0 and b"nowhere" in done.stderr
    assert (job.ending().stage, job.ending().exit_code) == ("workdir", done.returncode)
    assert not (tmp_path / "ran").exists()


def test_streams_that_cannot_be_opened_run_nothing(workshop, tmp_path):
    job = workshop.make(("touch", str(tmp_path / "ran")))
    (job.base / "outputs").rmdir()
    done = job.run()
    assert done.returncode != 0
    assert job.ending().stage == "streams"
    assert not (tmp_path / "ran").exists()


def test_order_slots_before_environment_memory_after(workshop):
    env = (
        EnvEntry("variable", "$((GALAXY_SLOTS * 2))", name="DOUBLE", raw=True),
        EnvEntry("variable", "3", name="GALAXY_SLOTS"),
        EnvEntry("variable", "3000", name="GALAXY_MEMORY_MB"),
    )
    job = workshop.make(
        'echo $DOUBLE $GALAXY_SLOTS $GALAXY_MEMORY_MB $GALAXY_MEMORY_MB_PER_SLOT "$GALAXY_SLOTS_CONFIGURED"',
        slots=4,
        memory_mb=9,
        resources_from="plan",
        env=env,
    )
    job.run()
    assert job.stdout == b"8 3 3000 1000 1\n"


def test_environment_entries(workshop, tmp_path):
    (tmp_path / "a file.sh").write_text("FROM_FILE=$WHERE; export FROM_FILE\n")
    setup = tmp_path / "set up.sh"
    setup.write_text("WHERE=here; export WHERE\n")
    env = (
        EnvEntry("file", f"{tmp_path}/a file.sh"),
        EnvEntry("variable", '$FROM_FILE "quoted" `echo run`', name="EXPANDED"),
        EnvEntry("variable", "'literal $WHERE'", name="RAW", raw=True),
        EnvEntry("execute", "umask 077; export EXECUTED=1"),
        EnvEntry("file", f"{tmp_path}/missing"),
    )
    job = workshop.make(
        'printf "%s|" "$FROM_FILE" "$EXPANDED" "$RAW" "$EXECUTED" "$MINE"',
        env=env,
        job_env={"MINE": "$WHERE 'and' \"more\"\n`x`"},
        environment_setup_file=str(setup),
    )
    done = job.run()
    assert job.stdout.decode() == 'here|here "quoted" run|literal $WHERE|1|$WHERE \'and\' "more"\n`x`|'
    assert b"missing" in done.stderr, "a missing file is told, and as in Galaxy stops nothing"


@pytest.mark.parametrize("text", ["exit 0", "exit 3", "if then", 'X="', "return 0"])
def test_environment_that_stops_the_script_is_never_a_success(workshop, tmp_path, text):
    job = workshop.make(("touch", str(tmp_path / "ran")), env=(EnvEntry("execute", text),))
    done = job.run()
    assert done.returncode != 0
    assert job.ending().stage == "environment"
    assert job.ending().exit_code == done.returncode
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text", ["set -eu", "set -f", "trap 'echo bye >&2' EXIT", "IFS=0123456789.", "cd /", "PATH=/nowhere", "set -C"]
)
def test_environment_that_changes_the_shell_does_no_harm(workshop, text):
    job = workshop.make(
        ("/bin/sh", "-c", "echo 1 > a.txt; exit 4"),
        env=(EnvEntry("execute", text),),
        globs=(PlannedGlob("TXT", "*.txt"),),
    )
    done = job.run()
    assert done.returncode == 4
    record = job.ending()
    assert (record.exit_code, record.stage) == (4, "ran")
    assert [(o.path, o.size) for o in record.outputs] == [("./a.txt", 2)]
    assert record.usage.elapsed_s is not None
    assert (b"bye" in done.stderr) == ("bye" in text)


HOSTILE_NODES = {
    "empty": {},
    "no path": {"PATH": ""},
    "empty entries": {"PATH": ":/usr/bin::/bin:"},
    "options": {"PATH": "/usr/bin:/bin", "SHELLOPTS": "errexit:nounset:noglob:noclobber", "POSIXLY_CORRECT": "1"},
    "cdpath": {
        "PATH": "/usr/bin:/bin",
        "CDPATH": "/tmp",
        "IFS": "a/",
        "ENV": "/nonexistent",
        "BASH_ENV": "/nonexistent",
    },
    "locale": {"PATH": "/usr/bin:/bin", "LC_ALL": "de_DE.UTF-8", "LANG": "xx"},
    "ours": {"PATH": "/usr/bin:/bin", "abell_run": "9", "abell_ended": "1", "abell_stage": "ran", "abell_code": "0"},
    "function": {"PATH": "/usr/bin:/bin", "BASH_FUNC_ln%%": "() { exit 0; }"},
}


@pytest.mark.parametrize("name", HOSTILE_NODES)
def test_hostile_node_environment(workshop, name):
    job = workshop.make(
        ("/bin/sh", "-c", "/bin/echo 1 > a.txt; exit 5"),
        globs=(PlannedGlob("TXT", "*.txt"),),
        directory="with 'quotes' $and \n newline",
    )
    done = job.run(HOSTILE_NODES[name])
    assert done.returncode == 5, done.stderr
    record = job.ending()
    assert (record.run, record.exit_code, record.stage) == (1, 5, "ran")
    assert [(o.path, o.size) for o in record.outputs] == [("./a.txt", 2)]


def test_temporary_and_home_directories(workshop, tmp_path):
    show = 'printf "%s\\n" "$TMPDIR" "$TEMP" "$TMP" "$_GALAXY_JOB_TMP_DIR" "$_GALAXY_JOB_HOME_DIR" "$HOME"'
    job = workshop.make(show)
    job.run({"PATH": "/usr/bin:/bin"})
    own = str(job.base / "tmp")
    home = str(job.base / "home")
    assert job.stdout.decode().splitlines() == [own, own, own, own, home, home]
    job = workshop.make(show)
    job.run({"PATH": "/usr/bin:/bin", "TMPDIR": "/scratch", "HOME": "/h"})
    assert job.stdout.decode().splitlines()[:3] == ["/scratch"] * 3, "the node's own is kept"
    job = workshop.make(show, tmp_dir="true")
    job.run({"PATH": "/usr/bin:/bin", "TMPDIR": "/scratch"})
    assert job.stdout.decode().splitlines()[:4] == [str(job.base / "tmp")] * 4
    job = workshop.make(show, tmp_dir=f"$(mktemp -d {tmp_path}/scratchXXXXXX)")
    job.run({"PATH": "/usr/bin:/bin", "TMPDIR": "/scratch"})
    seen = job.stdout.decode().splitlines()[:4]
    assert len(set(seen)) == 1 and seen[0].startswith(f"{tmp_path}/scratch") and Path(seen[0]).is_dir()
    job = workshop.make(show, tmp_dir="true", env=(EnvEntry("variable", "/named", name="TMPDIR"),))
    job.run({"PATH": "/usr/bin:/bin", "TMPDIR": "/scratch"})
    assert job.stdout.decode().splitlines()[:3] == ["/named"] * 3, "the destination's env has the last word"


def test_missing_tmp_and_home_are_made(workshop):
    job = workshop.make("pwd")
    (job.base / "tmp").rmdir()
    (job.base / "home").rmdir()
    assert job.run().returncode == 0
    assert (job.base / "tmp").is_dir() and (job.base / "home").is_dir()


def test_galaxys_own_variables_only_where_named(workshop):
    show = 'echo "${GALAXY_LIB-none} ${GALAXY_VIRTUAL_ENV-none} ${PYTHONWARNINGS-none}"'
    job = workshop.make(show)
    job.run()
    assert job.stdout == b"none none none\n"
    job = workshop.make(show, galaxy_lib="/g a/lib", galaxy_virtual_env="/g a/.venv")
    job.run()
    assert job.stdout == b"/g a/lib /g a/.venv ignore\n"


def test_umask(workshop):
    job = workshop.make(("touch", "made"), umask=0o027)
    job.run()
    assert (job.base / "working" / "made").stat().st_mode & 0o777 == 0o640


def test_outputs_as_the_node_sees_them(workshop, tmp_path):
    final = tmp_path / "a 'b' $c\nd"
    (tmp_path / "dir").mkdir()
    job = workshop.make(
        'printf 12345 > "$ABELL_OUTPUT_ONE"; mkdir sub; printf x > "sub/new\nline.dat"; printf yy > "-rf.dat"; '
        "printf zzz > sub/back\\\\slash.dat; ln -s /etc/passwd sub/link.dat",
        outputs=(
            PlannedOutput("ONE", str(final)),
            PlannedOutput("TWO", str(tmp_path / "missing")),
            PlannedOutput("DIR", str(tmp_path / "dir")),
        ),
        globs=(PlannedGlob("SUB", "sub/*.dat"), PlannedGlob("TOP", "*.d[a-c]t"), PlannedGlob("NONE", "*.nothing")),
    )
    assert job.run().returncode == 0
    seen = {(o.name, o.path): (o.size, o.sha256) for o in job.ending().outputs}
    assert {k: v[0] for k, v in seen.items()} == {
        ("ONE", str(final)): 5,
        ("SUB", "./sub/new\nline.dat"): 1,
        ("SUB", "./sub/back\\slash.dat"): 3,
        ("TOP", "./-rf.dat"): 2,
    }
    assert seen["ONE", str(final)][1] == "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
    assert all(sha for _, sha in seen.values())


def test_checksums_only_if_wanted(workshop, tmp_path):
    job = workshop.make("echo > $ABELL_OUTPUT_A", outputs=(PlannedOutput("A", f"{tmp_path}/a"),), checksums=False)
    job.run()
    assert [(o.size, o.sha256) for o in job.ending().outputs] == [(1, None)]


def test_more_outputs_than_a_record_holds(workshop):
    job = workshop.make(("sh", "-c", "seq -f 'f%0100g' 1600 | xargs touch"), globs=(PlannedGlob("F", "f*"),))
    assert job.run().returncode == 0
    record = job.ending()
    assert record.outputs_cut and 200 < len(record.outputs) < 1600
    assert all(o.size == 0 and o.sha256 for o in record.outputs)
    assert (job.control / "ending.1").stat().st_size < ending.MOST_BYTES


def test_metadata_has_an_ending_of_its_own(workshop):
    job = workshop.make("echo data > made; exit 3", metadata="cat made; exit 5")
    done = job.run()
    assert done.returncode == 3
    assert done.stdout == b"data\n"
    assert (job.ending().exit_code, job.ending().metadata_exit) == (3, 5)
    job = workshop.make(("true",))
    job.run()
    assert job.ending().metadata_exit is None


def test_bell(workshop, tmp_path):
    spool = tmp_path / "spool '"
    bell.prepare(spool)
    token = bell.new_token()
    job = workshop.make(("sh", "-c", 'ls "$0"/*', str(spool)), bell=Bell(str(spool), token))
    job.run()
    assert token.encode() not in job.stdout, "it is the last act"
    assert bell.listen(spool) == {token}
    bell.silence(spool, [token, "../../etc/passwd", "never-rang"])
    assert bell.listen(spool) == set()


def test_a_bell_that_cannot_ring_changes_nothing(workshop, tmp_path):
    job = workshop.make("exit 6", bell=Bell(str(tmp_path / "no spool"), bell.new_token()))
    assert job.run().returncode == 6
    assert job.ending().exit_code == 6


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1", "USR2", "XCPU"])
def test_signals_are_recorded_with_the_commands_own_ending(workshop, name):
    meddling = (EnvEntry("execute", f"trap '' {name}"),)  # what the environment does to traps does not last
    job = workshop.make(f"echo > started; {WAIT_FOR_GO}; exit 9", env=meddling)
    process = job.start(start_new_session=True)
    _await_file(job.base / "working" / "started")
    process.send_signal(getattr(signal, f"SIG{name}"))
    (job.base / "go").touch()
    process.communicate(timeout=20)
    assert process.returncode == 9
    record = job.ending()
    assert (record.exit_code, record.signals, record.clean) == (9, (name,), False)


def test_signal_to_the_whole_group(workshop):
    job = workshop.make("echo > started; exec sleep 60")
    process = job.start(start_new_session=True)
    _await_file(job.base / "working" / "started")
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=20)
    assert (job.ending().exit_code, job.ending().signals) == (143, ("TERM",))


def test_a_signal_before_the_command_keeps_it_from_starting(workshop, tmp_path):
    env = (EnvEntry("execute", f"cd '{tmp_path}'; mkdir x; cd x; echo > ../setup; {WAIT_FOR_GO}"),)
    job = workshop.make(("touch", str(tmp_path / "ran")), env=env, metadata=f"touch '{tmp_path}/ran'")
    process = job.start()
    _await_file(tmp_path / "setup")
    process.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert (job.ending().stage, job.ending().exit_code) == ("stopped", 143)
    assert not (tmp_path / "ran").exists()


def test_a_killed_script_leaves_no_record(workshop):
    job = workshop.make("echo > started; exec sleep 60")
    process = job.start(start_new_session=True)
    _await_file(job.base / "working" / "started")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert ending.read(job.plan.control) is None
    assert isinstance(owner(job.plan.control), Owner)


def test_a_second_start_runs_nothing(workshop):
    job = workshop.make("echo again >> ../count; exit 3")
    assert job.run().returncode == 3
    before = (job.control / "ending.1").read_bytes()
    done = job.run()
    assert done.returncode == 75 and b"another start" in done.stderr
    assert (job.base / "count").read_text() == "again\n"
    assert (job.control / "ending.1").read_bytes() == before


def test_a_revoked_job_runs_nothing(workshop):
    job = workshop.make("touch ../ran")
    assert revoke(job.plan.control) == Revoked(1)
    assert job.run().returncode == 75
    assert not (job.base / "ran").exists()
    assert ending.read(job.plan.control) is None
    assert owner(job.plan.control) == Revoked(1)


def test_fails_closed_where_the_lock_cannot_be_taken(workshop):
    job = workshop.make("touch ../ran")
    for name in list(job.control.iterdir()):
        name.unlink()
    job.control.rmdir()
    done = job.run()
    assert done.returncode == 75 and b"nothing was run" in done.stderr
    job.control.write_text("not a directory")
    assert job.run().returncode == 75
    job.control.unlink()
    job.control.mkdir()
    (job.control / "lock.1").mkdir()
    assert job.run().returncode == 75
    assert not (job.base / "ran").exists()


def test_without_a_lock(workshop):
    job = workshop.make("exit 2", use_lock=False, run=4)
    job.run()
    record = ending.read(job.plan.control, locked=False, run=4)
    assert record is not None and (record.exit_code, record.run, record.nonce) == (2, 4, "")


def test_requeue_starts_a_new_run_in_restored_directories(workshop):
    job = workshop.make(
        "cat input; echo changed > input; ls; touch left; exit $(cat ../code)", requeue=True, outputs=()
    )
    (job.base / "working" / "input").write_text("original\n")
    (job.base / "code").write_text("1")
    assert job.run().returncode == 1
    assert (job.ending().run, job.stdout) == (1, b"original\ninput\n")
    assert job.run().returncode == 1
    assert (job.ending().run, job.stdout) == (2, b"original\ninput\n"), "run 2 sees what run 1 saw"
    (job.base / "code").write_text("0")
    assert job.run().returncode == 0
    assert (job.ending().run, job.ending().clean) == (3, True)
    assert job.run().returncode == 75, "a clean ending is final"
    assert job.ending().run == 3


def test_requeue_after_a_kill_and_revocation(workshop):
    job = workshop.make("echo > ../started; exec sleep $(cat ../time)", requeue=True)
    (job.base / "time").write_text("60")
    process = job.start(start_new_session=True)
    _await_file(job.base / "started")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    (job.base / "time").write_text("0")
    holder = owner(job.plan.control)
    assert isinstance(holder, Owner) and holder.run == 1
    assert revoke(job.plan.control, holder.run + 1) == Revoked(2)
    assert job.run().returncode == 75
    assert owner(job.plan.control) == Revoked(2)
    assert ending.read(job.plan.control) is None


def test_a_record_counts_after_the_run_that_follows_it_is_revoked(workshop):
    job = workshop.make("exit 3", requeue=True)
    assert last_start(job.plan.control) == 0
    job.run()
    before = job.ending()
    assert (before.run, last_start(job.plan.control)) == (1, 1)
    assert revoke(job.plan.control, 2) == Revoked(2)
    assert job.ending() == before and last_start(job.plan.control) == 1
    assert job.run().returncode == 75
    assert job.ending() == before


def test_a_later_run_says_in_the_jobs_stderr_that_it_begins(workshop):
    job = workshop.make("exit 3", requeue=True)
    assert b"abell: run" not in job.run().stderr
    assert job.run().stderr.splitlines() == [f"abell: run 2 of job {job.plan.job_id}".encode()]


def test_requeue_restores_outputs_in_other_places(workshop, tmp_path):
    """What an earlier run left there must not pass for the last run's."""
    made, kept = tmp_path / "it's made", tmp_path / "kept"
    kept.write_text("as it was\n")
    job = workshop.make(
        '[ -e ../second ] || echo 1 > "$ABELL_OUTPUT_made"; cat "$ABELL_OUTPUT_kept"; '
        'echo more >> "$ABELL_OUTPUT_kept"; exit 3',
        requeue=True,
        outputs=(PlannedOutput("made", str(made)), PlannedOutput("kept", str(kept))),
    )
    job.run()
    assert [o.name for o in job.ending().outputs] == ["made", "kept"]
    (job.base / "second").touch()
    job.run()
    assert [o.name for o in job.ending().outputs] == ["kept"]
    assert not made.exists() and kept.read_text() == "as it was\nmore\n"
    assert job.stdout == b"as it was\n"


def test_requeue_leaves_the_users_own_directory_alone(workshop, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    job = workshop.make("echo x >> log; exit 1", requeue=True, workdir=str(mine))
    job.run()
    job.run()
    assert (mine / "log").read_text() == "x\nx\n"


def test_integrity_variable_only_where_asked(workshop):
    asked = {"PATH": "/usr/bin:/bin", "ABC_TEST_JOB_SCRIPT_INTEGRITY_XYZ": "1"}
    job = workshop.make("touch ../ran", integrity_check=True)
    assert job.run(asked).returncode == 42
    assert not (job.base / "ran").exists()
    assert job.run().returncode == 0
    assert workshop.make("exit 1").run(asked).returncode == 1


def test_headers_come_first(one_workshop):
    job = one_workshop.make(headers=("#SBATCH --ntasks=2", "#PBS -N x"))
    assert job.script.read_text().splitlines()[:3] == ["#!/bin/sh", "#SBATCH --ntasks=2", "#PBS -N x"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("headers", ("rm -rf /",), "begins with '#'"),
        ("headers", ("#SBATCH x\nrm -rf /",), "one line"),
        ("shell", "bash", "absolute path"),
        ("shell", "/bin/sh\nx", "one line"),
        ("command", (), "names no program"),
        ("command", ("-x",), "names no program"),
        ("command", ("a\0b",), "NUL"),
        ("command", "a\0b", "NUL"),
        ("job_env", {"A-B": "1"}, "variable name"),
        ("job_env", {"A": "\0"}, "NUL"),
        ("job_env", {"abell_stage": "ran"}, "belong to the job script"),
        ("env", (EnvEntry("variable", "1", name="1A"),), "variable name"),
        ("outputs", (PlannedOutput("a b", "/x"),), "variable name"),
        ("globs", (PlannedGlob("a", "../x"),), "relative"),
        ("bell", Bell("/spool", "../../x"), "bell token"),
        ("run", 2, "numbered from 1"),
        ("globs", (PlannedGlob("a", "/x"),), "relative"),
        ("globs", (PlannedGlob("a$(x)", "x"),), "variable name"),
    ],
)
def test_what_no_script_can_hold_is_refused(field, value, told):
    fields = {"job_id": 1, "attempt": 1, "key": "k", "directory": "/d", "control": "/c", "command": ("true",)}
    with pytest.raises(ValueError, match=told):
        build(ScriptPlan(**(fields | {field: value})))


ORDINARY = 0x7FFFFFFF  # signals 1 to 31; make(1) leaves the C library's own, 32 and 33, ignored for all it starts


def test_the_command_starts_in_a_clean_process(workshop):
    """No file descriptor, ignored signal or variable of the script's own reaches it."""
    show = "ls /proc/self/fd; grep -E 'SigIgn|SigBlk' /proc/self/status; env | grep -i -E '^(abell_|_?bash)' || :"
    job = workshop.make(("/bin/sh", "-c", show), env=(EnvEntry("execute", ":"),))
    job.run()
    lines = job.stdout.decode().split()
    assert lines[:4] == ["0", "1", "2", "3"], "3 is what ls itself opened"
    masks = {name: int(mask, 16) & ORDINARY for name, mask in zip(lines[4::2], lines[5::2], strict=True)}
    assert masks == {"SigBlk:": 0, "SigIgn:": 0}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_no_op_starts_two_processes(workshop, tmp_path):
    job = workshop.make(("true",), resources_from="plan", watch_cgroup=False)
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(trace), str(job.script)], check=True)
    started = [line for line in trace.read_text().splitlines() if "execve(" in line and "= 0" in line]
    assert len(started) == 3, started  # the script itself, ln, the command


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never appeared"
        time.sleep(0.01)


@pytest.mark.parametrize("code", [0, 1, 9, 99, 100, 10])
def test_exit_codes_that_the_drm_takes_for_orders(workshop, code):
    """The record has the command's own."""
    job = workshop.make(f"exit {code}", own_codes=(99, 100))
    assert job.run().returncode == (1 if code in (99, 100) else code)
    assert job.ending().exit_code == code
