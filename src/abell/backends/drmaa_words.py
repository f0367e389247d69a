"""DRMAA's words: states of a job, error codes, and what they mean for a submission.

Source: GFD.133, 3.2.6 ("job program status") and 3.3 ("error codes"), and the libraries named in the rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from abell.backends.replies import Outcome
from abell.job import Cause, State

# UNDETERMINED has no row: the library cannot tell, so nothing is learned.
STATES: Mapping[str, State | Cause] = {
    "QUEUED_ACTIVE": State.QUEUED,
    "SYSTEM_ON_HOLD": State.HELD,
    "USER_ON_HOLD": State.HELD,
    "USER_SYSTEM_ON_HOLD": State.HELD,
    "RUNNING": State.RUNNING,
    "SYSTEM_SUSPENDED": State.SUSPENDED,
    "USER_SUSPENDED": State.SUSPENDED,
    "USER_SYSTEM_SUSPENDED": State.SUSPENDED,
    "DONE": Cause.OK,  # it "finished normally": by a signal, or over its time, too. `drmaa_endings.py` asks how
    "FAILED": Cause.EXIT,  # it "finished abnormally": ended from outside, or never started
}
HELD_BY: Mapping[str, str] = {
    "SYSTEM_ON_HOLD": "held by the DRM or its administrator",
    "USER_ON_HOLD": "held by its user: somebody has to release it",
    "USER_SYSTEM_ON_HOLD": "held by its user and by the DRM",
}

# A failed submission: it will never be taken (refused), its destination or the whole cluster pauses, or nobody knows.
SUBMISSIONS: Mapping[str, Outcome] = {
    "TRY_LATER": "cluster",  # "could not pass the request now because the load of the DRM is too high"
    "DRM_COMMUNICATION_FAILURE": "doubt",  # "could not contact the DRM": Grid Engine says it of a lost answer, too
    "NO_MEMORY": "doubt",  # for what, it does not say: it may have been for the answer
    "NO_ACTIVE_SESSION": "cluster",
    "DENIED_BY_DRM": "refused",  # "the DRM rejected the job due to its configuration or the job's attributes"
    "AUTH_FAILURE": "refused",  # "the caller is not authorised"
    "INVALID_ARGUMENT": "refused",
    "INVALID_ATTRIBUTE_FORMAT": "refused",
    "INVALID_ATTRIBUTE_VALUE": "refused",
    "CONFLICTING_ATTRIBUTE_VALUES": "refused",
    "INTERNAL_ERROR": "doubt",  # "unexpected or internal DRMAA error": at what step, it does not say
}
# What a library says beside an error that its code alone does not tell: the first that is found counts.
_TEXTS: tuple[tuple[str, Outcome], ...] = (
    # Grid Engine's max_u_jobs and max_jobs, with TRY_LATER (seen in 8.1.9); limits of other DRMs.
    (r"(?i)only \d+ jobs are allowed per user", "destination"),
    (r"job rejected: .*\bmax(imum)?\b.*\bjobs\b", "destination"),
    (r"(?i)\b(AssocMaxSubmitJobLimit|QOSMaxSubmitJob|MaxSubmitJob|submit limit|job limit)", "destination"),  # Slurm
    (r"(?i)would exceed (queue|server|.*user).*limit|maximum number of jobs", "destination"),  # PBS, TORQUE
    (r"(?i)(user|queue|project).*\b(job|pending) .*(limit|threshold)", "destination"),  # LSF
    # Grid Engine: a qmaster that is not there, or one that has taken the job and whose answer did not arrive.
    (r"unable to (send message to|contact) qmaster|got no response from .*qmaster|commlib error", "doubt"),
)


def outcome(error: str, text: str) -> Outcome:
    """What an error of drmaa_run_job means. A code that nobody knows leaves in doubt whether the job was taken.

    Doubt costs one attempt, whose run lock the server takes: so whatever is not certain is doubt.
    """
    if error in ("TRY_LATER", "DENIED_BY_DRM", "INTERNAL_ERROR"):
        for pattern, told in _TEXTS:
            if re.search(pattern, text):
                return told
    return SUBMISSIONS.get(error, "doubt")


def is_over(error: str, text: str) -> bool:
    """An error of drmaa_control that says of a job to be ended that it is over already."""
    return error == "INVALID_JOB" or "already completing or completed" in text.lower()  # slurm-drmaa
