"""From a claimed job to what is written and submitted: pure, but for `write`, which only writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from abell.backends.contract import Backend, Submission
from abell.config.lookup import option
from abell.config.model import Destination, Runner, Settings
from abell.engine.live import Live
from abell.job import Request
from abell.route.requests import metadata, requeue
from abell.script import bell as bells
from abell.script.builder import build
from abell.script.plan import Bell, PlannedGlob, PlannedOutput, ScriptPlan

JOBS_PER_FOLDER = 1000


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files of jobs are. Paths are used as configured: never canonicalised, symbolic links included."""

    jobs: Path  # job_working_directory
    spool: Path  # where bells ring; beside the jobs, on the same file system
    made: tuple[Path, ...] = ()  # other directories that Galaxy makes at start

    @classmethod
    def of(cls, root: Path, settings: Settings) -> Layout:
        jobs = Path(settings.job_working_directory or root / "jobs")
        others = (settings.new_file_path, settings.file_path, settings.cluster_files_directory)
        return cls(jobs, jobs / "_spool", tuple(Path(p) for p in others if p is not None))

    def make(self) -> None:
        """Create what is absent. OSError if it cannot be."""
        for directory in (self.jobs, *self.made):
            directory.mkdir(parents=True, exist_ok=True)
        bells.prepare(self.spool)

    def attempt(self, job_id: int, number: int) -> Path:
        """<jobs>/000/17/1 for job 17, as Galaxy hashes ids: a thousand jobs a folder, thousands of folders nested."""
        digits = f"{job_id // JOBS_PER_FOLDER:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        folders = (digits[i : i + 3] for i in range(0, len(digits), 3))
        return self.jobs.joinpath(*folders, str(job_id), str(number))


@dataclass(frozen=True, slots=True)
class Prepared:
    """An attempt that only has to be written and submitted."""

    directories: tuple[str, ...]  # below the attempt's own
    files: Mapping[str, bytes | str]  # relative path -> content
    submission: Submission


def prepare(
    live: Live, runner: Runner, backend: Backend, settings: Settings, layout: Layout, environment: Mapping[str, str]
) -> Prepared:
    """What to write and to submit for this attempt. ValueError names the option that makes it impossible."""
    request, destination = live.request, live.destination
    directory, shell = str(live.directory), destination.shell or settings.default_job_shell
    resources = backend.effective(request.resources, destination.params, environment)
    submission = Submission(
        key=live.key,
        job_id=live.job_id,
        number=live.number,
        name=request.name or request.tool_id,
        directory=directory,
        script=f"{directory}/job.sh",
        stdout=f"{directory}/job.out",
        stderr=f"{directory}/job.err",
        resources=resources,
        params=destination.params,
        runner_params=runner.params,
        workers=runner.workers,
        runner=runner.id,
        search_path=request.search_path,
        requeue=requeue(destination, backend),
    )
    tmp_dir = destination.params.get("tmp_dir")
    plan = ScriptPlan(
        job_id=live.job_id,
        attempt=live.number,
        key=live.key,
        directory=directory,
        control=f"{directory}/control",
        command=request.command,
        shell=shell,
        headers=backend.header(submission),
        workdir=request.workdir,
        env=destination.env,
        job_env=request.env,
        environment_setup_file=settings.environment_setup_file,
        slots=resources.slots,
        memory_mb=resources.memory_mb,
        resources_from=backend.resources_from,
        tmp_dir=None if tmp_dir is None else str(tmp_dir),
        own_id=backend.own_id,
        own_codes=tuple(sorted(backend.own_codes)),
        outputs=tuple(_planned(request, destination, settings, directory)),
        globs=tuple(PlannedGlob(o.name, o.glob) for o in request.outputs if o.glob is not None),
        metadata=metadata(request, destination),
        bell=Bell(str(layout.spool), live.bell) if live.bell else None,
        requeue=submission.requeue,
        watch_cgroup=backend.watch_cgroup,
        integrity_check=settings.check_job_script_integrity,
        galaxy_lib=str(settings.galaxy_lib or ""),
        galaxy_virtual_env=str(settings.galaxy_virtual_env or ""),
        umask=settings.umask,
    )
    own = () if request.workdir else ("working",)
    return Prepared(("control", "outputs", "home", "tmp", *own), build(plan), submission)


def command_side_path(directory: str, name: str) -> str:
    """Where the command writes an output that is moved at the end (`outputs_to_working_directory`)."""
    return f"{directory}/outputs/output_{name}"


def _planned(request: Request, destination: Destination, settings: Settings, directory: str) -> Iterator[PlannedOutput]:
    apart = option(destination, settings, "outputs_to_working_directory")
    for output in request.outputs:
        if output.glob is None:
            yield PlannedOutput(output.name, command_side_path(directory, output.name) if apart else output.path)


def write(prepared: Prepared) -> None:
    """Write the files of an attempt, for its user alone: they hold the values of its variables.

    OSError if the file system will not have them.
    """
    directory = Path(prepared.submission.directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name in prepared.directories:
        (directory / name).mkdir(exist_ok=True)
    for name, content in prepared.files.items():
        data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
        fd = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o700)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
