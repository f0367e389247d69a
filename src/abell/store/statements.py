"""Every SQL statement, in the order of a job's life. Each takes the connection; the caller holds the transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from abell.job import LIVE, Cause, State, Usage

Row = sqlite3.Row


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to accept; `request` is its JSON text."""

    request: str
    name: str
    user_email: str
    username: str
    tool_id: str
    destination_id: str
    destination_params: str
    runner: str
    notes: tuple[str, ...] = ()  # what the user should know about this job from the beginning


# -- accepting --------------------------------------------------------------------------------------------------


def ids_of_token(db: sqlite3.Connection, token: str) -> list[int] | None:
    """The jobs that a message with this token made before, if it is known."""
    row = db.execute("SELECT first_id, count FROM abell_token WHERE token = ?", (token,)).fetchone()
    return None if row is None else list(range(row["first_id"], row["first_id"] + row["count"]))


def accept(db: sqlite3.Connection, jobs: Sequence[NewJob], token: str, now: float) -> list[int]:
    """Insert jobs, waiting for their runner; their ids are consecutive."""
    first = (
        1
        + db.execute(
            "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'abell_job'), 0),"
            " ifnull((SELECT max(id) FROM abell_job), 0))"
        ).fetchone()[0]
    )
    ids = list(range(first, first + len(jobs)))
    db.executemany(
        "INSERT INTO abell_job (id, state, request, name, user_email, username, tool_id, destination_id,"
        " destination_params, job_runner_name, created) VALUES (?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                i,
                j.request,
                j.name,
                j.user_email,
                j.username,
                j.tool_id,
                j.destination_id,
                j.destination_params,
                j.runner,
                now,
            )
            for i, j in zip(ids, jobs, strict=True)
        ),
    )
    db.executemany(
        "INSERT INTO abell_event (job_id, at, kind, text) VALUES (?, ?, 'accepted', ?)",
        ((i, now, f"for destination {j.destination_id}") for i, j in zip(ids, jobs, strict=True)),
    )
    tell(db, ((i, now, "note", note) for i, j in zip(ids, jobs, strict=True) for note in j.notes))
    if token and ids:
        db.execute("INSERT INTO abell_token VALUES (?, ?, ?, ?)", (token, ids[0], len(ids), now))
    return ids


def tell(db: sqlite3.Connection, events: Iterable[tuple[int, float, str, str]]) -> None:
    """Append (job id, time, kind, text) to the stories of jobs."""
    db.executemany(
        "INSERT INTO abell_event (job_id, at, kind, text) VALUES (?, ?, ?, ?)",
        ((job_id, at, kind, storable(text)) for job_id, at, kind, text in events),
    )


def storable(text: str) -> str:
    """A message as a column can hold it: a file name in it need not be UTF-8."""
    return text.encode(errors="backslashreplace").decode()


# -- routing again after the configuration changed ----------------------------------------------------------------


def unroute_waiting(db: sqlite3.Connection) -> int:
    """Send every waiting job back to routing; how many."""
    return db.execute("UPDATE abell_job SET state = 'new' WHERE state = 'waiting'").rowcount


def unrouted(db: sqlite3.Connection, after: int, limit: int) -> list[Row]:
    """Jobs beyond the id `after` whose destination is open."""
    return db.execute(
        "SELECT id, request FROM abell_job WHERE state = 'new' AND id > ? ORDER BY id LIMIT ?", (after, limit)
    ).fetchall()


def route(db: sqlite3.Connection, rows: Iterable[tuple[str, str, str, int]]) -> None:
    """(destination id, its parameters as JSON, runner, job id) of newly routed jobs."""
    db.executemany(
        "UPDATE abell_job SET state = 'waiting', destination_id = ?, destination_params = ?, job_runner_name = ?,"
        " why = '' WHERE id = ? AND state = 'new'",
        rows,
    )


def leave_unrouted(db: sqlite3.Connection, rows: Iterable[tuple[str, int]]) -> None:
    """(why, job id) of jobs that no destination takes by this configuration."""
    db.executemany("UPDATE abell_job SET why = ? WHERE id = ? AND state = 'new'", rows)


# -- claiming and submitting --------------------------------------------------------------------------------------


def next_waiting(db: sqlite3.Connection, destination: str, limit: int, least_tried: bool = False) -> list[Row]:
    """The oldest; `least_tried`: of those with the fewest attempts, which takes a look at all of them."""
    order = "attempt, id" if least_tried else "id"
    return db.execute(
        "SELECT id, request, attempt, destination_id FROM abell_job"  # noqa: S608
        f" WHERE state = 'waiting' AND destination_id = ? ORDER BY {order} LIMIT ?",
        (destination, limit),
    ).fetchall()


def waiting_destinations(db: sqlite3.Connection) -> list[str]:
    """The destinations that jobs wait for, by skipping through the index rather than reading it all."""
    found: list[str] = []
    last = ""
    while True:
        row = db.execute(
            "SELECT destination_id FROM abell_job WHERE state = 'waiting' AND destination_id > ?"
            " ORDER BY destination_id LIMIT 1",
            (last,),
        ).fetchone()
        if row is None:
            return found
        last = row[0]
        found.append(last)


