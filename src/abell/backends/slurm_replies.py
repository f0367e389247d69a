"""What the replies of Slurm's commands mean, most of all those of sbatch. Pure."""

from __future__ import annotations

import re

from abell.backends import replies, slurm_words
from abell.backends.contract import (
    Bound,
    Doubt,
    Exited,
    Later,
    Learned,
    Refused,
    Reply,
    Submission,
    Unreachable,
)
from abell.backends.replies import whole_lines

PARSABLE = re.compile(r"(\d+)(?:;(\S+))?", re.ASCII)  # sbatch --parsable
COMMAND = re.compile(r"^\w+: (error: |fatal: )?(Batch job submission failed: )?")
TRIES_AGAIN = re.compile(r", (sleeping and )?retrying( in \d+ ?sec.*)?\.?$", re.ASCII)
NO_CONFIGURATION = re.compile(r"Could not establish a configuration source|Unable to process configuration file")


def submitted(key: str, cluster: str, reply: Reply) -> Learned:
    """What a reply of sbatch says of the job. Of a line that was cut nothing is believed: 12 may have been 123."""
    match reply:
        case Exited(code=0, out=out):
            printed = [found for line in whole_lines(out) if (found := PARSABLE.fullmatch(line))]
            if printed:
                return Bound(key, native_id(printed[-1][1], cluster))
            return Doubt(key, f"sbatch has printed no job id: {out.strip()[:200]!r}")
        case Exited(code=code, out=out) if code > 0 and any(map(PARSABLE.fullmatch, out.split())):
            return Doubt(key, f"it printed a job id, and {why(reply, 'sbatch')}")
        case Exited(code=code, err=err) if code > 0:
            text = said(err)
            outcome = slurm_words.outcome("\n".join(whole_lines(err)))
            match outcome:
                case "refused":
                    return Refused(key, text)
                case "doubt":
                    return Doubt(key, text or why(reply, "sbatch"))
                case _:
                    return Later(key, text, holds_up=outcome)
        case Unreachable(reason, began=False):
            return Later(key, reason)
        case _:
            return Doubt(key, why(reply, "sbatch"))


def holds_up(no: Later, other: Submission, there: str, job: Submission, cluster: str) -> bool:
    """Whether what was said of the other job, for now, goes for this one, too."""
    return there == cluster and replies.holds_up(no, other, job)


def said(err: str) -> str:
    """What a command has said, without its name and without what it only repeats."""
    lines = (COMMAND.sub("", TRIES_AGAIN.sub("", line.strip())) for line in err.splitlines())
    kept = [line for line in lines if line and "retrying" not in line and "for more information" not in line]
    text = "; ".join(dict.fromkeys(kept))
    if NO_CONFIGURATION.search(text):
        text = f"no usable slurm.conf: set the runner's slurm_conf, or SLURM_CONF for the server ({text})"
    return text[:1000]


def why(reply: Reply, command: str) -> str:
    return replies.why(reply, command, said)


def succeeded(reply: Reply, command: str) -> str:
    return replies.succeeded(reply, command, said)


def all_gone(err: str) -> bool:
    """scancel's complaints are all about jobs that are over already."""
    lines = [line for line in err.splitlines() if line.strip()]
    return bool(lines) and all(
        re.search(r"Invalid job id specified|already completing or completed", line, re.IGNORECASE) for line in lines
    )


def native_id(number: str, cluster: str) -> str:
    return f"{number}.{cluster}" if cluster else number
