"""What a DRM wrote into a job's own stderr when it ended the job: evidence where its state names no cause.

The command's stderr is another file, so the lines are the DRM's, the job script's or the set-up's. They only ever
choose between the ways in which a job that did not end well may have ended.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from abell.job import Cause
from abell.script.safe_read import BadRecord, read_tail

log = logging.getLogger(__name__)

MOST_BYTES = 8192  # of the file's end
LONGEST_LINE = 400  # characters of a line that are looked at and shown
_RUN = re.compile(r"abell: run [0-9]+ of job [0-9]+$", re.ASCII)  # fragments/requeue.sh: what is above is another run's


@dataclass(frozen=True, slots=True)
class LastWord:
    """A line that names why the DRM ended the job."""

    cause: Cause
    text: str


def read_last_word(path: str, patterns: Mapping[str, Cause], owner_uid: int | None = None) -> LastWord | None:
    """The line that tells most, if there is one; a file that is absent, hostile or unreadable tells nothing."""
    if not patterns:
        return None
    try:
        data = read_tail(path, MOST_BYTES, owner_uid)
    except (OSError, BadRecord) as error:
        log.debug("%s: %s", path, error)
        return None
    return last_word(data.decode("utf-8", "replace"), patterns)


def last_word(text: str, patterns: Mapping[str, Cause]) -> LastWord | None:
    """Of the lines of the last run the last that names a cause; `cancelled` only if nothing else is named.

    A DRM that ends a job for its memory or time often goes on to say that it cancelled it.
    """
    found: LastWord | None = None
    for line in text.split("\n"):
        line = line.strip()[:LONGEST_LINE]
        if _RUN.match(line):
            found = None
            continue
        cause = next((cause for pattern, cause in patterns.items() if re.search(pattern, line)), None)
        if cause is None or (cause is Cause.CANCELLED and found is not None and found.cause is not Cause.CANCELLED):
            continue
        found = LastWord(cause, line)
    return found
