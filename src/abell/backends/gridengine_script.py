"""Names and paths of jobs as Grid Engine takes them. Pure."""

from __future__ import annotations

import re

from abell.backends.contract import Submission

KEY = re.compile(r"(?:^|\.)(a[a-z2-7]{13})$")
# What it puts in for these in a path, whatever quotes there are (qsub(1), -e).
PSEUDO = re.compile(r"\$(HOME|USER|JOB_ID|JOB_NAME|HOSTNAME|TASK_ID)\b")


def job_name(submission: Submission) -> str:
    """No digit first; none of `/ : @ \\ * ?` and white space (sge_types(5), object_name and job_name)."""
    cleaned = re.sub(r"[^A-Za-z0-9_.+-]+", "_", submission.name, flags=re.ASCII)[:40].strip("_.+-")
    if cleaned[:1].isdigit():
        cleaned = f"j{cleaned}"
    return f"{cleaned or f'abell-{submission.job_id}'}.{submission.key}"


def key_of(name: str) -> str:
    """The key at the end of a job's name, or alone, where a name has 15 characters; '' for a name that is not ours."""
    found = KEY.search(name)
    return found[1] if found else ""


def unusable(path: str) -> str:
    """Why no stream of a job can go there; '' if it can. There is no quoting in these."""
    if "," in path:
        return f"{path}: Grid Engine reads a comma as the end of a path: keep jobs in a directory without one"
    if found := PSEUDO.search(path):
        return f"{path}: Grid Engine puts in a value for {found[0]}: keep jobs in a directory without that"
    return ""


def path_of(path: str) -> str:
    """A path for -o and -e, on whichever host; the first colon ends a host's name."""
    return f":{path}"
