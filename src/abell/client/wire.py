"""The engine's protocol, as text: one JSON object a line, each request numbered, each reply numbered like it.

{"id": 1, "op": "cancel", "jobs": [17], "by": "maria"}
{"id": 1, "ok": true, "results": {"17": "cancelling"}}
{"id": 2, "ok": false, "error": {"code": "...", "message": "...", "hint": "..."}}
{"id": 3, "event": {...}}                              any number of these before the reply to a `wait`
"""

from __future__ import annotations

import json
from typing import Any, TypedDict

from abell.errors import DisconnectedError, RefusedError

ANSWER_WITHIN_S = 60.0  # an engine that is alive answers in milliseconds; a full commit queue takes seconds


class UsageRow(TypedDict):
    elapsed_s: float | None
    cpu_s: float | None
    memory_bytes: int | None


class OutputRow(TypedDict):
    name: str
    path: str
    size: int | None
    sha256: str | None


class JobRow(TypedDict):
    """A job as the engine tells of it. Times are seconds since 1970, or None."""

    id: int
    name: str
    state: str
    cause: str | None
    message: str  # one sentence for a person: "walltime: ran 31 s of 30 s"
    exit_code: int | None
    signal: int | None
    user: str
    tool_id: str
    destination: str
    runner: str
    slots: int | None
    memory_mb: int | None
    walltime_s: int | None
    attempt: int
    native_id: str
    created: float
    started: float | None
    ended: float | None
    directory: str | None  # paths; None while there is no attempt
    stdout: str | None  # the tool's streams, and the DRM's own
    stderr: str | None
    job_stdout: str | None
    job_stderr: str | None
    command: str  # short text
    usage: UsageRow
    outputs: list[OutputRow]
    metadata: dict[str, Any] | None
    why: str  # why it waits or is held, or ""
    cancel_by: str | None  # who has asked for its end, until it has ended


def encode(number: int, op: str, fields: dict[str, Any]) -> bytes:
    return json.dumps({"id": number, "op": op, **fields}, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Raises DisconnectedError for what is not a message: nothing after it can be trusted."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise DisconnectedError("the engine sent something that is not JSON") from error
    if not isinstance(message, dict):
        raise DisconnectedError("the engine sent something that is not a message")
    return message


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """The message, if it says ok; else raises RefusedError in the engine's words."""
    if message.get("ok"):
        return message
    error = message.get("error") or {}
    raise RefusedError(
        str(error.get("code", "")), str(error.get("message") or "the engine said no"), str(error.get("hint", ""))
    )
