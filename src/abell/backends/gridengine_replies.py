"""What the replies of Grid Engine's commands mean, most of all those of qsub and qdel. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from abell.backends import gridengine_words as words
from abell.backends import replies
from abell.backends.contract import (
    BackendError,
    Bound,
    Doubt,
    Exited,
    Later,
    Learned,
    Refused,
    Reply,
    Unreachable,
)
from abell.backends.replies import whole_lines

TERSE = re.compile(r"(\d+)(\.\d+-\d+:\d+)?", re.ASCII)  # qsub -terse: `35`, and `17.1-2:1` for an array
_NOISE = re.compile(
    r"^(Exiting\.|error: |qsub: |Unable to run job: |Unable to (initialize environment|read script file) because of )+"
)


def submitted(key: str, reply: Reply) -> Learned:
    """What a reply of qsub says of the job. A verifier's warnings may come before the id, on both streams."""
    match reply:
        case Exited(code=0, out=out):
            printed = [found for line in whole_lines(out) if (found := TERSE.fullmatch(line))]
            if printed:
                return Bound(key, printed[-1][1])
            return Doubt(key, f"qsub has printed no job id: {out.strip()[:200]!r}")
        case Exited(code=code, out=out) if code > 0 and any(map(TERSE.fullmatch, whole_lines(out))):
            return Doubt(key, f"it printed a job id, and {why(reply, 'qsub')}")
        case Exited(code=code, out=out, err=err) if code > 0:
            text = said(err or out)
            match words.outcome("\n".join((*whole_lines(err), *whole_lines(out)))):
                case "refused":
                    return Refused(key, text)
                case "doubt":
                    return Doubt(key, text or why(reply, "qsub"))
                case outcome:
                    return Later(key, text, holds_up=outcome)
        case Unreachable(reason, began=False):
            return Later(key, reason)
        case _:
            return Doubt(key, why(reply, "qsub"))


def said(text: str) -> str:
    """What a command has said, without what it says each time."""
    lines = (_NOISE.sub("", line.strip()).strip() for line in text.splitlines())
    return "; ".join(dict.fromkeys(line for line in lines if line))[:1000]


def why(reply: Reply, command: str) -> str:
    return replies.why(reply, command, said)


def succeeded(reply: Reply, command: str) -> str:
    return replies.succeeded(reply, command, said)


@dataclass(frozen=True, slots=True)
class Deletions:
    """What qdel has said of each job."""

    registered: dict[str, str] = field(default_factory=dict)  # running: number -> by whom it is ended
    deleted: dict[str, str] = field(default_factory=dict)  # waiting: number -> by whom it was taken out of the queue
    others: tuple[str, ...] = ()  # lines that are trouble


def deletions(reply: Reply) -> Deletions:
    """BackendError where qdel has said nothing that is known."""
    if not isinstance(reply, Exited) or reply.code < 0:
        raise BackendError(why(reply, "qdel"))
    registered: dict[str, str] = {}
    deleted: dict[str, str] = {}
    others = []
    for line in (reply.out + "\n" + reply.err).splitlines():
        if found := words.REGISTERED.search(line):
            registered[found["id"]] = found["who"]
        elif found := words.DELETED_PENDING.search(line):
            deleted[found["id"]] = found["who"]
        elif line.strip() and not (words.GONE.search(line) or words.ALREADY.search(line)):
            others.append(line.strip())
    return Deletions(registered, deleted, tuple(others))
