"""One question to a DRM's library under way: its items, the answers so far, and the reply that they make."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from abell.backends.contract import Answered, Reply, TimedOut, Unreachable
from abell.hosts.library_limits import Limits

Answer = Mapping[str, Any]


class Question:
    """`submit`, `look` or `end`. `names` tell its items apart, over all questions."""

    def __init__(self, number: int, verb: str, data: Mapping[str, Any], limits: Limits) -> None:
        """`call_s`: how long one item may take. Raises ValueError for data of another form."""
        self.number, self.verb = number, verb
        if verb == "submit":
            self.items: list[Any] = [{"attributes": dict(job["attributes"])} for job in data["jobs"]]
            self.names = [str(job["item"]) for job in data["jobs"]]
        elif verb not in ("look", "end"):
            raise ValueError("there is no such verb")
        else:
            self.names = list(dict.fromkeys(data["ids"]))
            self.items = list(self.names)
        if not all(isinstance(name, str) for name in self.names):
            raise ValueError("ids: a list of texts")
        self.call_s = float(data["call_s"]) if "call_s" in data else limits.of(verb)
        if not self.call_s > 0:
            raise ValueError("call_s: more than 0 seconds")
        self.answers: dict[int, Answer] = {}
        self.given_up: set[int] = set()  # unanswered, and not asked again this time
        self.sent = False
        self.trouble = ""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def open(self) -> list[int]:
        """The items that are still to be answered."""
        return [i for i in range(len(self.items)) if i not in self.answers and i not in self.given_up]

    def message(self) -> dict[str, Any]:
        return {"n": self.number, "verb": self.verb, "items": [[i, self.items[i]] for i in self.open]}

    def answer(self, index: int, answer: Answer) -> None:
        if not 0 <= index < len(self.items):
            raise ValueError(f"an answer to item {index} of {len(self.items)}")
        self.answers.setdefault(index, answer)
        self.finish_if_all()

    def give_up(self, index: int, why: str) -> None:
        self.given_up.add(index)
        self.trouble = why
        self.finish_if_all()

    def finish_if_all(self) -> None:
        if len(self.answers) + len(self.given_up) >= len(self.items):
            self.finish("")

    def finish(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble
        if not self.done.done():
            self.done.set_result(None)

    def reply(self) -> Reply:
        """After `finish`: what is not answered has certainly not begun."""
        if not self.answers and not self.given_up and self.trouble:
            return Unreachable(self.trouble)
        return self._answered({"later": self.trouble})

    def reply_late(self, after_s: float, withdrawn: bool) -> Reply:
        """After the time is over. `withdrawn`: what is not answered will never begin."""
        why = f"the library did not answer within {after_s:g} s"
        if self.sent and not withdrawn and not self.answers:
            return TimedOut(after_s)
        if not self.sent:
            return Unreachable(f"there was no session with the library within {after_s:g} s")
        self.trouble = self.trouble or why
        return self._answered({"later": f"{why}; this job was not handed to it"} if withdrawn else {"doubt": why})

    def _answered(self, otherwise: Answer) -> Answered:
        if self.verb == "submit":
            return Answered({"answers": [self.answers.get(i, otherwise) for i in range(len(self.items))]})
        answers = {self.names[index]: answer for index, answer in self.answers.items()}
        return Answered({"answers": answers, "trouble": self.trouble})
