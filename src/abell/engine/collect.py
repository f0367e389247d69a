"""Takes the declared outputs where they belong, once this machine sees them as the node saw them. May be repeated."""

from __future__ import annotations

import errno
import glob
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from abell.engine.prepare import command_side_path
from abell.job import Output, Request
from abell.passing import passes
from abell.script.ending import Ending, SeenOutput

LAG_S = 300.0  # the longest that a file system may lag behind the node; NFS caches some 60 s


@dataclass(frozen=True, slots=True)
class NotYet:
    """An output is not there, or not whole. `on_node`: the node saw it, so it is only a matter of waiting."""

    why: str
    on_node: bool
    passing: bool = False  # a trouble of this machine or its file systems, which may pass: a full disk, an outage

    def patience_s(self, retries: int) -> float:
        """How long to go on looking: `retry_job_output_collection` times a second, longer for what the node saw."""
        if self.passing:
            return math.inf
        return max(LAG_S, float(retries)) if self.on_node else float(retries)


Late: TypeAlias = dict[tuple[str, Path], int]  # (output, file that the node did not see) -> size at the last look
Move: TypeAlias = tuple[Path, Path, SeenOutput | None]


def collect(
    request: Request, record: Ending, directory: str, apart: bool, late: Late | None = None
) -> list[dict[str, Any]] | NotYet:
    """Name, path, size and checksum of every output, moved to its final path; or what is missing still.

    `apart`: the command wrote to a path in the job's directory (`outputs_to_working_directory`). Nothing is moved
    before every output is there, and what a crash has left half moved is finished.
    `late`: files count that the node did not see, as where another node made them, if they keep their size for a look
    (`retry_job_output_collection`); the same dict belongs to every look at an attempt. None: the node's word is final.
    """
    try:
        return _collect(request, record, directory, apart, late)
    except OSError as error:
        return NotYet(f"{error.filename2 or error.filename}: {error.strerror}", on_node=False, passing=passes(error))


def _collect(
    request: Request, record: Ending, directory: str, apart: bool, late: Late | None
) -> list[dict[str, Any]] | NotYet:
    found = [
        _globbed(output, output.glob, request, record, directory, late)
        if output.glob
        else _declared(output, record, directory, apart, late)
        for output in request.outputs
    ]
    moves: list[Move] = []
    for each in found:
        if isinstance(each, NotYet):
            return each
        moves += each
    for source, target, seen in moves:
        if trouble := _missing(source, target, seen):
            return trouble
    return [_take(source, target, seen) for source, target, seen in moves]


def _declared(output: Output, record: Ending, directory: str, apart: bool, late: Late | None) -> list[Move] | NotYet:
    source = Path(command_side_path(directory, output.name) if apart else output.path)
    seen = next((o for o in record.outputs if o.name == output.name), None)
    if seen is None and late is not None and _settled(output.name, source, late):
        seen = SeenOutput(output.name, str(source), late[output.name, source], None)
    if seen is None and not record.outputs_cut:
        return NotYet(f"the command made no {output.name} ({source})", on_node=False)
    return [(source, Path(output.path), seen)]


def _globbed(
    output: Output, pattern: str, request: Request, record: Ending, directory: str, late: Late | None
) -> list[Move] | NotYet:
    working = Path(request.workdir or f"{directory}/working")
    seen = [o for o in record.outputs if o.name == output.name]
    if not seen and late is not None:
        names = sorted(glob.iglob(pattern, root_dir=working))  # noqa: PTH207 - as a shell's: no hidden files
        here = [name for name in names if not (working / name).is_symlink()]
        settled = [_settled(output.name, working / name, late) for name in here]
        if all(settled):
            seen = [SeenOutput(output.name, name, late[output.name, working / name], None) for name in here]
    if not seen:
        return NotYet(f"no file in the working directory matches {pattern}", on_node=False)
    if record.outputs_cut:
        return NotYet(f"{pattern} takes more files than a job's record holds", on_node=False)
    return [(working / o.path, Path(output.path) / o.path, o) for o in seen]


def _settled(name: str, path: Path, late: Late) -> bool:
    """Whether a file that the node did not see is here, with the size that it had at the last look."""
    if not path.is_file():
        return False
    before, now = late.get((name, path)), path.stat().st_size
    late[name, path] = now
    return before == now


def _missing(source: Path, target: Path, seen: SeenOutput | None) -> NotYet | None:
    """What this machine does not see as the node did; None if all is well, or the file was moved before."""
    here = _size(source)
    if here is None and source != target and seen is not None and _size(target) == seen.size:
        return None
    if here is None:
        return NotYet(f"{source} is not visible here", on_node=seen is not None)
    if seen is not None and seen.size is not None and here != seen.size:
        return NotYet(f"{source} has {here} bytes here, and had {seen.size} where the job ran", on_node=True)
    return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _take(source: Path, target: Path, seen: SeenOutput | None) -> dict[str, Any]:
    """Move one file; over a file system's border by a copy that appears whole or not at all."""
    if source != target and source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(source, target)
            source.unlink()
    return {
        "name": seen.name if seen else target.name,
        "path": str(target),
        "size": target.stat().st_size,
        "sha256": seen.sha256 if seen else None,
    }


def _copy(source: Path, target: Path) -> None:
    """To another file system: `target` appears whole or not at all."""
    part = target.with_name(f".{target.name}.abell-part")
    try:
        shutil.copy2(source, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
