"""What has been learned and is not durable yet. It is emptied only by a commit, so nothing is lost on a full disk."""

from __future__ import annotations

from dataclasses import dataclass, field

from abell.engine.live import Live
from abell.job import State
from abell.store.statements import End


@dataclass(frozen=True, slots=True)
class Unclaim:
    """This attempt was certainly never taken by the DRM, or can never run any more."""

    live: Live
    phase: str  # unsubmitted | revoked
    why: str


@dataclass
class Inbox:
    bound: dict[str, tuple[Live, str]] = field(default_factory=dict)  # key -> attempt, native id
    unclaimed: dict[str, Unclaim] = field(default_factory=dict)
    sighted: dict[str, tuple[Live, State, str]] = field(default_factory=dict)  # key -> attempt, state, why
    began: dict[str, tuple[Live, range]] = field(default_factory=dict)  # key -> attempt, numbers of its new runs
    ended: dict[str, tuple[Live, End]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.bound or self.unclaimed or self.sighted or self.began or self.ended)
