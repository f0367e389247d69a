"""The nouns that every step shares: job, attempt, state, cause, sighting. No I/O here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Where a job is. All but ENDED are live."""

    NEW = "new"  # accepted and durable; not routed yet
    WAITING = "waiting"  # routed; held back by Abell (workers, limits, back-off)
    SUBMITTING = "submitting"  # claimed: the DRM may or may not have it
    QUEUED = "queued"  # the DRM has it
    HELD = "held"  # the DRM has it and will not start it by itself
    RUNNING = "running"  # its command runs
    SUSPENDED = "suspended"  # the DRM has stopped it for a while
    FINISHING = "finishing"  # the run is over; outputs are being collected
    ENDED = "ended"  # the cause says how


class Cause(StrEnum):
    """Why a job is over. Resubmission rules match on these, never on a DRM's words."""

    OK = "ok"  # exit code 0, by the lock owner's own record, and every declared output is there
    EXIT = "exit"  # the command's own exit code, not 0
    SIGNAL = "signal"  # the command died by a signal that nobody below claims
    WALLTIME = "walltime"  # it ran longer than it was given
    MEMORY = "memory"  # it used more than it was given
    OUTPUT_SIZE = "output_size"  # its output grew beyond the limit
    OUTPUT = "output"  # the command succeeded, but a declared output was not returned
    NODE = "node"  # the machine it ran on failed
    PREEMPTED = "preempted"  # it made way for a more important job
    CANCELLED = "cancelled"  # by whom: in the message
    REJECTED = "rejected"  # Abell or the DRM will never run it
    LOST = "lost"  # no evidence of any ending: never a success


LIVE = tuple(s for s in State if s is not State.ENDED)


@dataclass(frozen=True, slots=True)
class Resources:
    """What is asked for. None: not asked for, the destination or the DRM decides."""

    slots: int | None = None  # processor cores
    memory_mb: int | None = None  # MiB, for the whole job
    walltime_s: int | None = None  # seconds of elapsed time
    gpus: int | None = None
    queue: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One declared output: a file of the command's, wanted at `path`, or every file that a glob takes."""

    name: str  # a shell identifier; the command sees $ABELL_OUTPUT_<name>
    path: str  # the final, absolute path; for a glob the final directory
    glob: str | None = None  # a pattern relative to the working directory, else None


@dataclass(frozen=True, slots=True)
class Request:
    """A job as a client asks for it. `to_json`/`from_json` in `request_json.py`."""

    command: str | tuple[str, ...]  # one string: a shell command line; several: run exactly as given
    workdir: str | None = None  # absolute; None: a directory of the job's own
    name: str = ""
    user: str = ""  # the user's email address, as Galaxy's rules know it
    username: str = ""
    tool_id: str = ""
    tool_version: str = ""
    tool_classes: tuple[str, ...] = ()  # as the application knows them: local, requires_galaxy, user_defined
    destination: str = ""  # id or tag asked for; empty: routing decides
    resources: Resources = Resources()
    env: Mapping[str, str] = field(default_factory=dict)
    search_path: str = ""  # $PATH of the submitting shell; the base PATH of local jobs
    params: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()  # absolute paths
    outputs: tuple[Output, ...] = ()
    metadata: str = ""  # a shell command line that runs after the command, with an ending of its own


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job used, as far as anyone knows."""

    elapsed_s: float | None = None
    cpu_s: float | None = None
    memory_bytes: int | None = None  # peak


@dataclass(frozen=True, slots=True)
class Sighting:
    """One observation of one attempt by a DRM: exactly one of `state` and `cause` is set.

    `cause` is what the DRM alone can tell; the verdict weighs it against the ending record. A sighting whose
    key is set and is not the attempt's is not about that attempt (DRMs reuse ids).
    """

    native_id: str
    word: str  # the DRM's own word
    state: State | None = None
    cause: Cause | None = None
    reason: str = ""  # the DRM's own explanation: why held, why killed, by whom
    exit_code: int | None = None
    signal: int | None = None
    usage: Usage = Usage()
    key: str = ""
    host: str = ""
    restarts: int | None = None  # how many times the DRM has started it again, where it can tell

    @property
    def over(self) -> bool:
        return self.cause is not None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The DRM's own word that it does not know this id. An outage is never this."""

    native_id: str
    word: str
    final: bool = False  # the administrator wants no more waiting for a record that may still come


def new_key() -> str:
    """The name under which an attempt is known to its DRM: a letter and 13 random base-32 characters.

    65 random bits stay unique across restored databases, and 14 characters fit DRMAA's and Grid Engine's 15.
    """
    bits = secrets.randbits(65)
    return "a" + "".join("abcdefghijklmnopqrstuvwxyz234567"[bits >> 5 * i & 31] for i in range(13))
