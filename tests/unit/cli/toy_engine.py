"""A small real engine for the client's tests: speaks the protocol, runs commands as children, survives a restart.

    python toy_engine.py --root DIR [--config FILE] [--transient]

TOY_FAULT=lose-reply:  the first `submit` is committed, and the connection closed instead of an answer.
TOY_FAULT=refuse:      every `submit` is refused.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from abell import address

LIVE = ("waiting", "running")


class Toy:
    def __init__(self, root: Path, config: str, transient: bool) -> None:
        self.root, self.config, self.transient = root, config, transient
        self.fault = os.environ.get("TOY_FAULT", "")
        self.changed = threading.Condition()
        self.file = root / "toy.json"
        saved = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.rows: dict[int, dict[str, Any]] = {int(k): v for k, v in saved.get("rows", {}).items()}
        self.tokens: dict[str, list[int]] = saved.get("tokens", {})
        for row in self.rows.values():
            if row["state"] == "running":
                threading.Thread(target=self.attend, args=(row, None), daemon=True).start()

    def save(self) -> None:
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps({"rows": self.rows, "tokens": self.tokens}))
        draft.replace(self.file)

    def digest(self) -> str:
        return hashlib.sha256(Path(self.config).read_bytes()).hexdigest() if self.config else ""

    # ---- operations

    def hello(self, _: dict[str, Any]) -> dict[str, Any]:
        live = sum(row["state"] in LIVE for row in self.rows.values())
        return {
            "version": "toy",
            "pid": os.getpid(),
            "root": str(self.root),
            "config": self.config,
            "config_digest": self.started_digest,
            "transient": self.transient,
            "live": live,
        }

    def submit(self, message: dict[str, Any]) -> dict[str, Any]:
        if self.fault == "refuse":
            return {"error": {"code": "rejected", "message": "not today \x1b[31m", "hint": "come back"}}
        with self.changed:
            token = message["token"]
            if token not in self.tokens:
                self.tokens[token] = [self.start(job, message["user_name"]) for job in message["jobs"]]
                self.save()
            if self.fault == "lose-reply":
                self.fault = ""
                raise ConnectionError
            return {"ids": self.tokens[token]}

    def start(self, job: dict[str, Any], user: str) -> int:
        number = len(self.rows) + 1
        directory = self.root / "jobs" / str(number)
        resources = job.get("resources", {})
        command = job["command"]
        row: dict[str, Any] = {
            "id": number,
            "name": job.get("name", ""),
            "state": "waiting",
            "cause": None,
            "message": "",
            "exit_code": None,
            "signal": None,
            "user": user,
            "tool_id": job.get("tool_id", ""),
            "destination": job.get("destination") or "local",
            "runner": "local",
            **{name: resources.get(name) for name in ("slots", "memory_mb", "walltime_s")},
            "attempt": 1,
            "native_id": "",
            "created": time.time(),
            "started": None,
            "ended": None,
            **dict.fromkeys(("directory", "stdout", "stderr", "job_stdout", "job_stderr")),
            "command": command if isinstance(command, str) else " ".join(command),
            "usage": {"elapsed_s": None, "cpu_s": None, "memory_bytes": None},
            "outputs": [],
            "metadata": None,
            "why": "a worker",
            "cancel_by": None,
            "toy": job,
        }
        self.rows[number] = row
        if job.get("name") == "held":
            return number
        directory.mkdir(parents=True)
        row.update(
            directory=str(directory),
            stdout=str(directory / "stdout"),
            stderr=str(directory / "stderr"),
            job_stdout=str(directory / "job.o"),
            job_stderr=str(directory / "job.e"),
        )
        threading.Thread(target=self.run, args=(row,), daemon=True).start()
        return number

    def run(self, row: dict[str, Any]) -> None:
        job, directory = row["toy"], Path(row["directory"])
        command = job["command"]
        argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
        inner = 'trap : TERM; d=$1; shift; "$@" >"$d/stdout" 2>"$d/stderr"; echo $? >"$d/tmp"; mv "$d/tmp" "$d/code"'
        (directory / "job.o").write_text("set up\n")
        (directory / "job.e").write_text("module load\n")
        child = subprocess.Popen(
            ["/bin/sh", "-c", inner, "sh", str(directory), *argv],
            cwd=job.get("workdir") or directory,
            env={"PATH": job["search_path"], **job.get("env", {})},
            start_new_session=True,
        )
        with self.changed:
            row.update(state="running", started=time.time(), native_id=str(child.pid), why="")
            self.save()
            self.changed.notify_all()
        self.attend(row, child)

    def attend(self, row: dict[str, Any], child: subprocess.Popen[bytes] | None) -> None:
        code = Path(row["directory"], "code")
        if child is not None:
            child.wait()
        while not code.exists() and child is None:
            time.sleep(0.02)
        exit_code = int(code.read_text()) if code.exists() else None
        self.end(row, exit_code)

    def end(self, row: dict[str, Any], exit_code: int | None) -> None:
        forced = row["toy"].get("params", {}).get("cause")
        with self.changed:
            if row["cancel_by"]:
                row.update(cause="cancelled", message=f"cancelled: by {row['cancel_by']}", cancel_by=None)
            elif forced:
                row.update(
                    cause=forced, message=f"{forced}: as asked \x1b[2J", signal=9 if forced == "signal" else None
                )
            else:
                row.update(cause="exit" if exit_code else "ok", exit_code=exit_code)
                row["message"] = f"exit code {exit_code}" if exit_code else ""
            row.update(state="ended", ended=time.time(), why="")
            if row["native_id"]:  # the many that are cancelled before they run are not worth a write each
                self.save()
            self.changed.notify_all()

    def cancel(self, message: dict[str, Any]) -> dict[str, Any]:
        results = {}
        for job in message["jobs"]:
            row = self.rows.get(job)
            results[str(job)] = "unknown" if row is None else "ended" if row["state"] == "ended" else "cancelling"
            if row is not None and row["state"] != "ended":
                row["cancel_by"] = message["by"]
                if row["native_id"]:
                    os.killpg(int(row["native_id"]), signal.SIGTERM)
                else:
                    self.end(row, None)
        return {"results": results}

    def jobs(self, message: dict[str, Any]) -> dict[str, Any]:
        newest = message.get("order") == "newest"
        rows = sorted(self.rows.values(), key=lambda row: row["id"], reverse=newest)
        if "states" in message:
            rows = [row for row in rows if row["state"] in message["states"]]
        if "ids" in message:
            rows = [row for row in rows if row["id"] in message["ids"]]
        if "user" in message:
            rows = [row for row in rows if row["user"] == message["user"]]
        if "after" in message:
            rows = [row for row in rows if (row["id"] < message["after"]) == newest and row["id"] != message["after"]]
        counts: dict[str, int] = {}
        for row in self.rows.values():
            counts[row["state"]] = counts.get(row["state"], 0) + 1
        return {"jobs": rows[: message.get("limit")], "counts": counts, "notices": []}

    def job(self, message: dict[str, Any]) -> dict[str, Any]:
        row = self.rows.get(message["job"])
        if row is None:
            return {"error": {"code": "unknown", "message": f"there is no job {message['job']}", "hint": ""}}
        events = [{"at": row["created"], "kind": "created", "text": "accepted \x1b]0;owned\x07"}]
        return {"job": row, "attempts": [], "events": events}

    def stop(self, message: dict[str, Any]) -> dict[str, Any]:
        threading.Thread(target=self.leave, args=(message["when"],), daemon=True).start()
        return {}

    def leave(self, when: str) -> None:
        with self.changed:
            self.changed.wait_for(lambda: when == "now" or not any(r["state"] in LIVE for r in self.rows.values()))
        time.sleep(0.05)  # the answer goes out
        os._exit(0)

    # ---- the socket

    def serve_one(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as file:
            for line in file:
                message = json.loads(line)
                try:
                    if message["op"] == "wait":
                        self.wait(message, file)
                        continue
                    answer = getattr(self, message["op"])(message)
                except (ConnectionError, BrokenPipeError):
                    return
                self.say(file, {"id": message["id"], "ok": "error" not in answer, **answer})

    def wait(self, message: dict[str, Any], file: Any) -> None:
        told: dict[int, tuple[str, ...]] = {}
        unknown = [job for job in message["jobs"] if job not in self.rows]
        if unknown:
            error = {"code": "unknown", "message": f"there is no job {unknown[0]}", "hint": ""}
            self.say(file, {"id": message["id"], "ok": False, "error": error})
            return
        while True:
            with self.changed:
                rows = [self.rows[job] for job in message["jobs"] if told.get(job) != (self.rows[job]["state"],)]
                if not rows:
                    self.changed.wait(0.2)
                copies = [dict(row) for row in rows]
            for row in copies:
                told[row["id"]] = (row["state"],)
                self.say(file, {"id": message["id"], "event": row})
            if all(told.get(job) == ("ended",) for job in message["jobs"]):
                self.say(file, {"id": message["id"], "ok": True})
                return

    def say(self, file: Any, message: dict[str, Any]) -> None:
        file.write(json.dumps(message).encode() + b"\n")
        file.flush()

    def serve(self) -> None:
        lock = os.open(self.root / "engine.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("another engine has this root")
        with (self.root / "starts").open("a") as starts:
            starts.write(f"{os.getpid()}\n")
        path = address.socket_path(self.root, "engine")
        Path(path).unlink(missing_ok=True)
        self.started_digest = self.digest()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(64)
            address.publish(self.root, "engine", path)
            while True:
                threading.Thread(target=self.serve_one, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--config", default="")
    parser.add_argument("--transient", action="store_true")
    asked = parser.parse_args()
    Toy(asked.root, asked.config, asked.transient).serve()
