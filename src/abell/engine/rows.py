"""What clients are told about a job: one plain row, the same for every verb."""

from __future__ import annotations

import json
import sqlite3
from pathlib import PurePath
from typing import Any

from abell.job import State

LONGEST_COMMAND = 200  # characters of the command shown


def job_row(row: sqlite3.Row) -> dict[str, Any]:
    """A job for a client. Times are seconds since the epoch; sizes in bytes, memory asked for in MiB."""
    request = json.loads(row["request"])
    asked = request.get("resources", {})
    directory = PurePath(row["directory"]) if row["directory"] else None
    return {
        "id": row["id"],
        "name": row["name"],
        "state": row["state"],
        "cause": row["cause"],
        "message": row["message"],
        "why": row["why"],
        "exit_code": row["exit_code"],
        "signal": row["signal"],
        "user": row["user_email"] or row["username"],
        "tool_id": row["tool_id"],
        "destination": row["destination_id"],
        "runner": row["job_runner_name"],
        "slots": asked.get("slots"),
        "memory_mb": asked.get("memory_mb"),
        "walltime_s": asked.get("walltime_s"),
        "attempt": row["attempt"],
        "native_id": row["native_id"] or "",
        "created": row["created"],
        "started": row["started"],
        "ended": row["ended"],
        "cancel_by": row["cancel_by"] if row["state"] != State.ENDED else None,
        "directory": str(directory) if directory else None,
        "stdout": str(directory / "outputs" / "tool_stdout") if directory else None,
        "stderr": str(directory / "outputs" / "tool_stderr") if directory else None,
        "job_stdout": str(directory / "job.out") if directory else None,
        "job_stderr": str(directory / "job.err") if directory else None,
        "command": short(request["command"]),
        "usage": {"elapsed_s": row["elapsed_s"], "cpu_s": row["cpu_s"], "memory_bytes": row["memory_bytes"]},
        "outputs": json.loads(row["outputs"]),
        "metadata": None if row["metadata_exit"] is None else {"exit_code": row["metadata_exit"]},
    }


def attempt_row(row: sqlite3.Row) -> dict[str, Any]:
    destination = json.loads(row["destination"])["destination"]
    return {
        "number": row["number"],
        "key": row["key"],
        "phase": row["phase"],
        "destination": destination["id"],
        "directory": row["directory"],
        "native_id": row["native_id"],
        "claimed": row["claimed"],
        "bound": row["bound"],
        "over": row["over"],
        "ending": json.loads(row["ending"]) if row["ending"] else None,
    }


def short(command: str | list[str]) -> str:
    """The command as a person would type it, on one line, cut."""
    import shlex

    text = command if isinstance(command, str) else shlex.join(command)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_COMMAND else text[: LONGEST_COMMAND - 1] + "…"
