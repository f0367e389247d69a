"""Looks at attempts that show a sign of an ending: reads the record, has the verdict, collects the outputs."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abell.config.lookup import option
from abell.engine.board import Board
from abell.engine.collect import NotYet, collect
from abell.engine.lane import Lane
from abell.engine.last_words import LastWord, read_last_word
from abell.engine.live import Live
from abell.engine.verdict import Evidence, Patience, Verdict, Wait, verdict
from abell.faults import point
from abell.job import Cause, Resources, State, Unknown
from abell.passing import passes, trouble
from abell.script import bell, lock
from abell.script.ending import BadRecord, Ending, read

log = logging.getLogger(__name__)

FIRST_WORD_S = 0.3  # from a record to the first question about it: DRMs are not at once as far as their jobs
NOTHING_GIVEN = Resources()
WORTH_A_WORD_S = 2.0  # for which a job may be finishing before people are told
AGAIN_S = 1.0  # between two looks for a record or an output that should be there


async def examine(lane: Lane, board: Board, lives: Sequence[Live]) -> None:
    """Read, decide and collect for these attempts of one lane; the endings go to the inbox."""
    try:
        looks = await lane.files(lambda: [_look(board, lane, live) for live in lives])
        decided: list[tuple[Live, Verdict]] = []
        for live, look in zip(lives, looks, strict=True):
            if isinstance(look, Unreadable):
                board.see(live, State.FINISHING if live.last_word else live.state, look.why)
                board.look(live, AGAIN_S)
                continue
            _learn(lane, board, live, look)
            decision = None if live.over or live.decided else decide(lane, board, live)
            if decision is not None:
                decided.append((live, decision))
        if any(_is_unseen(live) for live, _ in decided):
            decided = await _unseen_for_good(lane, board, decided)
        if any(live.requeue for live, _ in decided):
            decided = await _for_good(lane, board, decided)
        good: list[tuple[Live, Verdict]] = []
        for live, decision in decided:
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
    if live.first_sign is None and not live.lives and (live.record or live.last_word):
        live.first_sign = now
    given = NOTHING_GIVEN if live.record and live.record.clean else _given(lane, board, live)
    evidence = Evidence(
        record=live.record,
        sighting=live.last_word,
        cancel_by=live.cancel_by,
        waited_s=now - (live.first_sign or now),
        walltime_s=given.walltime_s,
        memory_mb=given.memory_mb,
        # Of a run that is over for long, if the DRM had queued the job again since.
        last_words=None if live.queued_after >= max(live.run, 1) else live.in_stderr,
        requeue=live.requeue,
        lives=live.lives,
    )
    decision = verdict(evidence, Patience(lane.backend.settle_s, lane.backend.record_s))
    if isinstance(decision, Wait):
        if evidence.waited_s >= WORTH_A_WORD_S and not live.requeue:
            board.see(live, State.FINISHING, decision.why)
        board.look(live, min(decision.for_s, AGAIN_S))
        often_s = min(lane.backend.poll_every_s, lane.backend.settle_s / 4)
        lane.rhythm.soon(often_s if evidence.waited_s else min(FIRST_WORD_S, often_s))
        return None
    return decision


def _given(lane: Lane, board: Board, live: Live) -> Resources:
    """What the DRM was asked for in the end, for the message."""
    try:
        return lane.backend.effective(live.request.resources, live.destination.params, board.environment)
    except Exception:  # a back end of somebody else's, and only a message
        log.exception("job %d: what it was given cannot be told", live.job_id)
        return live.request.resources


def _learn(lane: Lane, board: Board, live: Live, look: Look) -> None:
    """What the files tell is the attempt's evidence from now on."""
    if live.requeue:
        if look.run > live.run and live.run:  # what was said before is about a run that counts no more
            live.last_word = live.first_sign = None
        if look.run > live.run and live.cancel_by and live.cancel_sent:
            live.cancel_sent = False  # the DRM may have been told of an earlier run
            lane.cancel_again_in(0.0)
        if look.record is not live.record:
            live.lives = False
        if look.run > live.told_run:
            board.begin_again(live, look.run)
        if live.rang and look.record is None and look.run <= max(live.run, 1):
            board.look(live, AGAIN_S)  # what the bell told of is not in view yet
        else:
            live.rang = False
        live.run = max(live.run, look.run)
    live.record, live.in_stderr = look.record, look.in_stderr


