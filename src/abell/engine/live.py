"""An attempt that a DRM has or may have, as the engine holds it in memory. The database holds the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from abell.config.lookup import truth
from abell.config.model import Destination
from abell.engine.last_words import LastWord
from abell.job import Request, Sighting, State, Unknown
from abell.script.ending import Ending


@dataclass(eq=False)
class Live:
    job_id: int
    number: int
    key: str
    runner: str
    destination: Destination
    request: Request
    directory: Path
    state: State
    native_id: str = ""  # '' while nobody knows whether the DRM has it
    bell: str = ""
    cancel_by: str | None = None
    started: bool = False  # a start has been recorded
    why: str = ""
    lane: str = ""  # its id; the runner's where that has one cluster only
    doubt: str = ""  # why it is not known whether the DRM has it, until the story tells

    # Evidence, gathered as it comes.
    record: Ending | None = None
    last_word: Sighting | Unknown | None = None
    in_stderr: LastWord | None = None  # what the DRM wrote there when it ended the job
    late: dict[tuple[str, Path], int] = field(default_factory=dict)  # see collect.py
    words: int = 0  # how many the DRM has said
    first_sign: float | None = None  # monotonic seconds of the first sign of an ending
    look_again: float | None = None  # monotonic seconds at which to decide again
    looking: bool = False  # its record is being read, or its outputs collected
    decided: bool = False  # the verdict has been given; only the outputs may be missing
    cancel_sent: bool = False
    over: bool = False  # this attempt is no longer the engine's business

    # Of an attempt that its DRM may start again.
    run: int = 0  # the last that was seen to have started
    told_run: int = 1  # the last that the story tells of
    lives: bool = False  # so the DRM said, in a word newer than the record
    queued_after: int = -1  # the run after which the DRM was last seen to have it queued
    rang: bool = False  # a bell was heard, and what it tells of has not been read yet
    closed: bool = False  # no further run of it can start

    def __post_init__(self) -> None:
        self.lane = self.lane or self.runner

    @cached_property
    def requeue(self) -> bool:
        """Whether its destination has the DRM start it again by itself."""
        return truth(self.destination.params.get("requeue", False), "requeue")

    @cached_property
    def control(self) -> str:
        """The service's own directory of this attempt: run lock and ending record."""
        return f"{self.directory}/control"
