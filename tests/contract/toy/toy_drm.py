"""A DRM in a directory: one folder a job, one process that runs it. Jobs of the queue `narrow` run one at a time.

`requeue` ends a run with TERM, `fail` as the failure of its node would; then the job is queued again under its number
and held until `release`, if it was submitted so (`again`), and else is over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path


def main(spool: Path, verb: str, *words: str) -> None:
    spool.mkdir(exist_ok=True)
    if verb == "submit":
        for start in range(0, len(words), 6):
            print(submit(spool, *words[start : start + 6]), flush=True)
    elif verb == "status":
        for native_id in words:
            state = read(spool / native_id / "state")
            print(native_id, state or "unknown")
    elif verb == "cancel":
        for native_id in words:
            cancel(spool / native_id)
    elif verb in ("requeue", "fail"):
        for native_id in words:
            take_back(spool / native_id, signal.SIGTERM if verb == "requeue" else signal.SIGKILL)
    elif verb == "release":
        for native_id in words:
            release(spool / native_id)
    elif verb == "find":
        known = {read(job / "key"): job.name for job in spool.iterdir() if job.is_dir()}
        for key in set(words) & known.keys():
            print(key, known[key])


def submit(spool: Path, key: str, queue: str, again: str, *files: str) -> int:
    """Its number; a process of its own runs it."""
    with (spool / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        number = 1 + sum(job.is_dir() for job in spool.iterdir())
        job = spool / str(number)
        job.mkdir()
    write(job / "key", key)
    write(job / "again", again)
    write(job / "state", "waiting")
    os.mkfifo(job / "go")
    if os.fork() == 0:
        os.setsid()
        for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            os.dup2(os.open(os.devnull, flags), descriptor)
        run(job, queue, *files)
        os._exit(0)
    return number


def run(job: Path, queue: str, script: str, out: str, err: str) -> None:
    while True:
        with (job.parent / queue).open("a") as lock:
            if queue == "narrow":
                fcntl.flock(lock, fcntl.LOCK_EX)
            run_once(job, script, out, err)
        if read(job / "state") != "held":
            return
        with (job / "go").open() as go:
            go.read()


def run_once(job: Path, script: str, out: str, err: str) -> None:
    with (job / "lock").open("a") as mine, Path(out).open("ab") as stdout, Path(err).open("ab") as stderr:
        fcntl.flock(mine, fcntl.LOCK_EX)
        if read(job / "state") != "waiting":
            return
        child = subprocess.Popen(
            [script],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            env={**os.environ, "TOY_ID": job.name},
        )
        write(job / "pid", str(child.pid))
        write(job / "state", "running")
        fcntl.flock(mine, fcntl.LOCK_UN)
        code = child.wait()
        fcntl.flock(mine, fcntl.LOCK_EX)
        state = read(job / "state")
        if state == "running":
            write(job / "state", f"failed {code % 256}" if code else "done 0")
        elif state == "ending":
            write(job / "state", "held" if read(job / "again") == "again" else "node")


def take_back(job: Path, sign: signal.Signals) -> None:
    with (job / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert read(job / "state") == "running"
        write(job / "state", "ending")
        os.killpg(int(read(job / "pid")), sign)


def release(job: Path) -> None:
    with (job / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert read(job / "state") == "held"
        write(job / "state", "waiting")
    (job / "go").write_text("go")  # waits until it is heard


def cancel(job: Path) -> None:
    with contextlib.suppress(FileNotFoundError), (job / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = read(job / "state")
        if state in ("waiting", "running", "ending", "held"):
            write(job / "state", "cancelled")
        if state in ("running", "ending"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(read(job / "pid")), signal.SIGKILL)
        if state == "held":
            (job / "go").write_text("go")


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def write(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
