"""Galaxy's script integrity check: does the written script run from here, whole? Only where a site asks for it."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from abell.script.builder import INTEGRITY_CODE, INTEGRITY_VARIABLE


@dataclass(frozen=True, slots=True)
class Integrity:
    """`reason` says what the last try showed, if not `ok`."""

    ok: bool
    tries: int
    reason: str = ""


def check(script: Path, count: int = 35, sleep_s: float = 0.25, limit_s: float = 30.0) -> Integrity:
    """Run the script, which does nothing but exit with 42 then, up to `count` times, `sleep_s` seconds apart.

    A file just written over a network may not be visible or executable at once ("Text file busy"): nothing tells
    when it is, so this waits by the clock, as Galaxy does. Blocks: not for an event loop.
    """
    reason = "check_job_script_integrity_count is 0"
    for tries in range(1, count + 1):
        if tries > 1:
            time.sleep(sleep_s)
        reason = _try(script, limit_s)
        if not reason:
            return Integrity(ok=True, tries=tries)
    return Integrity(ok=False, tries=count, reason=reason)


def _try(script: Path, limit_s: float) -> str:
    try:
        done = subprocess.run(
            [str(script)],
            env={**os.environ, INTEGRITY_VARIABLE: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{script} did not end within {limit_s:g} s"
    except OSError as error:
        return f"{script}: {error.strerror}"
    return "" if done.returncode == INTEGRITY_CODE else f"{script} ended with {done.returncode}, not {INTEGRITY_CODE}"
