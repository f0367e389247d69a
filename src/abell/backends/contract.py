"""The contract between Abell and a DRM: argv out, text in, no I/O.

A back end's methods are generators. They *yield what they want* (a command to run, a question to a library or
a peer process) and *are sent the reply*. One driver serves an event loop, ssh, a recorded tape in tests and a dry
run that only prints. `submit` also yields what it has learned (`Bound`, `Refused`, `Later`, `Doubt`), per attempt
and as early as it can, because each is made durable at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

from abell.job import Cause, Resources, Sighting, State, Unknown

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """Run this argument vector. It never goes through a local shell, and is quoted once for a remote one.

    On this machine a command gets the server's variables; with `keep` only those that every program needs (PATH, HOME,
    the user's name, locale) and those of these names, where a last `*` stands for any ending: some DRMs hand their
    client's variables on to the job, and the server's secrets are among them. `env` is set besides, everywhere.
    """

    argv: tuple[str, ...]
    stdin: bytes = b""
    timeout_s: float = 60.0
    env: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to a peer process (the local supervisor, a DRM's library): data that can cross processes."""

    peer: str
    verb: str
    data: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Exited:
    """The command ended by itself. A death by signal N is code -N."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Answered:
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No reply in time: whether the wish took effect is not known. `out` and `err`: what it said until then."""

    after_s: float
    out: str = ""
    err: str = ""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It could not be run or asked at all; `began` says whether it may still have taken effect."""

    reason: str
    began: bool = False


Want: TypeAlias = Call | Ask
Reply: TypeAlias = Exited | Answered | TimedOut | Unreachable


@dataclass(frozen=True, slots=True)
class Bound:
    """The DRM has this attempt, under this id."""

    key: str
    native_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The DRM will never take this attempt; the reason is its own words."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """The DRM has certainly not taken it, and may do so another time (a limit, an outage before the start).

    `holds_up`: whose submissions pause with it. A limit of an account or a queue is its destination's trouble, an
    outage is the whole cluster's.
    """

    key: str
    reason: str
    holds_up: Literal["destination", "cluster"] = "cluster"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can say whether the DRM has it; the resolver of `submit.py` finds out."""

    key: str
    reason: str


Learned: TypeAlias = Bound | Refused | Later | Doubt
Steps: TypeAlias = Generator[Want, Any, T]
SubmitSteps: TypeAlias = Generator[Want | Learned, Any, None]


class BackendError(Exception):
    """A reply that this back end cannot use: the poll or the cancellation changes nothing and is tried again."""


