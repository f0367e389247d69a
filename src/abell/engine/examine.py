"""Looks at attempts that show a sign of an ending: what their files tell, the verdict on it, their outputs."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from abell.config.lookup import option
from abell.engine.board import Board
from abell.engine.collect import NotYet, collect
from abell.engine.for_good import closed, unseen
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.engine.look import AGAIN_S, Look, Unreadable, look
from abell.engine.verdict import Evidence, Patience, Verdict, Wait, verdict
from abell.job import Cause, Resources, State

log = logging.getLogger(__name__)

FIRST_WORD_S = 0.3  # from a record to the first question about it: DRMs are not at once as far as their jobs
NOTHING_GIVEN = Resources()
WORTH_A_WORD_S = 2.0  # for which a job may be finishing before people are told


async def examine(lane: Lane, board: Board, lives: Sequence[Live]) -> None:
    """Read, decide and collect for these attempts of one lane; the endings go to the inbox."""
    try:
        looks = await lane.files(lambda: [look(board, lane, live) for live in lives])
        decided: list[tuple[Live, Verdict]] = []
        for live, found in zip(lives, looks, strict=True):
            if isinstance(found, Unreadable):
                board.see(live, State.FINISHING if live.last_word else live.state, found.why)
                board.look(live, AGAIN_S)
                continue
            _learn(lane, board, live, found)
            decision = None if live.over or live.decided else decide(lane, board, live)
            if decision is not None:
                decided.append((live, decision))
        decided = await closed(lane, board, await unseen(lane, board, decided))
        good: list[tuple[Live, Verdict]] = []
        for live, decision in decided:
            if decision.cause is Cause.OK and live.request.outputs:
                good.append((live, decision))
            else:
                board.end(live, decision)
        if good:
            collected = await lane.files(lambda: [_collect(board, live) for live, _ in good])
            for (live, decision), got in zip(good, collected, strict=True):
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


def _learn(lane: Lane, board: Board, live: Live, found: Look) -> None:
    """What the files tell is the attempt's evidence from now on."""
    if live.requeue:
        if found.run > live.run and live.run:  # what was said before is about a run that counts no more
            live.last_word = live.first_sign = None
        if found.run > live.run and live.cancel_by and live.cancel_sent:
            live.cancel_sent = False  # the DRM may have been told of an earlier run
            lane.cancel_again_in(0.0)
        if found.record is not live.record:
            live.lives = False
        if found.run > live.told_run:
            board.begin_again(live, found.run)
        if live.rang and found.record is None and found.run <= max(live.run, 1):
            board.look(live, AGAIN_S)  # what the bell told of is not in view yet
        else:
            live.rang = False
        live.run = max(live.run, found.run)
    live.record, live.in_stderr = found.record, found.in_stderr


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