def unsubmitted_attempt(db: sqlite3.Connection, job_id: int) -> Row | None:
    """An attempt that was claimed but certainly never submitted: its key and directory serve again."""
    row: Row | None = db.execute(
        "SELECT * FROM abell_attempt WHERE job_id = ? AND phase = 'unsubmitted'", (job_id,)
    ).fetchone()
    return row


@dataclass(frozen=True, slots=True)
class Claim:
    job_id: int
    number: int
    key: str
    destination: str  # JSON
    directory: str
    bell: str


def claim(db: sqlite3.Connection, claims: Sequence[Claim], now: float) -> None:
    db.executemany(
        "UPDATE abell_job SET state = 'submitting', attempt = ?, why = '' WHERE id = ?",
        ((c.number, c.job_id) for c in claims),
    )
    db.executemany(
        "INSERT INTO abell_attempt (job_id, number, key, phase, destination, directory, bell, claimed)"
        " VALUES (?, ?, ?, 'claimed', ?, ?, ?, ?) ON CONFLICT (job_id, number) DO UPDATE"
        " SET phase = 'claimed', destination = excluded.destination, bell = excluded.bell, claimed = excluded.claimed",
        ((c.job_id, c.number, c.key, c.destination, c.directory, c.bell, now) for c in claims),
    )


def bind(db: sqlite3.Connection, bound: Sequence[tuple[str, str, int]], now: float) -> None:
    """(native id, key, job id) of attempts that the DRM has now."""
    db.executemany(
        "UPDATE abell_attempt SET phase = 'bound', native_id = ?, bound = ? WHERE key = ?",
        ((native_id, now, key) for native_id, key, _ in bound),
    )
    db.executemany(
        "UPDATE abell_job SET state = 'queued' WHERE id = ? AND state = 'submitting'", ((j,) for _, _, j in bound)
    )
    tell(db, ((j, now, "submitted", f"as {native_id}") for native_id, _, j in bound))


def unclaim(db: sqlite3.Connection, key: str, job_id: int, phase: str, state: State, why: str, now: float) -> None:
    """The DRM certainly does not have this attempt (phase 'unsubmitted') or can never run it ('revoked'): wait again.

    `state` is WAITING, or NEW if it has to be routed again. The pause before the next try is its runner's; the reason
    goes into the story once, not at each try.
    """
    why = storable(why)
    last = db.execute("SELECT text FROM abell_event WHERE job_id = ? ORDER BY id DESC LIMIT 1", (job_id,)).fetchone()
    if last is None or last[0] != why:
        tell(db, [(job_id, now, "waiting", why)])
    db.execute("UPDATE abell_attempt SET phase = ? WHERE key = ?", (phase, key))
    db.execute("UPDATE abell_job SET state = ?, why = ? WHERE id = ?", (state, why, job_id))


# -- watching -----------------------------------------------------------------------------------------------------


def live_attempts(db: sqlite3.Connection) -> list[Row]:
    """Attempts that a DRM has or may have, with what the engine needs in order to take them up again."""
    return db.execute(f"{_ATTEMPTS} WHERE a.phase IN ('claimed', 'bound') ORDER BY a.job_id").fetchall()


def last_over(db: sqlite3.Connection, seconds: float) -> list[Row]:
    """Attempts that ended within so many seconds before the last ending. Reads all attempts: for after a crash."""
    return db.execute(
        f"{_ATTEMPTS} WHERE a.phase = 'over' AND a.over >= (SELECT max(over) FROM abell_attempt) - ?",  # noqa: S608
        (seconds,),
    ).fetchall()


_ATTEMPTS = (
    "SELECT a.*, j.state, j.request, j.cancel_by, j.job_runner_name, j.started, j.cause"
    " FROM abell_attempt a JOIN abell_job j ON j.id = a.job_id AND j.attempt = a.number"
)


def sight(db: sqlite3.Connection, seen: Iterable[tuple[State, str, float | None, int]]) -> None:
    """(state, why, when it started if it runs, job id) as the DRM told."""
    db.executemany(
        "UPDATE abell_job SET state = ?, why = ?, started = ifnull(started, ?) WHERE id = ?",
        ((str(state), storable(why), started, job_id) for state, why, started, job_id in seen),
    )


def begin_again(db: sqlite3.Connection, runs: Iterable[tuple[int, int]], now: float) -> None:
    """(job id, number) of runs that a DRM began by itself: each is told once, whoever has seen it before."""
    told = "SELECT 1 FROM abell_event WHERE job_id = ? AND kind = 'started' AND text = ?"
    for job_id, run in runs:
        text = f"run {run} began (the DRM started it again)"
        if db.execute(told, (job_id, text)).fetchone() is None:
            tell(db, [(job_id, now, "started", text)])


