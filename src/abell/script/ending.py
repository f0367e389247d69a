"""The ending record: the run lock owner's own word on how its command ended. See `fragments/ending.sh`.

A record is a sequence of fields `name=value`, each closed by a NUL byte and a newline. No value can hold a NUL byte,
so no file name or host name can forge a field. The field `end` comes last and makes the record complete.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from abell.job import Usage
from abell.script.lock import Owner, highest_run, last_start, read_owner
from abell.script.safe_read import BadRecord, read_bounded

__all__ = ["BadRecord", "Ending", "SeenOutput", "parse", "read"]

MOST_BYTES = 256 * 1024
_STAGES = frozenset(("environment", "workdir", "streams", "stopped", "ran"))
_SIGNALS = frozenset(("TERM", "INT", "HUP", "USR1", "USR2", "XCPU"))
_COUNT = re.compile(r"[0-9]{1,18}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)
_TIMES = re.compile(r"([0-9]{1,9})m([0-9]{1,9})[.,]([0-9]{1,9})s", re.ASCII)
_CHECKSUM = re.compile(r"^\\?([0-9a-f]{64})  ", re.ASCII | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SeenOutput:
    """A file that was there when the command was over, as the node saw it."""

    name: str  # of the declared output or glob
    path: str  # as declared; of a glob: `./` and the path in the working directory
    size: int | None  # bytes; None: the node could not tell
    sha256: str | None  # hexadecimal; None: not asked for, or the node could not tell


@dataclass(frozen=True, slots=True)
class Ending:
    """How one run ended."""

    run: int
    nonce: str  # of the run lock; "" where the plan has none
    host: str
    boot_id: str
    native_id: str
    stage: str  # "ran", or what kept the command from it: "environment", "workdir", "streams", "stopped" (a signal)
    exit_code: int  # of the command, as a shell tells it: 128 + N for a death by signal N; never 0 unless it ran
    metadata_exit: int | None  # of the metadata command; None: it was not run
    signals: tuple[str, ...]  # that the script was sent, in order
    started_s: float | None  # seconds since this boot of the host
    ended_s: float | None
    cpu_s: float | None  # user and system time of the command and what it has waited for
    memory_bytes: int | None  # peak of the job's own cgroup
    oom_kills: int | None  # in the job's own cgroup, during the run
    outputs: tuple[SeenOutput, ...]
    outputs_cut: bool  # there were more outputs than a record holds

    @property
    def ran(self) -> bool:
        return self.stage == "ran"

    @property
    def clean(self) -> bool:
        """Exit code 0 with nothing that could cast doubt on it: final, whatever the DRM says later."""
        return self.ran and self.exit_code == 0 and not self.signals and not self.oom_kills

    @property
    def signal(self) -> int | None:
        """The signal that a shell's exit code suggests. A command may also exit with such a code by itself."""
        return self.exit_code - 128 if 128 < self.exit_code <= 128 + 64 else None

    @property
    def usage(self) -> Usage:
        elapsed = None
        if self.started_s is not None and self.ended_s is not None:
            elapsed = max(0.0, self.ended_s - self.started_s)
        return Usage(elapsed_s=elapsed, cpu_s=self.cpu_s, memory_bytes=self.memory_bytes)


@dataclass(slots=True)
class _Batch:
    """Outputs, as `NAME=path`, and the words of the two processes that measured them."""

    outputs: list[str] = field(default_factory=list)
    sizes: str = ""
    sha256: str = ""


def read(control: str, owner_uid: int | None = None, *, locked: bool = True, run: int = 1) -> Ending | None:
    """The ending of the highest run that was started; None: not there, or not complete yet.

    `owner_uid` is the user that the job runs as, if that is not this process's own. `locked`: the ending counts only
    with the lock owner's nonce, and the locks say which run is the highest; without a lock `run` says it.
    Raises BadRecord, and OSError where the directory cannot be read.
    """
    if locked:
        run = highest_run(control)
        if not run:
            return None
    content = _content(control, run, owner_uid)
    if content is None and locked and run > 1:
        run = last_start(control, owner_uid)  # a server may have the lock of the run after it
        content = _content(control, run, owner_uid)
    ending = None if content is None else parse(content)
    if ending is None or not locked:
        return ending
    owner = read_owner(control, run, owner_uid)
    if not isinstance(owner, Owner) or (owner.nonce, owner.run) != (ending.nonce, ending.run):
        raise BadRecord(f"{control}/ending.{run} is not by the owner of the run lock")
    return ending


