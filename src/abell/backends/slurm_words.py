"""Slurm's words and what they mean, from 20.11 to 26.05: states, reasons, refusals, last words. Tables, no code.

Sources: squeue(1) and sacct(1) "JOB STATE CODES", squeue(1) "JOB REASON CODES", https://slurm.schedmd.com/resource_limits.html,
Slurm's src/common/slurm_errno.c and slurm_protocol_defs.c, and what a 22.05 was seen to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from abell.backends import replies
from abell.backends.replies import said
from abell.job import Cause, State

_LONG: Mapping[str, tuple[str, State | Cause]] = {  # long form -> short form, meaning
    "PENDING": ("PD", State.QUEUED),  # or HELD: its reason tells
    "CONFIGURING": ("CF", State.QUEUED),  # it has nodes, and they boot
    "RUNNING": ("R", State.RUNNING),
    "COMPLETING": ("CG", State.RUNNING),  # over, but processes or an epilog are left: how it ended is said afterwards
    "STAGE_OUT": ("SO", State.RUNNING),  # burst buffer: files are still moved
    "RESIZING": ("RS", State.RUNNING),
    "SIGNALING": ("SI", State.RUNNING),
    "EXPEDITING": ("EX", State.QUEUED),  # 25.05: requeued, and goes first
    "POWER_UP_NODE": ("PO", State.QUEUED),  # 24.11
    "UPDATE_DB": ("UD", State.RUNNING),  # 24.11: over; the accounting is told
    "SUSPENDED": ("S", State.SUSPENDED),  # its processors are for others
    "STOPPED": ("ST", State.SUSPENDED),  # SIGSTOP; it keeps its processors
    "REQUEUED": ("RQ", State.QUEUED),  # it goes back into the queue
    "REQUEUE_FED": ("RF", State.QUEUED),
    "REQUEUE_HOLD": ("RH", State.HELD),
    "SPECIAL_EXIT": ("SE", State.HELD),  # requeued and held, by an exit code of slurm.conf's RequeueExitHold
    "RESV_DEL_HOLD": ("RD", State.HELD),  # its reservation was deleted
    "REVOKED": ("RV", State.QUEUED),  # federation: another cluster took it
    "COMPLETED": ("CD", Cause.OK),
    "FAILED": ("F", Cause.EXIT),  # or SIGNAL: ExitCode tells
    "TIMEOUT": ("TO", Cause.WALLTIME),
    "DEADLINE": ("DL", Cause.WALLTIME),  # --deadline
    "OUT_OF_MEMORY": ("OOM", Cause.MEMORY),
    "NODE_FAIL": ("NF", Cause.NODE),
    "BOOT_FAIL": ("BF", Cause.NODE),
    "RECONFIG_FAIL": ("RC", Cause.NODE),  # 24.11: the node could not be reconfigured
    "LAUNCH_FAILED": ("LF", Cause.NODE),  # 24.11: the prolog failed there, or slurmd could not start it
    "PREEMPTED": ("PR", Cause.PREEMPTED),
    "CANCELLED": ("CA", Cause.CANCELLED),  # the accounting adds " by UID"
}
STATES: Mapping[str, State | Cause] = {
    word: meaning for long, (short, meaning) in _LONG.items() for word in (long, short)
}

_RELEASE = "`scontrol release ID` lets it go"
_IMPOSSIBLE = "cancel it, and change the destination's options or what the job asks for"
_ACCOUNT = "the cluster's administrator can change that (`sacctmgr`); else cancel it and use another"

# Reasons of a pending job that no waiting ends: what it means, and the remedy. Spaces stand as underscores.
HELD: Mapping[str, str] = {
    "JobHeldUser": f"held by its user: {_RELEASE}",
    "JobHeldAdmin": "held by an administrator, who alone can release it",
    "launch_failed_requeued_held": f"the node could not start it, and Slurm holds it: see slurmd's log; {_RELEASE}",
    "launch_failure_limit_exceeded_requeued_held": f"nodes could not start it too often: see slurmd's log; {_RELEASE}",
    "job_requeued_in_held_state": f"put back into the queue and held: {_RELEASE}",
    "JobHoldMaxRequeue": f"requeued too often (slurm.conf, max_batch_requeue): {_RELEASE}",
    "DependencyNeverSatisfied": f"what it depends on will never come: {_IMPOSSIBLE}",
    "BadConstraints": f"no node has what it asks for: {_IMPOSSIBLE}",
    "PartitionConfig": f"its partition has no such nodes: {_IMPOSSIBLE}",
    "PartitionNodeLimit": f"more or other nodes than its partition gives, or they are down: {_IMPOSSIBLE}",
    "PartitionTimeLimit": f"longer than its partition gives: {_IMPOSSIBLE}",
    "AccountNotAllowed": f"its account may not use its partition: {_ACCOUNT}",
    "QOSNotAllowed": f"its QOS may not be used in its partition: {_ACCOUNT}",
    "InvalidAccount": f"its account is not valid: {_ACCOUNT}",
    "InvalidQOS": f"its QOS is not valid: {_ACCOUNT}",
    "ReservationDeleted": f"its reservation was deleted: {_IMPOSSIBLE}",
    "NodeNotAvail": f"a node that it asks for by name is not there: {_IMPOSSIBLE}",
}
CANCELS = ("DependencyNeverSatisfied",)  # with --kill-on-invalid-dep=yes
# Limits on one job, not on how many: AssocMaxCpuPerJobLimit, QOSMaxWallDurationPerJobLimit, ...
HELD_LIMIT = re.compile(r"(Assoc|QOS)(Max|Min)\w*(PerJob|PerNode|PerJobLimit|MinutesPerJob\w*|Cpu|Memory|Node)\w*")
_NOT_PERMITTED = re.compile(r"not_in_group_permitted_to_use_this_partition")  # since 24.11, in a sentence
_JOBS_OR_USER = re.compile(r"\w*(PerUser|PerAccount|MaxJobs|MaxSubmit)\w*")

WAITS: Mapping[str, str] = {  # reasons that pass, where the word alone says too little
    "Resources": "waits for free resources",
    "Priority": "jobs of higher priority go first",
    "BeginTime": "may not begin yet; after a requeue Slurm waits two minutes",
    "Dependency": "waits for another job",
    "Licenses": "waits for a licence",
    "Cleaning": "its earlier run is still being cleaned up",
    "Prolog": "its prolog runs",
    "Reservation": "waits for its reservation",
    "ReqNodeNotAvail": "a node that it asks for is down, drained or reserved",
    "PartitionDown": "its partition is down",
    "PartitionInactive": "its partition is inactive",
    "QOSMaxJobsPerUserLimit": "as many jobs of this user run as the QOS allows",
    "AssocMaxJobsLimit": "as many jobs of this account run as it allows",
}


def is_held(reason: str) -> str:
    """Why a pending job with this reason will not start by itself, and the remedy; '' if it only waits."""
    word = reason.strip().strip("()").replace(" ", "_").partition(",")[0]
    if word in HELD:
        return HELD[word]
    if _NOT_PERMITTED.search(word):
        return f"its user may not use its partition: {_IMPOSSIBLE}"
    if HELD_LIMIT.fullmatch(word) and not _JOBS_OR_USER.fullmatch(word):
        return f"one job of this account or QOS may not have so much: {_IMPOSSIBLE}"
    return ""


# -- what sbatch says when it takes no job ----------------------------------------------------------------------------

# The first row that is found decides.
SBATCH: tuple[replies.Said, ...] = (
    # It may have been heard (slurm_errno.c, "communication failures"): the reply is what was lost.
    said(r"Socket timed out on send/recv", "doubt"),
    said(r"Connection timed out (writing|reading)", "doubt"),
    said(r"Zero Bytes were transmitted or received", "doubt"),
    said(r"\((send|receive|shutdown) failure\)", "doubt"),
    said(r"Message (send|receive) failure", "doubt"),
    said(r"Unexpected message received", "doubt"),
    said(r"Kernel reported delayed socket error", "doubt"),
    said(r"failed: (Connection (reset|timed out)|Broken pipe|Transport endpoint)", "doubt"),
    # Limits on how many: ESLURM_ACCOUNTING_POLICY has one text for all limits, and a line of its own before it names
    # the limit (src/sbatch/sbatch.c: "sbatch: error: AssocMaxSubmitJobLimit", since 18.08).
    said(r"\b(Assoc|QOS)(Max|Grp)Submit\w*", "destination"),
    # The whole cluster's queue is full (slurm.conf, MaxJobCount): sbatch has tried for two minutes by itself.
    said(r"MaxJobCount limit reached|Slurm job queue full", "cluster"),  # since 25.11
    said(r"Slurm temporarily unable to accept job", "cluster"),
    said(r"Rate limit exceeded", "cluster"),  # SLURMCTLD_COMMUNICATIONS_BACKOFF, 23.02
    said(r"Burst Buffer resource limit exceeded", "destination"),
    said(r"Required partition not available", "destination"),  # ESLURM_PARTITION_NOT_AVAIL: inactive or drain
    # Outages before the job was handed over.
    said(r"\(connect failure\)", "cluster"),  # SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR
    said(r"Connection timed out establishing", "cluster"),
    said(r"failed: (Connection refused|No route to host|Network is unreachable)", "cluster"),
    said(r"Job creation temporarily disabled", "cluster"),  # src/sbatch/sbatch.c
    said(r"Slurm backup controller in standby mode", "cluster"),
    said(r"Requested operation is presently disabled", "cluster"),  # ESLURM_DISABLED
    said(r"I/O error writing script/environment to file", "cluster"),  # ESLURM_WRITING_TO_FILE: its disk is full
    said(r"Munge encode failed|If munged is up|Failed to access \".*munge", "cluster"),
    said(r"Could not establish a configuration source|Unable to process configuration file", "cluster"),
    said(r"Unable to establish controller machine", "cluster"),
    said(r"Address already in use|Resource temporarily unavailable|Cannot allocate memory", "cluster"),
    said(r"sbatch: error: No cluster '.*' known", "refused"),
    # -M: slurmdbd tells where that cluster is, and its controller must answer.
    said(r"Problem talking to (the )?database|Sending PersistInit msg|DBD_GET_CLUSTERS", "cluster"),
    said(r"can't be reached now, or it is an invalid entry for --cluster", "cluster"),
    # "Protocol authentication error" and "Invalid user" need an administrator, and pass: the job is not at fault.
    said(r"Protocol authentication error", "cluster"),
    said(r"Incompatible versions of client and server code", "cluster"),
    # Anything else that the controller answered is about the job.
    said(r"Batch job submission failed:", "refused"),
    # sbatch itself did not like the script or its options, and has asked nobody.
    said(r"\b(unrecognized|invalid|ambiguous) option\b", "refused"),
    said(r"\boption '.*' (is ambiguous|requires an argument|doesn't allow an argument)", "refused"),
    said(r"sbatch: (error|fatal): (Invalid|Incompatible|Illegal|Bad|Missing|Unrecognized) ", "refused"),
    said(r"sbatch: error: .*(mutually exclusive|is not allowed|is illegal|specification\b)", "refused"),
    said(r"sbatch: fatal: ", "refused"),
    said(
        r"Batch script is empty|Unable to open file|This does not look like a batch script|contains DOS line breaks",
        "refused",
    ),
)


def outcome(err: str) -> replies.Outcome:
    """What sbatch's complaints mean for the job; a text that nobody knows is doubt."""
    return replies.outcome(SBATCH, err)


