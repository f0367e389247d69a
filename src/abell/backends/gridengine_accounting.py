"""What qacct prints: the records of ended jobs, and the amounts in them. Pure.

A job has a record for each of its runs. Son of Grid Engine writes units (`4s`, `259.672MB`) and the job's requests
(`category`); Univa and Altair write bare seconds and `1.656G`, who deleted it (`deleted_by`) and the command that
submitted it (`submit_cmd`); 6.2u5 and Open Grid Scheduler write bare seconds, and neither.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from abell.backends.contract import BackendError
from abell.backends.gridengine_amounts import number, seconds, size_bytes, usage_bytes


class Record(NamedTuple):
    """One run of a job."""

    number: str
    name: str
    owner: str
    host: str
    queue: str
    slots: int
    failed: int | None
    failed_text: str
    exit_status: int | None
    deleted_by: str  # '' if nobody, or not told
    elapsed_s: float | None
    cpu_s: float | None
    memory_bytes: int | None  # the peak of the address space, which is what h_vmem limits
    rss_bytes: int | None  # the peak of resident memory, where it is told
    requests: Mapping[str, str]  # resource -> amount, as asked for by -l; for each slot
    started: bool


_NONE = ("", "NONE", "none", "undefined", "UNKNOWN", "-/-")
_SUMS = re.compile(r"^(Total System Usage|(OWNER\s.*|)WALLCLOCK )", re.MULTILINE)
_NOT_FOUND = re.compile(r"error: job (?:id|name) (\S+) (?:is )?not found", re.IGNORECASE)


def records(text: str) -> list[Record]:
    """In the order of the file: of several with one number the last one counts.

    BackendError for what is no output of qacct, or was cut.
    """
    if text.strip() and not text.endswith("\n"):
        raise BackendError(f"qacct has printed a line that was cut: {text[-200:]!r}")
    parts = re.split(r"^={10,}\s*\n", text, flags=re.MULTILINE)
    found = []
    for before, part in pairwise(parts):
        if _SUMS.search(before):  # below them a line is ruled, as between records
            continue
        fields = dict(_fields(part))
        if "jobnumber" not in fields or "exit_status" not in fields:
            raise BackendError(f"qacct has printed a record that is none: {part[:200]!r}")
        found.append(_record(fields))
    return found


def _fields(part: str) -> Iterable[tuple[str, str]]:
    for line in part.splitlines():
        name, _, value = line.partition(" ")
        if re.fullmatch(r"[a-z_]+", name):
            yield name, value.strip()
        elif _SUMS.match(line):
            return


def _record(fields: Mapping[str, str]) -> Record:
    def text(name: str) -> str:
        value = fields.get(name, "")
        return "" if value in _NONE else value

    failed, _, said = text("failed").partition(":")
    status = re.match(r"\d+", text("exit_status"))
    elapsed = seconds(text("wallclock"))
    return Record(
        number=text("jobnumber"),
        name=text("jobname"),
        owner=text("owner"),
        host=text("hostname"),
        queue=text("qname"),
        slots=number(text("slots")) or 1,
        failed=number(failed.strip()),
        failed_text=said.strip(),
        exit_status=int(status[0]) if status else None,
        deleted_by=text("deleted_by"),
        elapsed_s=seconds(text("ru_wallclock")) if elapsed is None else elapsed,
        cpu_s=seconds(text("cpu")),
        memory_bytes=usage_bytes(text("maxvmem")) or None,
        rss_bytes=usage_bytes(text("maxrss")) or None,
        requests=requests(text("category") or text("submit_cmd")),
        started=bool(text("start_time")) and "1970" not in text("start_time"),
    )


def requests(command: str) -> dict[str, str]:
    """Resource -> amount of the hard `-l` in a category or in the command that submitted a job.

    The same resource twice: the last one, as qsub takes it.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    found: dict[str, str] = {}
    soft = False
    for option, value in pairwise((*words, "")):
        if option in ("-soft", "-hard"):
            soft = option == "-soft"
        elif option == "-l" and not soft:
            found |= resources(value)
    return found


def resources(text: str) -> dict[str, str]:
    """Of `h_rt=3600,h_vmem=2G`; one without an amount is a boolean that must be true."""
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {name.strip(): value.strip() if equals else "TRUE" for name, equals, value in pairs if name.strip()}


def not_found(text: str) -> bool:
    """qacct's own word that it has no record of the job. Only after the accounting's lag it means anything."""
    return _NOT_FOUND.search(text) is not None


__all__ = ["Record", "not_found", "records", "requests", "resources", "seconds", "size_bytes"]
