"""What a verdict becomes: an ending for the record, and what may then be tidied away."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from abell.engine.live import Live
from abell.engine.verdict import Verdict
from abell.job import Cause, Sighting, Usage
from abell.store.statements import End

F = TypeVar("F", int, float)
TRANSIENT = ("working", "home", "tmp", "configs")  # what cleanup_job removes; streams and records are kept
OF_RUNS = re.compile(r"_(working|outputs|configs|declared)(\.part)?|tmp\.[0-9]+")  # fragments/requeue.sh


def ending(live: Live, verdict: Verdict, outputs: Sequence[dict[str, Any]] = ()) -> End:
    """The ending of a live attempt's job, with the best figures that anyone has."""
    record = live.record
    told = record.usage if record else Usage()
    seen = live.last_word.usage if isinstance(live.last_word, Sighting) else Usage()
    usage = Usage(
        elapsed_s=told.elapsed_s if told.elapsed_s is not None else seen.elapsed_s,
        cpu_s=_most(told.cpu_s, seen.cpu_s),
        memory_bytes=_most(told.memory_bytes, seen.memory_bytes),
    )
    return End(
        job_id=live.job_id,
        key=live.key,
        cause=verdict.cause,
        message=verdict.message,
        exit_code=verdict.exit_code,
        signal=verdict.signal,
        usage=usage,
        outputs=outputs,
        metadata_exit=record.metadata_exit if record else None,
    )


def tidy(directory: Path, cause: Cause, policy: Literal["always", "onsuccess", "never"], requeue: bool = False) -> None:
    """Remove the working files of an ended attempt as `cleanup_job` says. Its streams and its record stay."""
    if policy == "never" or (policy == "onsuccess" and cause is not Cause.OK):
        return
    for name in TRANSIENT:
        if _holds_something(directory / name):
            shutil.rmtree(directory / name, ignore_errors=True)
    if requeue:
        with contextlib.suppress(OSError):
            for path in directory.iterdir():
                if OF_RUNS.fullmatch(path.name):
                    shutil.rmtree(path, ignore_errors=True)


def _holds_something(directory: Path) -> bool:
    """An empty directory costs nothing where it is, and ext4 makes new files slowly for minutes after many removals."""
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _most(*figures: F | None) -> F | None:
    return max((f for f in figures if f is not None), default=None)
