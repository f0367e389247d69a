"""Everything a job script needs to know, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from abell.config.model import EnvEntry


@dataclass(frozen=True, slots=True)
class PlannedOutput:
    """A declared output as the command sees it: $ABELL_OUTPUT_<name> is `path`. Moving it elsewhere is the server's."""

    name: str  # a shell identifier
    path: str  # absolute


@dataclass(frozen=True, slots=True)
class PlannedGlob:
    """Every regular file in the working directory that `pattern` takes (`*`, `?` and `[...]`, relative, no `..`)."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Bell:
    """The job's last act: an empty file named `token` appears in `<spool>/new`."""

    spool: str
    token: str


@dataclass(frozen=True, slots=True)
class ScriptPlan:
    """One run of one attempt. All paths are absolute and are used as they are, symbolic links included.

    The server makes `directory` with `outputs`, `home` and `tmp` in it, `working` where `workdir` is None, and
    `control`, before the script is submitted: each is one process that the job does not spawn. Only `home` and `tmp`
    are made by the script if they are missing.
    """

    job_id: int
    attempt: int
    key: str
    directory: str  # the attempt's; the files of `build` go here
    control: str  # the service's own: locks and ending records; apart from the working directory
    command: str | tuple[str, ...]  # a shell command line, or an argument vector run exactly as given
    run: int = 1  # number of this start; where there is a lock, the script finds its own, from 1
    shell: str = "/bin/bash"  # what the shebang line says; runs a shell command line and the metadata command too
    headers: tuple[str, ...] = ()  # the DRM's directive lines
    workdir: str | None = None  # None: `<directory>/working`
    env: tuple[EnvEntry, ...] = ()  # the destination's, in order
    job_env: Mapping[str, str] = field(default_factory=dict)  # the user's, literal; the last word
    environment_setup_file: str = ""
    slots: int | None = None  # as asked
    memory_mb: int | None = None  # MiB for the whole job, as asked
    resources_from: Literal["plan", "drm"] = "drm"  # "plan": what was asked is what it gets (local)
    tmp_dir: str | None = None  # the destination's parameter: unset or true-ish, else a shell expression
    own_id: str = ""  # shell expression for the DRM's id inside a job, e.g. "$SLURM_JOB_ID"
    own_codes: tuple[int, ...] = ()  # exit codes that the DRM takes for orders: the script then ends with 1
    outputs: tuple[PlannedOutput, ...] = ()
    globs: tuple[PlannedGlob, ...] = ()
    checksums: bool = True  # SHA-256 of the outputs, on the node
    metadata: str = ""  # a shell command line, run after the command
    bell: Bell | None = None
    use_lock: bool = True
    requeue: bool = False  # the DRM may start it again: each start is a new run in restored directories
    watch_cgroup: bool = True  # peak memory and OOM kills of the job's own cgroup; not where a supervisor tells
    integrity_check: bool = False
    galaxy_lib: str = ""
    galaxy_virtual_env: str = ""
    umask: int | None = None
    record_patience_s: int = 3600  # how long to try to write the run lock and the ending record on a full disk