@dataclass(frozen=True, slots=True)
class Submission:
    """All that a back end needs of one attempt in order to submit it."""

    key: str
    job_id: int
    number: int  # attempt, from 1
    name: str
    directory: str  # the attempt's directory, absolute
    script: str  # the job script, absolute
    stdout: str  # the DRM's own streams (the tool's are apart)
    stderr: str
    resources: Resources
    params: Mapping[str, Any]  # the destination's parameters
    runner_params: Mapping[str, Any]
    workers: int
    runner: str = ""  # the runner's id: its jobs share workers
    search_path: str = ""  # $PATH of the submitting shell, for a job that runs on this machine
    requeue: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a `doctor` check."""

    ok: bool
    text: str
    remedy: str = ""


class Backend(ABC):
    """One DRM. A subclass is one file that reads like the DRM's manual page."""

    name: ClassVar[str]
    prefix: ClassVar[str] = ""  # what a directive line starts with: "#SBATCH"
    tools: ClassVar[tuple[str, ...]] = ()  # the commands it needs
    own_id: ClassVar[str] = ""  # shell expression for the DRM's id, inside a job; every back end has one
    states: ClassVar[Mapping[str, State | Cause]] = {}  # every word of the manual
    poll_every_s: ClassVar[float] = 5.0  # between two status questions, when nothing else tells sooner
    settle_s: ClassVar[float] = 60.0  # how long after a job's record the DRM may still find its last word
    record_s: ClassVar[float] = 60.0  # how long after the DRM's last word the record may still come into view
    expresses: ClassVar[frozenset[str]] = frozenset(Resources.__dataclass_fields__)  # the requests it can pass on
    resources_from: ClassVar[Literal["plan", "drm"]] = "drm"  # "plan": a job gets what it asked for
    watch_cgroup: ClassVar[bool] = True  # the script reads its cgroup's peak; False where the DRM tells
    rings: ClassVar[bool] = True  # its jobs ring the bell; False where `events` tells of endings sooner
    at_once: ClassVar[int] = 64  # attempts handed to one `submit`: claimed in one transaction, in doubt together
    asks_per_minute: ClassVar[float | None] = None  # the budget of commands that only ask; None: they cost nothing
    says_cluster: ClassVar[tuple[str, ...]] = ()  # runner parameters that tell one DRM's server from another's
    requeues: ClassVar[bool] = False  # it can pass on `requeue: true`, and a job that runs again is one job to it
    own_codes: ClassVar[frozenset[int]] = frozenset()  # exit codes of a script that the DRM takes for orders
    # What the DRM writes into a job's own stderr (never the command's) when it ends one: regular expression -> cause.
    # It serves where the DRM's state names no cause, or is no longer to be had.
    last_words: ClassVar[Mapping[str, Cause]] = {}

    here: str = ""  # the one of the DRM's clusters that this instance speaks to, as `cluster` told it

    def __init__(self, runner_params: Mapping[str, Any] | None = None) -> None:
        """`runner_params`: what the configuration says of the runner, beyond `load` and `workers`."""
        self.runner_params = runner_params or {}

    @classmethod
    def check_destination(cls, params: Mapping[str, Any]) -> None:
        """Raise ValueError, `OPTION: why`, for parameters of a destination that no job could be submitted with."""
        return None

    def effective(self, asked: Resources, params: Mapping[str, Any], environment: Mapping[str, str]) -> Resources:
        """What the job asks of the DRM in the end: the administrator's own options win over the user's request.

        `environment` is the server's.
        """
        return asked

    def cluster(self, params: Mapping[str, Any]) -> str:
        """Which of the DRM's clusters jobs with these parameters go to; '' for the usual one.

        What happens to one cluster holds up no job of another.
        """
        return ""

    def overlap(self, workers: int) -> int:
        """How many submissions may be under way at once."""
        return 1

    def impossible(self, given: Resources, runner: str) -> str:
        """Why this runner could never run a job with these resources, `effective` ones; empty if it could."""
        return ""

    def unexpressed(self, asked: Resources, params: Mapping[str, Any]) -> tuple[str, ...]:
        """The requests that this DRM, or a destination with these parameters, has no word for: they are said."""
        names = (name for name in Resources.__dataclass_fields__ if getattr(asked, name) is not None)
        return tuple(name for name in names if name not in self.expresses)

    def directives(self, submission: Submission) -> Iterator[tuple[str, object]]:
        """Pairs (option, value), the administrator's native options last. None leaves a pair out; '' is a flag."""
        return iter(())

    @abstractmethod
    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps: ...

    @abstractmethod
    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        """What the DRM says of these ids. Ids it says nothing of are left out: unanswered, nothing changes."""

    @abstractmethod
    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        """Ask the DRM to end these, for the person `by`. What became of them is for `poll` to tell."""

    def find(self, keys: Sequence[str]) -> Steps[dict[str, str]]:
        """key -> native id of those that the DRM knows: a shortcut, never a proof of absence."""
        return {}
        yield

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        """The endings of these are recorded for good: whatever the DRM still keeps about them may go."""
        return
        yield

    def room(self, workers: int) -> int | None:
        """How many attempts may be with the DRM at once; None: no bound, the DRM has a queue of its own."""
        return None

    def events(self, data: Iterable[Mapping[str, Any]]) -> list[Sighting]:
        """Sightings in messages that a peer pushed."""
        return []

    def check(self) -> Steps[list[Finding]]:
        """More for the doctor than `tools` being on PATH."""
        return []
        yield

    def meaning(self, word: str) -> State | Cause | None:
        """None for a word that nobody knows: it reads as 'still running', with a warning, and never as an end."""
        return self.states.get(word)

    def header(self, submission: Submission) -> tuple[str, ...]:
        """The directive lines of the job script."""
        rows = ((k, v) for k, v in self.directives(submission) if v is not None)
        return tuple(f"{self.prefix} {option} {value}".rstrip() for option, value in rows)
