"""Hands claimed attempts to the DRM, exactly once, and settles doubt about those that may or may not have arrived."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from abell.backends.contract import BackendError, Bound, Doubt, Later, Learned, Refused
from abell.engine.board import Board
from abell.engine.inbox import Unclaim
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.engine.prepare import Prepared, prepare, write
from abell.engine.verdict import Verdict
from abell.faults import point
from abell.job import Cause
from abell.script import integrity, lock
from abell.script.safe_read import BadRecord

log = logging.getLogger(__name__)


async def submit(lane: Lane, board: Board, lives: Sequence[Live]) -> None:
    """Write the files of these attempts and submit them; what comes of each goes to the inbox as it is learned."""
    unknown = {live.key: live for live in lives}
    doubts: list[str] = []

    def learn(what: Learned) -> None:
        live = unknown.get(what.key)
        if live is None:
            log.error("runner %s: its back end told of %s, which it was not asked for", lane.id, what.key)
            return
        match what:
            case Doubt():
                log.warning("job %d: it is not known whether it was submitted: %s", live.job_id, what.reason)
                live.doubt = what.reason
                doubts.append(what.reason)
                return
            case Bound():
                board.bind(live, what.native_id)
            case Refused():
                board.end(live, Verdict(Cause.REJECTED, what.reason))
            case Later():
                lane.pause(what.reason, live.destination.id if what.holds_up == "destination" else "")
                board.inbox.unclaimed[live.key] = Unclaim(live, "unsubmitted", what.reason)
        del unknown[what.key]
        board.wake()

    began = time.monotonic()
    try:
        ready: list[Prepared] = []
        for made in await lane.files(lambda: [_write(board, lane, live) for live in lives]):
            if isinstance(made, Prepared):
                ready.append(made)
            else:
                learn(made)
        point("submit.written")
        board.database.assert_current()  # whoever was superseded neither submits nor settles doubt
        if ready:
            await lane.submit([made.submission for made in ready], learn)
    finally:
        point("submit.done")
        if unknown:
            reason = f": {doubts[-1]}" if doubts else ""
            lane.pause(f"it is not known whether a submission arrived{reason}; finding out")
        lane.in_flight.difference_update(live.key for live in lives)
        board.wake()
    if any(live.native_id for live in lives) and not unknown:
        lane.recovered(began, {live.destination.id for live in lives if live.native_id})


def _write(board: Board, lane: Lane, live: Live) -> Prepared | Later | Refused:
    """In the lane's thread: the attempt's directory and script."""
    try:
        made = prepare(live, lane.runner, lane.backend, board.configuration.settings, board.layout, board.environment)
    except ValueError as error:
        return Refused(live.key, str(error))
    settings = board.configuration.settings
    try:
        write(made)
        if settings.check_job_script_integrity:
            found = integrity.check(
                Path(made.submission.script),
                settings.check_job_script_integrity_count,
                settings.check_job_script_integrity_sleep,
            )
            if not found.ok:
                return Later(live.key, f"script integrity: {found.reason}")
    except OSError as error:
        return Later(live.key, f"{error.strerror}: {error.filename or live.directory}")
    return made


def doubtful(lane: Lane, board: Board) -> dict[str, Live]:
    """The attempts of which nobody knows whether the DRM has them."""
    settled = board.inbox.unclaimed.keys() | board.inbox.ended.keys()
    return {key: lane.lives[key] for key in lane.unbound - lane.in_flight - settled}


async def resolve(lane: Lane, board: Board) -> None:
    """Settle doubt: adopt what the DRM knows; take the run lock of the rest, after which no copy of it can start."""
    try:
        await _resolve(lane, board, doubtful(lane, board))
    except BackendError as error:
        lane.pause(str(error))
        raise
    finally:
        board.wake()


async def _resolve(lane: Lane, board: Board, open_: dict[str, Live]) -> None:
    if not open_:
        return
    for key, native_id in (await lane.question(lane.backend.find(list(open_)))).items():
        if key in open_:
            board.bind(open_[key], native_id)
    point("resolve.found")
    failed = False
    for live in open_.values():
        if live.native_id or live.decided:  # an event of the DRM or a bell was faster
            continue
        board.database.assert_current()
        held = await lane.files(functools.partial(_revoke, live))
        point("resolve.revoked")
        if isinstance(held, str):
            lane.pause(
                f"it is not known whether job {live.job_id} was submitted, and its run lock cannot be taken: {held}"
            )
            failed = True
        elif isinstance(held, lock.Revoked):
            why = f"{live.doubt or 'its submission was interrupted'}; that attempt can never start"
            board.inbox.unclaimed[live.key] = Unclaim(live, "revoked", why)
        else:
            board.bind(live, held.native_id)
    if not failed and any(live.native_id for live in open_.values()):
        lane.recovered()
    elif not failed:
        lane.try_again()
    lane.rhythm.soon()
    board.wake()


def _revoke(live: Live) -> lock.Revoked | lock.Owner | str:
    """In the lane's thread; the attempt's directory may not even have been made. A text says why it failed."""
    try:
        Path(live.control).mkdir(parents=True, exist_ok=True)
        return lock.revoke(live.control)
    except (OSError, BadRecord) as error:
        return str(error)


def cancel(board: Board) -> None:
    """Tell the DRMs of the cancellations that they have not been told of."""
    for lane in board.lanes.values():
        if _to_cancel(lane):
            lane.start("cancel", functools.partial(_cancel, lane, board))


def _to_cancel(lane: Lane) -> list[Live]:
    return [v for v in lane.lives.values() if v.cancel_by and v.native_id and not v.cancel_sent]


async def _cancel(lane: Lane, board: Board) -> None:
    try:
        while chosen := _to_cancel(lane):  # more may be asked for meanwhile
            by = chosen[0].cancel_by or ""
            theirs = [v for v in chosen if v.cancel_by == by]
            await lane.ask(lane.backend.cancel([v.native_id for v in theirs], by))
            for live in theirs:
                live.cancel_sent = True
            lane.rhythm.soon(SEEN_S)
    finally:
        if _to_cancel(lane):  # counted from the failure, which may take longer than this: a command can hang
            lane.cancel_again_in(RETRY_CANCEL_S)
            board.wake()


RETRY_CANCEL_S = 5.0
SEEN_S = 1.0  # from a cancellation to the question what became of it
