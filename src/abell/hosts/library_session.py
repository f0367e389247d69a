"""One DRM's library for the server: questions in, answers out, whatever becomes of the process that has it loaded."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import re
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abell.backends.contract import Answered, Reply, TimedOut, Unreachable
from abell.hosts.library_defects import defects
from abell.hosts.library_files import Files
from abell.hosts.library_limits import Limits, environment
from abell.hosts.library_process import End, Process
from abell.hosts.library_question import Question
from abell.printable import printable

log = logging.getLogger(__name__)

STRIKES = 2  # processes that an item may cost
_MOST_PAST = 64  # questions
_DROP_S = 1.0  # how long to wait for the word that the rest of a submission will not begin
_MOST_PRELOADED = 4
_AT_ONCE = 2  # processes that may die in a row without an answer before the next one has to wait
_MOST_DEATHS = 60  # in a minute; then, too, the next process has to wait
_STATIC_TLS = re.compile(r"(\S+): cannot allocate memory in static TLS block")


class Session:
    """`ask` may be called by many at once. One process at a time, started for the first question."""

    def __init__(self, library: str, root: Path, hidden: list[str], server: Mapping[str, str], limits: Limits) -> None:
        self._library, self._server, self._limits = library, server, limits
        self._hidden, self._kept = hidden, [str(root / "jobs")] if hidden else []
        self._files = Files(root, library if hidden else f"{library} (not confined)")
        self._process: Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._about: dict[str, Any] | None = None
        self._questions: dict[int, Question] = {}
        self._past: dict[int, Question] = {}  # whose time was over; an item of theirs may still be under way
        self._acknowledged: dict[int, asyncio.Future[None]] = {}
        self._numbers = itertools.count(1)
        self._strikes: Counter[tuple[bool, str]] = Counter()
        self._last_strike: dict[tuple[bool, str], str] = {}
        self._tick_s = limits.tick_s
        self._failed = 0  # sessions in a row that could not be opened
        self._fruitless = 0  # processes in a row that died before they had done anything
        self._deaths: deque[float] = deque(maxlen=_MOST_DEATHS)
        self._rest_until = 0.0
        self._reason = ""  # for the rest
        self._trouble = ""
        self._told: set[str] = set()
        self._closed = False

    async def ask(self, verb: str, data: Mapping[str, Any], timeout_s: float) -> Reply:
        """Raises KeyError, TypeError, ValueError for a question of another form."""
        if verb in ("about", "forget"):
            return await self._ask_shortly(verb, data, timeout_s)
        question = Question(next(self._numbers), verb, data, self._limits)
        self._tick_s = min(self._tick_s, question.call_s / 4)
        for index, name in enumerate(question.names):
            if self._strikes[verb == "submit", name] >= STRIKES:
                question.answer(index, self._set_aside(question, index, again=True))
        question.finish_if_all()
        self._questions[question.number] = question
        try:
            async with asyncio.timeout(timeout_s):
                await self._put(question)
                await question.done
            return question.reply()
        except TimeoutError:
            return question.reply_late(timeout_s, await self._withdraw(question))
        except asyncio.CancelledError:
            self._send({"n": next(self._numbers), "verb": "drop", "question": question.number})
            raise
        finally:
            self._past[question.number] = self._questions.pop(question.number)
            while len(self._past) > _MOST_PAST:
                del self._past[next(iter(self._past))]

    async def close(self) -> None:
        self._closed = True
        self._trouble = "the server is closing"
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._process is not None:
            await self._process.close()
        self._finish_all(self._trouble)

    async def _ask_shortly(self, verb: str, data: Mapping[str, Any], timeout_s: float) -> Reply:
        """What needs no call of the library."""
        try:
            async with asyncio.timeout(timeout_s):
                if why := await self._opened():
                    return Unreachable(why)
                if verb == "about":
                    return Answered({"path": self._library, **(self._about or {})})
                if not await self._acknowledge({"verb": "forget", "ids": list(data["ids"])}):
                    return Unreachable(self._trouble, began=True)
                return Answered({})
        except TimeoutError:
            return TimedOut(timeout_s)

    async def _put(self, question: Question) -> None:
        """Hand it to the process, which may have to be started."""
        if not question.done.done() and (why := await self._opened()):
            question.finish(why)
        elif question.open and not question.sent:  # a new process gets all there are as it begins
            self._hand(question)

    def _hand(self, question: Question) -> None:
        try:
            self._send(question.message())
            question.sent = True
        except ValueError as error:  # it is too long
            question.finish(str(error))

    async def _opened(self) -> str:
        """Empty when there is a process with an open session, or why there is none."""
        if self._about is not None and self._process is not None:
            return ""
        self._start()
        if self._starting is not None:
            await asyncio.wait([self._starting])
        return "" if self._about is not None else self._trouble

    def _start(self) -> None:
        if self._starting is None and not self._closed:
            self._starting = asyncio.create_task(self._start_one())

    async def _start_one(self) -> None:
        """A process with an open session that has all open questions; or all of them end, with the reason."""
        try:
            if (rest := self._rest_until - time.monotonic()) > 0:
                self._finish_all(f"{self._reason} (the next try is in {rest:.1f} s)")
                return
            if self._process is not None:
                self._process.kill("was replaced", blame=False)  # if it is still there
                await self._process.ended.wait()
            try:
                self._files.prepare()
                failed = await self._launch()
            except OSError as error:
                failed = f"no process for the library can be started: {error}"
            except (KeyError, TypeError) as error:
                failed = f"the process of the library speaks nonsense ({error!r})"
            if failed:
                self._pause(failed)
                self._finish_all(f"{self._library}: {failed}")
                return
            for question in list(self._questions.values()):
                if question.open:
                    self._hand(question)
        finally:
            self._starting = None

    async def _launch(self) -> str:
        """Empty, or why there is no open session. Raises OSError."""
        preload = self._files.preload
        while True:
            said = await self._try(preload)
            if "opened" in said:
                self._open(said["opened"], preload)
                return ""
            failed = said["failed"]
            text = printable(str(failed["text"]))
            if failed["stage"] == "init":
                return f"drmaa_init: {text} ({failed['error']})"
            found = _STATIC_TLS.search(text)
            if found and found[1] not in preload and len(preload) < _MOST_PRELOADED:
                preload = [*preload, found[1]]
                continue
            return text

    async def _try(self, preload: list[str]) -> dict[str, Any]:
        start = {
            "library": self._library,
            "contact": self._files.contact,
            "hidden": self._hidden,
            "kept": self._kept,
            "memory": self._limits.memory,
        }
        with self._files.journal() as journal:
            process = Process(
                self._name,
                environment(self._server, preload),
                journal,
                start,
                self._limits,
                lambda number: question.call_s if (question := self._question(number)) else None,
                lambda: self._tick_s,
                self._receive,
                self._ended,
            )
        self._process = process
        try:
            said = await process.opened
        except asyncio.CancelledError:
            process.kill("was closed", blame=False)
            await process.ended.wait()
            raise
        if "opened" not in said:
            process.kill("has no session", blame=False)
            await process.ended.wait()
        elif process.ended.is_set():
            return {"failed": {"stage": "start", "error": "", "text": self._trouble}}
        return said

    def _open(self, told: Mapping[str, Any], preload: list[str]) -> None:
        notes = list(told["notes"]) + defects(str(told["drm"]), str(told["implementation"]))
        if preload:
            notes.append(f"{' '.join(preload)} had to be loaded before this library (LD_PRELOAD)")
        about = {key: printable(str(told[key])) for key in ("drm", "implementation", "version", "contact")}
        try:
            self._files.preload = preload
            if told["contact"]:
                self._files.contact = told["contact"]
        except OSError as error:
            log.error("%s: its session cannot be noted, and ends with this process: %s", self._name, error)
        for note in notes:
            if note not in self._told:
                log.warning("%s: %s", self._name, printable(note))
        self._told.update(notes)
        self._about = {**about, "notes": notes}
        self._failed = 0

    def _receive(self, message: dict[str, Any]) -> None:
        """Raises for nonsense, which ends the process."""
        if "done" in message:
            if (waiting := self._acknowledged.get(message["done"])) and not waiting.done():
                waiting.set_result(None)
            return
        for number, index, answer in message["answers"]:
            question = self._question(number)
            if question is None:
                continue
            if not isinstance(answer, dict) or not isinstance(index, int):
                raise TypeError("an answer that is none")
            question.answer(index, answer)
            self._strikes.pop((question.verb == "submit", question.names[index]), None)

    def _ended(self, end: End) -> None:
        """The process is dead. Say what became of the item under way; the others go to the next process."""
        was_open, self._about = self._about is not None, None
        for waiting in self._acknowledged.values():
            waiting.cancel()
        if not was_open:
            return  # `_launch` tells
        self._trouble = f"the library {end.why}"
        begun = end.begun
        question = self._question(begun.question) if begun else None
        if begun is not None and question is not None and begun.item not in question.answers:
            self._lost(question, begun.item, end)
        if end.spoilt:
            self._doubt_all(end)
        if end.blame:
            log.error("%s %s", self._name, end.why)
            self._fruitless = self._fruitless + 1 if end.completed == 0 else 0
            self._deaths.append(time.monotonic())
            often = len(self._deaths) == _MOST_DEATHS and self._deaths[-1] - self._deaths[0] < 60
            if self._fruitless > _AT_ONCE or often:
                self._rest(f"{self._library}: the library {end.why}, as before", max(1, self._fruitless - _AT_ONCE))
        if any(question.open for question in self._questions.values()):
            self._start()

    def _doubt_all(self, end: End) -> None:
        """What was submitted and not answered may have been taken: the answers may be among what was not read."""
        for question in self._questions.values():
            if question.verb == "submit" and question.sent:
                for index in question.open:
                    question.answer(index, {"doubt": f"the library {end.why}, and the answer may have been lost"})

    def _question(self, number: int) -> Question | None:
        return self._questions.get(number) or self._past.get(number)

    def _lost(self, question: Question, index: int, end: End) -> None:
        key = question.verb == "submit", question.names[index]
        why = f"the library {end.why} while it was asked for {question.names[index]} ({question.verb})"
        if end.blame:
            self._strikes[key] += 1
            self._last_strike[key] = end.why
        if self._strikes[key] >= STRIKES:
            question.answer(index, self._set_aside(question, index))
        elif question.verb == "submit":
            question.answer(index, {"doubt": why})
        else:
            question.give_up(index, why)

    def _set_aside(self, question: Question, index: int, again: bool = False) -> dict[str, Any]:
        """`began` says of a submission that this very try may have taken effect."""
        name = question.names[index]
        why = self._last_strike[question.verb == "submit", name]
        text = f"{name} has ended {STRIKES} processes of the library and is not tried again: the last {why}"
        if question.verb == "submit":
            return {"set_aside": text, "began": not again}
        return {"error": "SET_ASIDE", "text": text}

    async def _withdraw(self, question: Question) -> bool:
        """True if nothing of it will begin any more. Only a submission is worth the wait."""
        if not question.sent:
            return True
        message = {"verb": "drop", "question": question.number}
        if question.verb != "submit":
            self._send({"n": next(self._numbers), **message})
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DROP_S):
                return await self._acknowledge(message)
        return False

    async def _acknowledge(self, message: Mapping[str, Any]) -> bool:
        """Send it and wait for its receipt. False if the process died first."""
        number = next(self._numbers)
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._acknowledged[number] = waiting
        try:
            if self._about is None:
                return False
            self._send({"n": number, **message})
            await asyncio.wait([waiting])
            return not waiting.cancelled()
        finally:
            del self._acknowledged[number]

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._process is not None and self._about is not None:
            self._process.send(message)

    def _pause(self, failed: str) -> None:
        self._failed += 1
        self._rest(f"{self._library}: {failed}", self._failed)
        log.error("%s: %s", self._name, failed)

    def _rest(self, reason: str, times: int) -> None:
        pause = min(self._limits.first_pause_s * 2.0 ** (times - 1), self._limits.longest_pause_s)
        self._rest_until = time.monotonic() + pause
        self._reason = reason

    def _finish_all(self, trouble: str) -> None:
        self._trouble = trouble
        for question in list(self._questions.values()):
            question.finish(trouble)

    @property
    def _name(self) -> str:
        return f"the library {printable(self._library)}"