def _is_unseen(live: Live) -> bool:
    """Whether it is over because its DRM does not know it, and for no other sign of an ending."""
    return live.record is None and isinstance(live.last_word, Unknown)


async def _unseen_for_good(
    lane: Lane, board: Board, decided: Sequence[tuple[Live, Verdict]]
) -> list[tuple[Live, Verdict]]:
    """Those that their DRM has not under another id: the run lock tells which one started, if any did."""
    unseen = [live for live, _ in decided if _is_unseen(live)]
    owners = await lane.files(lambda: [_owner(live) for live in unseen])
    elsewhere = set()
    for live, owner in zip(unseen, owners, strict=True):
        if owner is not None and owner.native_id not in ("", live.native_id):
            log.warning("job %d: known as %s, and it started as %s", live.job_id, live.native_id, owner.native_id)
            live.last_word = live.first_sign = None
            live.cancel_sent = False
            board.bind(live, owner.native_id)
            elsewhere.add(live.key)
    return [(live, decision) for live, decision in decided if live.key not in elsewhere]


def _owner(live: Live) -> lock.Owner | None:
    """In the lane's thread: whose the last run's lock is, as far as it can be told."""
    try:
        owner = lock.owner(live.control)
    except (OSError, BadRecord):
        return None
    return owner if isinstance(owner, lock.Owner) else None


async def _for_good(lane: Lane, board: Board, decided: Sequence[tuple[Live, Verdict]]) -> list[tuple[Live, Verdict]]:
    """Those of the attempts that no further run can follow. Of the others one has begun, or it cannot be told now."""
    open_ = [live for live, _ in decided if live.requeue and not live.closed]
    if open_:
        board.database.assert_current()  # whoever was superseded ends nothing
    held = await lane.files(lambda: [_close(board, live) for live in open_])
    point("examine.closed")
    for live, holder in zip(open_, held, strict=True):
        if isinstance(holder, lock.Owner):
            live.record = live.in_stderr = live.last_word = live.first_sign = None
            live.lives = False
            board.look(live)
        elif isinstance(holder, Unreadable):
            board.see(live, live.state, f"it is over, and that it does not start again cannot be settled: {holder.why}")
            board.look(live, AGAIN_S)
        else:
            live.closed = True
    return [(live, decision) for live, decision in decided if live.closed or not live.requeue]


def _close(board: Board, live: Live) -> lock.Revoked | lock.Owner | Unreadable:
    """In the lane's thread: take the lock of the run after the last that counts."""
    if not board.layout.spool.is_dir():
        return Unreadable(f"{board.layout.jobs} is not there: is its file system mounted?")
    try:
        Path(live.control).mkdir(parents=True, exist_ok=True)
        return lock.revoke(live.control, live.run + 1)
    except OSError as error:
        return Unreadable(trouble(error))
    except BadRecord as error:
        return Unreadable(str(error))


@dataclass(frozen=True, slots=True)
class Look:
    """What an attempt's files tell."""

    record: Ending | None
    run: int = 1  # the last that has started, of those that the DRM may start again
    in_stderr: LastWord | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Whether there is a record cannot be told now: an outage of the file system or of this machine is no evidence."""

    why: str


def _look(board: Board, lane: Lane, live: Live) -> Look | Unreadable:
    """In the lane's thread."""
    run, record = live.run, live.record
    try:
        if live.requeue:
            if live.bell:  # before its record is read: then a later ring is not lost, and this one heard only once
                bell.silence(board.layout.spool, [live.bell])
            run = lock.last_start(live.control)
            if record is not None and record.run != run:
                record = None
        record = record or read(live.control)
    except FileNotFoundError as error:
        if not board.layout.spool.is_dir():
            return Unreadable(f"{board.layout.jobs} is not there: is its file system mounted?")
        log.error("job %d: %s", live.job_id, error)
    except OSError as error:
        if passes(error):
            return Unreadable(trouble(error))
        log.error("job %d: %s", live.job_id, error)
    except BadRecord as error:
        log.error("job %d: %s", live.job_id, error)
    over = not record.clean if record else live.last_word is not None
    patterns = lane.backend.last_words
    said = read_last_word(f"{live.directory}/job.err", patterns) if over and patterns else None
    return Look(record, max(run, record.run if record else 0), said)


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