# -- ending -------------------------------------------------------------------------------------------------------


NOTHING_KNOWN = Usage()


@dataclass(frozen=True, slots=True)
class End:
    """How a job is over."""

    job_id: int
    key: str  # of its attempt; '' if it never had one
    cause: Cause
    message: str
    exit_code: int | None = None
    signal: int | None = None
    usage: Usage = NOTHING_KNOWN
    outputs: Sequence[dict[str, Any]] = ()
    metadata_exit: int | None = None


def end(db: sqlite3.Connection, ends: Sequence[End], now: float) -> None:
    db.executemany(
        "UPDATE abell_job SET state = 'ended', cause = ?, message = ?, why = '', exit_code = ?, signal = ?, ended = ?,"
        " elapsed_s = ?, cpu_s = ?, memory_bytes = ?, outputs = ?, metadata_exit = ? WHERE id = ? AND state <> 'ended'",
        (
            (
                str(e.cause),
                storable(e.message),
                e.exit_code,
                e.signal,
                now,
                e.usage.elapsed_s,
                e.usage.cpu_s,
                e.usage.memory_bytes,
                json.dumps(list(e.outputs)) if e.outputs else "[]",
                e.metadata_exit,
                e.job_id,
            )
            for e in ends
        ),
    )
    db.executemany(
        "UPDATE abell_attempt SET phase = 'over', over = ?, ending = ? WHERE key = ?",
        ((now, json.dumps({"cause": str(e.cause), "message": e.message}), e.key) for e in ends if e.key),
    )
    tell(db, ((e.job_id, now, "ended", f"{e.cause}: {e.message}" if e.message else str(e.cause)) for e in ends))


# -- cancelling ---------------------------------------------------------------------------------------------------


def cancel(db: sqlite3.Connection, job_id: int, by: str, now: float) -> State | None:
    """Note who wants this job to end, durably; its state until then, None if there is no such job."""
    row = db.execute("SELECT state, cancel_by FROM abell_job WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        return None
    state = State(row["state"])
    if state is not State.ENDED and row["cancel_by"] is None:
        db.execute("UPDATE abell_job SET cancel_by = ? WHERE id = ?", (by, job_id))
        tell(db, [(job_id, now, "cancel", f"asked for by {by}")])
    return state


# -- telling ------------------------------------------------------------------------------------------------------


_COLUMNS = (
    "j.*, a.directory AS directory, a.native_id AS native_id FROM abell_job j"
    " LEFT JOIN abell_attempt a ON a.job_id = j.id AND a.number = j.attempt"
)


def jobs_by_id(db: sqlite3.Connection, ids: Sequence[int]) -> list[Row]:
    return _of(db, ids, f"SELECT {_COLUMNS} WHERE j.id IN (MARKS) ORDER BY j.id")


def ended(db: sqlite3.Connection, ids: Sequence[int]) -> list[int]:
    """Those of these jobs that are over."""
    return [row[0] for row in _of(db, ids, "SELECT id FROM abell_job WHERE state = 'ended' AND id IN (MARKS)")]


def _of(db: sqlite3.Connection, ids: Sequence[int], query: str) -> list[Row]:
    """What a query says of these jobs, some at a time: the variables of one are limited."""
    found: list[Row] = []
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        found += db.execute(query.replace("MARKS", ",".join("?" * len(some))), some).fetchall()
    return found


def jobs(
    db: sqlite3.Connection,
    states: Sequence[State] = LIVE,
    user: str = "",
    after: int = 0,
    limit: int = 100,
    newest_first: bool = False,
) -> list[Row]:
    """Jobs in these states; a page of at most `limit`, beyond the id `after` in the order asked for."""
    order = "DESC" if newest_first else "ASC"
    beyond = ("j.id < ?" if newest_first else "j.id > ?") if after else "j.id > ?"
    found: list[Row] = []
    for state in states:  # one index range each: a page costs the page, not the queue
        live = "j.state <> 'ended' AND " if state is not State.ENDED else ""
        found += db.execute(
            f"SELECT {_COLUMNS} WHERE {live}j.state = ? AND {beyond}"
            f"{' AND j.user_email = ?' if user else ''} ORDER BY j.id {order} LIMIT ?",
            (str(state), after, *((user,) if user else ()), limit),
        ).fetchall()
    found.sort(key=lambda row: int(row["id"]), reverse=newest_first)
    return found[:limit]


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many live jobs are in each state."""
    rows = db.execute("SELECT state, count(*) FROM abell_job WHERE state <> 'ended' GROUP BY state").fetchall()
    return {row[0]: row[1] for row in rows}


def attempts(db: sqlite3.Connection, job_id: int) -> list[Row]:
    return db.execute("SELECT * FROM abell_attempt WHERE job_id = ? ORDER BY number", (job_id,)).fetchall()


def events(db: sqlite3.Connection, job_id: int) -> list[Row]:
    return db.execute("SELECT at, kind, text FROM abell_event WHERE job_id = ? ORDER BY id", (job_id,)).fetchall()
