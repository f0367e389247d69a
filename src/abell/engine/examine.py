"""Looks at attempts that show a sign of an ending: reads the record, has the verdict, collects the outputs."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from abell.config.lookup import option
from abell.engine.board import Board
from abell.engine.collect import NotYet, collect
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.engine.verdict import Evidence, Patience, Verdict, Wait, verdict
from abell.job import Cause, State
from abell.passing import passes, trouble
from abell.script.ending import BadRecord, Ending, read

log = logging.getLogger(__name__)

FIRST_WORD_S = 0.3  # from a record to the first question about it: DRMs are not at once as far as their jobs
AGAIN_S = 1.0  # between two looks for a record or an output that should be there


async def examine(lane: Lane, board: Board, lives: Sequence[Live]) -> None:
    """Read, decide and collect for these attempts of one lane; the endings go to the inbox."""
    try:
        records = await lane.files(lambda: [live.record or _read(board, live) for live in lives])
        good: list[tuple[Live, Verdict]] = []
        for live, record in zip(lives, records, strict=True):
            if isinstance(record, Unreadable):
                board.see(live, State.FINISHING if live.last_word else live.state, record.why)
                board.look(live, AGAIN_S)
                continue
            live.record = record
            decision = None if live.over or live.decided else decide(lane, board, live)
            if decision is None:
                continue
            if decision.cause is Cause.OK and live.request.outputs:
                good.append((live, decision))
            else:
                board.end(live, decision)
        if good:
            found = await lane.files(lambda: [_collect(board, live) for live, _ in good])
            for (live, decision), got in zip(good, found, strict=True):
                _collected(board, live, decision, got)
    finally:
        for live in lives:
            board.looked(live)
        board.wake()


def decide(lane: Lane, board: Board, live: Live) -> Verdict | None:
    """The verdict; None while there is none, and then when to look again is settled."""
    now = time.monotonic()
    if live.first_sign is None and (live.record or live.last_word):
        live.first_sign = now
    evidence = Evidence(
        record=live.record,
        sighting=live.last_word,
        cancel_by=live.cancel_by,
        waited_s=now - (live.first_sign or now),
        walltime_s=live.request.resources.walltime_s,
        memory_mb=live.request.resources.memory_mb,
    )
    decision = verdict(evidence, Patience(lane.backend.settle_s, lane.backend.record_s))
    if isinstance(decision, Wait):
        board.look(live, min(decision.for_s, AGAIN_S))
        often_s = min(lane.backend.poll_every_s, lane.backend.settle_s / 4)
        lane.rhythm.soon(often_s if evidence.waited_s else min(FIRST_WORD_S, often_s))
        return None
    return decision


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Whether there is a record cannot be told now: an outage of the file system or of this machine is no evidence."""

    why: str


def _read(board: Board, live: Live) -> Ending | Unreadable | None:
    try:
        return read(live.control)
    except FileNotFoundError as error:
        if not board.layout.spool.is_dir():
            return Unreadable(f"{board.layout.jobs} is not there: is its file system mounted?")
        log.error("job %d: %s", live.job_id, error)
        return None
    except OSError as error:
        if passes(error):
            return Unreadable(trouble(error))
        log.error("job %d: %s", live.job_id, error)
        return None
    except BadRecord as error:
        log.error("job %d: %s", live.job_id, error)
        return None


def _collect(board: Board, live: Live) -> list[dict[str, Any]] | NotYet:
    assert live.record is not None
    settings = board.configuration.settings
    apart = option(live.destination, settings, "outputs_to_working_directory")
    late = live.late if settings.retry_job_output_collection else None
    return collect(live.request, live.record, str(live.directory), apart, late)


def _collected(board: Board, live: Live, decision: Verdict, got: list[dict[str, Any]] | NotYet) -> None:
    if not isinstance(got, NotYet):
        board.end(live, decision, got)
        return
    if live.cancel_by:
        why = f"by {live.cancel_by}, while its outputs were waited for: {got.why}"
        board.end(live, Verdict(Cause.CANCELLED, why, decision.exit_code))
        return
    waited = time.monotonic() - (live.first_sign or 0.0)
    if waited < got.patience_s(board.configuration.settings.retry_job_output_collection):
        board.see(live, State.FINISHING, got.why)
        board.look(live, AGAIN_S)
    else:
        board.end(live, Verdict(Cause.OUTPUT, f"output not returned: {got.why}", decision.exit_code))
