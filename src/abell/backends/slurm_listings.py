"""What squeue and sacct print: their rows, and the amounts in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from abell.backends.contract import BackendError

FIELD, RECORD = "\x1f", "\x1e"  # between fields, after records: no name of ours has them
SQUEUE = ("JobID", "State", "Reason", "exit_code", "RestartCnt", "TimeUsed", "BatchHost", "Name")
SACCT = ("JobID", "State", "ExitCode", "ElapsedRaw", "TotalCPU", "MaxRSS", "ReqMem", "AllocCPUS", "NodeList", "JobName")


class Queued(NamedTuple):
    """A record of squeue."""

    number: str
    word: str
    reason: str
    exit_code: str
    restarts: str
    time_used: str
    host: str
    name: str


class Booked(NamedTuple):
    """A row of sacct: of a job, or of a step of it."""

    number: str
    word: str
    exit_code: str
    elapsed: str
    cpu: str
    peak: str
    memory: str
    processors: str
    host: str
    name: str


NO_ACCOUNTING: Mapping[str, Booked] = {}  # the cluster has none
SILENT: Mapping[str, Booked] = {}  # it has, and it does not answer


def queued(text: str) -> Iterator[Queued]:
    """BackendError for what is no listing, or was cut: then nothing is known. `-M` may add lines `CLUSTER: NAME`."""
    *records, rest = text.split(RECORD + "\n")
    if rest.strip() and not re.fullmatch(r"(CLUSTER: .*\n)+", rest):
        raise BackendError(f"squeue has printed a line that is none, or that was cut: {rest[:200]!r}")
    for record in records:
        while record.startswith("CLUSTER: ") and "\n" in record:
            record = record.partition("\n")[2]
        fields = record.split(FIELD, len(SQUEUE) - 1)
        if len(fields) != len(SQUEUE) or number_of(fields[0].strip()) is None:
            raise BackendError(f"squeue has printed a line that is none: {record[:200]!r}")
        yield Queued(*(field.strip() for field in fields))


SHOWN = re.compile(
    r"JobId=(?P<number>\d+) JobName=(?P<name>.*)\n"  # of an array it shows several, with other words between these
    r"(?:.*\n)*?\s+JobState=(?P<word>\S+) Reason=(?P<reason>\S+) .*\n"
    r".*\sRestarts=(?P<restarts>\d+) .*\sExitCode=(?P<exit_code>\d+:\d+)\n"
    r"\s+RunTime=(?P<time_used>\S+) ",
    re.ASCII,
)
BATCH_HOST = re.compile(r"^\s+BatchHost=(\S+)$", re.MULTILINE)


def shown(text: str) -> Queued | None:
    """The job in the output of `scontrol show job NUMBER`; None if not all is there."""
    found = SHOWN.match(text)
    if found is None:
        return None
    host = BATCH_HOST.search(text)
    return Queued(**found.groupdict(), host=host[1] if host else "")


def booked(text: str) -> Iterator[Booked]:
    """BackendError for what is no listing, or was cut."""
    if text.strip() and not text.endswith("\n"):
        raise BackendError(f"sacct has printed a line that was cut: {text[-200:]!r}")
    for line in text.split("\n"):
        if not line.strip():
            continue
        fields = line.split(FIELD, len(SACCT) - 1)
        if len(fields) != len(SACCT) or number_of(re.split(r"[._+]", fields[0].strip())[0]) is None:
            raise BackendError(f"sacct has printed a line that is none: {line[:200]!r}")
        yield Booked(*(field.strip() for field in fields))


def wait_status(text: str) -> tuple[int | None, int | None]:
    """Exit code and signal of squeue's exit_code: a raw wait status (wait(2)), in some versions `CODE:SIGNAL`."""
    if ":" in text:
        return exit_and_signal(text)
    if not (text.isascii() and text.isdigit()):
        return None, None
    status = int(text)
    return (status >> 8) & 0xFF, status & 0x7F or None


def exit_and_signal(text: str) -> tuple[int | None, int | None]:
    """Of `CODE:SIGNAL`."""
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", text, re.ASCII)
    return (int(match[1]), int(match[2]) or None) if match else (None, None)


def seconds(text: str) -> float | None:
    """Of [D-][H:]MM:SS[.mmm]; None for what is none (`INVALID`, `N/A`)."""
    match = re.fullmatch(r"(?:(\d{1,6})-)?(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:\.\d{1,6})?)", text, re.ASCII)
    if match is None:
        return None
    day, hour, minute = (int(part or 0) for part in match.groups()[:3])
    return 86400 * day + 3600 * hour + 60 * minute + float(match[4])


_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}


def size_bytes(text: str) -> int | None:
    """Of `107120K`, `1.50G`, `0`."""
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,6})?)([KMGTP]?)", text, re.ASCII)
    return int(float(match[1]) * _BYTES[match[2]]) if match else None


def requested_bytes(text: str, processors: str) -> int | None:
    """Of ReqMem: `100M`, before 21.08 `100Mn` for each node and `64Mc` for each processor."""
    size = size_bytes(text.rstrip("nc"))
    return size if size is None or not text.endswith("c") else size * (number_of(processors) or 1)


def number_of(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def seconds_raw(text: str) -> float | None:
    number = number_of(text)
    return None if number is None else float(number)


def host_name(text: str) -> str:
    return "" if text in ("n/a", "N/A", "None assigned", "(null)") else text