# -- what slurmd and slurmstepd write into a job's own stderr ---------------------------------------------------------

# Until 25.11 "slurmstepd-n1: error: ", in 26.05 "[2026-11-22T19:26:53.971] error: ".
_DAEMON = r"^((slurmstepd|slurmd)(-\S+)?: (error: )?|\[\d{4}-\d\d-\d\dT[\d:.]+\] error: )"
LAST_WORDS: Mapping[str, Cause] = {
    r"^Error running slurm prolog": Cause.NODE,  # slurmctld says only COMPLETED 0:0 (20.11) or CANCELLED
    _DAEMON + r"\*\*\* (JOB|STEP) \S+ ON \S+ CANCELLED AT \S+ DUE TO TIME LIMIT": Cause.WALLTIME,
    _DAEMON + r".*\bexceeded (job |step |virtual )?memory limit\b.*being killed": Cause.MEMORY,
    _DAEMON + r"Exceeded (job|step) memory limit": Cause.MEMORY,
    _DAEMON + r".*: Exceeded (job|step) memory limit at some point": Cause.MEMORY,
    _DAEMON + r".*\boom[-_]kill\b": Cause.MEMORY,  # "Detected 1 oom_kill event in StepId=5.batch", "oom-kill event(s)"
    _DAEMON + r"\*\*\* (JOB|STEP) \S+ ON \S+ CANCELLED AT \S+ DUE TO NODE FAILURE": Cause.NODE,
    _DAEMON + r"\*\*\* (JOB|STEP) \S+ ON \S+ CANCELLED AT \S+ DUE TO PREEMPTION": Cause.PREEMPTED,
}
