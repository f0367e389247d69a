"""What the files of an attempt tell of its end: its record, which run it is of, what its DRM wrote into its stderr."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from abell.engine.board import Board
from abell.engine.lane import Lane
from abell.engine.last_words import LastWord, read_last_word
from abell.engine.live import Live
from abell.passing import passes, trouble
from abell.script import bell, lock
from abell.script.ending import BadRecord, Ending, read

AGAIN_S = 1.0  # between two looks for what should be there, or should be told

log = logging.getLogger(__name__)


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


def look(board: Board, lane: Lane, live: Live) -> Look | Unreadable:
    """For the lane's thread."""
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
    said = read_last_word(f"{live.directory}/job.err", lane.backend.last_words) if over else None
    return Look(record, max(run, record.run if record else 0), said)