def _content(control: str, run: int, owner_uid: int | None) -> bytes | None:
    try:
        return read_bounded(f"{control}/ending.{run}", MOST_BYTES, owner_uid)[0]
    except FileNotFoundError:
        return None


def parse(content: bytes) -> Ending | None:
    """None: not complete. Raises BadRecord, and nothing else, for what no job script writes."""
    if not content.endswith(b"\0\nend=1\0\n"):
        return None
    fields: dict[str, str] = {}
    batches = [_Batch()]
    for item in content.decode("utf-8", "surrogateescape").split("\0\n")[:-1]:
        name, equals, value = item.partition("=")
        if not equals or "\0" in item or name in fields:
            raise BadRecord(f"ending record: unexpected field {item[:80]!r}")
        if name == "output":
            if batches[-1].sizes:
                batches.append(_Batch())
            batches[-1].outputs.append(value)
        elif name in ("sizes", "sha256"):
            setattr(batches[-1], name, value)
        else:
            fields[name] = value
    if fields.get("abell") != "1":
        raise BadRecord("ending record: not of a version that this server reads")
    return Ending(
        run=_needed(fields, "run"),
        nonce=fields.get("nonce", ""),
        host=fields.get("host", ""),
        boot_id=fields.get("boot", ""),
        native_id=fields.get("native_id", ""),
        stage=_stage(fields),
        exit_code=_needed(fields, "exit", most=255),
        metadata_exit=_count(fields.get("metadata_exit", "")),
        signals=_signals(fields.get("signals", "")),
        started_s=_seconds(fields.get("started", "")),
        ended_s=_seconds(fields.get("ended", "")),
        cpu_s=_children_cpu(fields.get("times", "")),
        memory_bytes=_count(fields.get("memory_peak", "")),
        oom_kills=_oom_kills(fields),
        outputs=tuple(output for batch in batches for output in _outputs(batch)),
        outputs_cut="outputs_cut" in fields,
    )


def _stage(fields: Mapping[str, str]) -> str:
    stage = fields.get("stage", "")
    if stage not in _STAGES or (stage != "ran" and fields.get("exit") == "0"):
        raise BadRecord(f"ending record: stage {stage[:80]!r}")
    return stage


def _signals(text: str) -> tuple[str, ...]:
    signals = tuple(text.split())
    if not _SIGNALS.issuperset(signals):
        raise BadRecord(f"ending record: signals {text[:80]!r}")
    return signals


def _needed(fields: Mapping[str, str], name: str, most: int = 10**9) -> int:
    number = _count(fields.get(name, ""))
    if number is None or number > most:
        raise BadRecord(f"ending record: {name} is {fields.get(name, '')[:80]!r}")
    return number


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None


def _seconds(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text) else None


def _children_cpu(text: str) -> float | None:
    """The second line of the shell's `times`: user and system time of its children, as `0m0.020s 0m0.010s`."""
    found = _TIMES.findall(text)
    return sum(int(m) * 60 + float(f"{s}.{f}") for m, s, f in found[2:]) if len(found) == 4 else None


def _oom_kills(fields: Mapping[str, str]) -> int | None:
    before, after = (_count(fields.get(f"oom_kills_{when}", "")) for when in ("before", "after"))
    return None if before is None or after is None else max(0, after - before)


def _outputs(batch: _Batch) -> list[SeenOutput]:
    """Sizes and checksums are in the order of the outputs; another number of them tells nothing of any."""
    count = len(batch.outputs)
    sizes: list[int | None] = [_count(line) for line in batch.sizes.split("\n")[:-1]]
    checksums: list[str | None] = list(_CHECKSUM.findall(batch.sha256))
    if len(sizes) != count:
        sizes = [None] * count
    if len(checksums) != count:
        checksums = [None] * count
    split = (output.partition("=") for output in batch.outputs)
    return [SeenOutput(n, p, size, sha) for (n, _, p), size, sha in zip(split, sizes, checksums, strict=True)]
