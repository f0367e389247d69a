"""Grid Engine's words and what they mean: job states, `failed` codes, refusals of qsub, replies of qdel. Tables.

Sources: sge_status(5), qstat(1), qsub(1), accounting(5) of Son of Grid Engine 8.1.9, its message files
(source/common/msg_*.h, source/daemons/qmaster/msg_qmaster.h), and what an 8.1.9 was seen to say. Of Univa and Altair
Grid Engine: their manual pages, and output that its users have published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from abell.backends import replies
from abell.backends.replies import said
from abell.job import Cause, State

# -- job states -------------------------------------------------------------------------------------------------------

# The letters of a state, those that decide first. `d`, `R` and `q` say nothing by themselves.
_LETTERS: tuple[tuple[str, State | Cause], ...] = (
    ("E", Cause.REJECTED),  # it could not be started, and never will be: `qstat -j` says why
    ("z", State.RUNNING),  # finished, with `qstat -s z`: how is for qacct to say
    ("s", State.SUSPENDED),  # qmod -sj
    ("S", State.SUSPENDED),  # with its queue
    ("T", State.SUSPENDED),  # its queue's suspend threshold was exceeded
    ("N", State.SUSPENDED),  # Univa: "enhanced suspended"
    ("P", State.SUSPENDED),  # Univa: preempted, and to be resumed
    ("r", State.RUNNING),  # also `hr`: a hold of a running job is for its next start
    ("t", State.QUEUED),  # on its way to a node, which has not said that it runs
    ("h", State.HELD),  # or its job dependencies are not over
    ("w", State.QUEUED),
    ("q", State.QUEUED),  # `Rq`: put back into the queue
)
_NO_STATE = frozenset("dR")
DELETED = "d"  # qdel was used, and its end is still to come
RESTARTED = "R"  # it was started before


def meaning(word: str) -> State | Cause | None:
    """Of a state as qstat shows it, `dRr` or `hqw`; None if a letter of it is not known, or there is none."""
    known = {letter for letter, _ in _LETTERS} | _NO_STATE
    if not set(word) <= known:
        return None
    return next((what for letter, what in _LETTERS if letter in word), None)


_LISTED = (  # sge_status(5), "Job state"
    ("qw", "Rq", "hqw", "hRwq", "hRq", "Rqw"),
    ("r", "hr", "t", "Rr", "Rt"),
    ("s", "ts", "S", "tS", "T", "tT", "Rs", "Rts", "RS", "RtS", "RT", "RtT"),
    ("Eqw", "Ehqw", "EhRqw", "ERqw"),
    ("dr", "dt", "dRr", "dRt", "ds", "dS", "dT", "dRs", "dRS", "dRT"),
    ("z",),
    ("N", "P", "RN", "RP", "dN", "dP"),  # Univa, qstat(1)
)
STATES: Mapping[str, State | Cause] = {
    word: what for words in _LISTED for word in words if (what := meaning(word)) is not None
}

# -- `failed` of the accounting ---------------------------------------------------------------------------------------

# ran: its exit status tells. lives: it goes back into the queue. limit: one that the DRM enforces. signal: it died by
# one. job: it could not be started, by its own fault. node: by its node's.
Kind = Literal["ran", "lives", "limit", "signal", "job", "node"]
FAILED: Mapping[int, Kind] = {
    0: "ran",
    1: "node",  # assumedly before job: failed early in the node's daemon
    3: "node",  # before writing config
    4: "node",  # before writing PID
    5: "node",  # on reading config file
    6: "node",  # setting processor set
    7: "node",  # before prolog
    8: "node",  # in prolog
    9: "node",  # before starting the parallel environment
    10: "node",  # in its starter
    11: "node",  # before job: in the shepherd
    12: "ran",  # before pestop
    13: "ran",  # in pestop
    14: "ran",  # before epilog
    15: "ran",  # in epilog
    16: "ran",  # releasing processor set
    17: "signal",
    18: "node",  # shepherd returned error: it died somehow
    19: "node",  # before writing exit_status: the node crashed, or the shepherd
    20: "node",  # found unexpected error file
    21: "node",  # in recognizing job: the node knows nothing of it
    24: "lives",  # migrating
    25: "lives",  # rescheduling
    26: "job",  # opening input/output file
    27: "job",  # searching requested shell
    28: "job",  # changing into working directory
    29: "node",  # AFS setup
    30: "ran",  # application error returned: exit code 100
    31: "node",  # accessing sgepasswd file
    32: "node",  # entry is missing in password file
    33: "node",  # wrong password
    34: "node",  # communicating with Grid Engine Helper Service
    35: "node",  # before job in Grid Engine Helper Service
    36: "node",  # checking configured daemons
    37: "limit",  # "qmaster enforced h_rt, h_cpu, or h_vmem limit"
    38: "node",  # adding supplementary group
    # Univa and Altair say which: "44 : execd enforced h_rt limit", "46 : execd enforced h_vmem limit".
    43: "limit",
    44: "limit",
    45: "limit",
    46: "limit",
    47: "limit",
    48: "limit",
    100: "signal",  # assumedly after job: it died by a signal, or its shepherd did
}
LIMIT = re.compile(r"\b([hs]_(?:rt|cpu|vmem|rss|data|stack|core|fsize)|m_mem_free)\b")


def enforced(text: str) -> str:
    """The one limit that a text of `failed` names; '' if it names several or none."""
    found = set(LIMIT.findall(text))
    return found.pop() if len(found) == 1 else ""


# -- what qsub says when it takes no job ------------------------------------------------------------------------------

# The first row that is found decides.
QSUB: tuple[replies.Said, ...] = (
    # It may have been heard: the answer is what was lost.
    said(r"failed receiving|unable to receive|receive (error|timeout)|timeout error", "doubt"),
    said(r"error reading answer list|got read error|got no answer|no answer from qmaster", "doubt"),
    said(r"can't find connection|connection (was )?(closed|reset)|broken pipe|timeout (while|was) waiting", "doubt"),
    # Outages before the job was handed over.
    said(r"commlib error: got select error", "cluster"),  # connection refused
    said(r"commlib error: (can't connect|endpoint is not unique|access denied|ssl|can't resolve)", "cluster"),
    said(r"unable to (send message to|contact) qmaster|got send error", "cluster"),
    said(r"can't resolve (the )?(qmaster|master) host|can't get (qmaster|master) host", "cluster"),
    said(r"unable to initialize environment|cell directory .* doesn't exist|set the environment variable", "cluster"),
    said(r"SGE_ROOT (directory )?.* doesn't exist|act_qmaster|qmaster .*(is going down|shut ?down)", "cluster"),
    said(r"can't be written|couldn't be written|no space left|disk full", "cluster"),  # qmaster's spool
    said(r"\bgdi\b.*(busy|overload)|too many (client )?connections", "cluster"),
    said(r"denied: host .* is no(t a)? submit host|no submit host", "cluster"),  # an administrator must say so
    # Limits on how many: max_jobs of the cluster, max_u_jobs of the user (sge_conf(5)).
    said(r"only \d+ jobs are allowed per user", "destination"),
    said(r"only \d+ jobs are allowed per cluster", "cluster"),
    said(r"\b(max_u_jobs|max_jobs)\b|try (it )?again", "destination"),  # in the words of a verifier
    # All else that qmaster or a verifier has answered is about the job.
    said(r"Unable to run job:", "refused"),
    said(r"Unable to read script file", "refused"),
    said(r"invalid option argument|option must have argument|unknown option|qsub: ", "refused"),
    said(r"ERROR! |denied: |job rejected|jsv stderr", "refused"),
)


def outcome(err: str) -> replies.Outcome:
    """What qsub's complaints mean for the job; a text that nobody knows is doubt."""
    return replies.outcome(QSUB, err)


# -- what qdel says ---------------------------------------------------------------------------------------------------

REGISTERED = re.compile(  # it was started; of a dead execd the qmaster says the second, and marks the job all the same
    r"(?P<who>[^\s|]+) "
    r"(?:has registered the job |unable to sync state with remote execd for the deletion of job \"?)(?P<id>\d+)"
)
DELETED_PENDING = re.compile(r"(?P<who>[^\s|]+) has deleted job (?P<id>\d+)\b")  # it was not running; no qacct for it
GONE = re.compile(r"denied: job \"?(?P<id>\d+)\"? does not exist")
ALREADY = re.compile(r"job (?P<id>\d+) is already in deletion|already registered for deletion")
FORBIDDEN = re.compile(r"you do not have the necessary privileges to delete")
