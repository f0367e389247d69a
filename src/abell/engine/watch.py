"""What the DRMs say of live attempts: pushed by a peer, rung by a bell, asked for in a poll. It decides nothing."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from abell.backends.contract import BackendError
from abell.engine.board import Board
from abell.engine.file_thread import FileThread
from abell.engine.lane import Lane
from abell.engine.live import Live
from abell.job import Sighting, State, Unknown
from abell.passing import trouble
from abell.script import bell
from abell.script.ending import Ending

log = logging.getLogger(__name__)

SHORTEST_SLEEP_S = 0.05  # a configured 0 would keep a core busy
BELLS_A_SLEEP = 4  # listings of the bells in `job_runner_monitor_sleep`: they tell sooner than polls, and cost less
MOST_LISTING = 0.05  # part of the time that may go into listing them, where the file system is slow
AUDIT_EVERY_S = 30.0  # by then the ending of a job is found whose bell or event was lost


def watch(board: Board, rung: Rung) -> None:
    """Start the polls and audits that are due, and hear the bells."""
    now = time.monotonic()
    for lane in board.lanes.values():
        if not lane.lives:
            continue
        if lane.rhythm.is_due():
            lane.start("poll", functools.partial(poll, lane, board))
        if lane.next_audit <= now:
            lane.next_audit = now + AUDIT_EVERY_S
            for live in lane.lives.values():
                # Not by its native id: a script that was adopted by its run lock may not have known one.
                if live.key not in lane.unbound and live.look_again is None and not live.looking:
                    board.look(live)
    if board.by_bell and rung.next_s <= now and not rung.listening:
        rung.next_s = now + rung.pause_s(board.configuration.settings.job_runner_monitor_sleep)
        rung.listen(board)


class Rung:
    """The bells that have rung, listed four times every `job_runner_monitor_sleep` while jobs live that ring."""

    def __init__(self) -> None:
        self.next_s = 0.0  # monotonic
        self.listening: asyncio.Task[None] | None = None
        self._took_s: deque[float] = deque([0.0], maxlen=4)  # the last listings; the quickest tells of the file system
        self._files = FileThread("bells")  # a file system that hangs must not stop the loop

    def pause_s(self, sleep_s: float) -> float:
        """Seconds between two listings; `sleep_s`: `job_runner_monitor_sleep`."""
        return max(sleep_s / BELLS_A_SLEEP, SHORTEST_SLEEP_S, min(self._took_s) / MOST_LISTING)

    def listen(self, board: Board) -> None:
        """Begin to list the bells; what they ring for is looked at when that is done."""
        self.listening = asyncio.get_running_loop().create_task(self._listen(board))

    async def _listen(self, board: Board) -> None:
        spool = board.layout.spool
        began = time.monotonic()
        try:
            tokens = await self._files.do(lambda: bell.listen(spool))
            self._took_s.append(time.monotonic() - began)
            self._hear(board, tokens)
            if stray := tokens - board.by_bell.keys():
                await self._files.do(lambda: bell.silence(spool, stray))
        except OSError as error:  # a full disk, an outage: polls and audits find the endings meanwhile
            log.warning("the bells cannot be heard: %s", trouble(error))
        finally:
            self.listening = None
            board.wake()

    def _hear(self, board: Board, tokens: set[str]) -> None:
        for token in tokens & board.by_bell.keys():
            live = board.by_bell[token]
            live.rang = True
            if not live.looking and not live.decided and live.look_again is None:
                board.look(live)

    def close(self) -> None:
        if self.listening:
            self.listening.cancel()
        self._files.close()


async def poll(lane: Lane, board: Board) -> None:
    """Ask the DRM of this lane about all its attempts. A poll that fails changes nothing."""
    asked = {live.native_id: (live, live.words, live.record) for live in lane.lives.values() if live.native_id}
    lane.rhythm.begin()
    if not asked:
        return
    began = time.monotonic()
    try:
        answers = await lane.question(lane.backend.poll(list(asked)))
    except BackendError as error:
        if lane.rhythm.failed(str(error)):
            log.warning("runner %s cannot be asked about its jobs: %s", lane.id, error)
        return
    except Exception:
        lane.rhythm.failed("its back end failed; see the server's log")
        raise
    finally:
        board.wake()
    news = False
    for native_id, word in answers.items():
        live, words, record = asked.get(native_id, (None, 0, None))
        if live is not None and live.words == words:  # else what was pushed meanwhile is newer than this answer
            news |= hear(board, live, word, record)
    lane.rhythm.answered(time.monotonic() - began, news)


def heard(board: Board, backend: str, messages: Sequence[Mapping[str, Any]]) -> None:
    """Messages that a peer pushed, for the lanes with that back end."""
    for lane in board.lanes.values():
        if lane.backend.name == backend:
            for sighting in _sightings(lane, messages):
                live = lane.lives.get(sighting.key)
                if live is not None:
                    hear(board, live, sighting, live.record)
    board.wake()


def _sightings(lane: Lane, messages: Sequence[Mapping[str, Any]]) -> list[Sighting]:
    try:
        return lane.backend.events(messages)
    except Exception:  # a back end of somebody else's: what it could not read is asked for instead
        log.exception("runner %s: its back end cannot read what was pushed", lane.id)
        lane.rhythm.soon()
        return []


def poll_soon(board: Board, backend: str) -> None:
    """A peer is back: what it had to say meanwhile has to be asked for."""
    for lane in board.lanes.values():
        if lane.backend.name == backend:
            lane.rhythm.soon()
    board.wake()


def hear(board: Board, live: Live, word: Sighting | Unknown, after: Ending | None = None) -> bool:
    """One word of a DRM about one attempt, and whether it is news.

    `after`: the record that had been read when the DRM was asked.
    """
    if live.decided or live.over:
        return False
    live.words += 1
    if isinstance(word, Sighting) and word.key and word.key != live.key:
        # A poll asked for this id, and the DRM has given it to another job: it no longer knows ours.
        word = Unknown(word.native_id, f"that id is another job's by now: {word.key}")
    if isinstance(word, Sighting):
        if not live.native_id:
            board.bind(live, word.native_id)
        if word.state is not None:
            if live.record is None or live.requeue:  # it lives after all: an earlier word of its end was not the last
                live.last_word, live.first_sign = None, None
            if live.requeue:
                _lives_on(board, live, word.state, after)
            return board.see(live, word.state, word.reason)
    live.last_word, live.lives = word, False
    board.look(live)
    return True


def _lives_on(board: Board, live: Live, state: State, after: Ending | None) -> None:
    """An attempt that its DRM may start again is not over, whatever the record of an earlier run says."""
    if after is not None and after is live.record:
        live.lives = True
    if state in (State.QUEUED, State.HELD):
        if live.run > max(live.queued_after, 0) and live.cancel_by and live.cancel_sent:
            live.cancel_sent = False  # the DRM was told of the run that it has taken back
            board.lanes[live.lane].cancel_again_in(0.0)
        live.queued_after = live.run
    elif live.state is not state:
        board.look(live)  # a new run may have begun
