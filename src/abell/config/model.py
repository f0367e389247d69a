"""The configuration as everything else sees it: frozen, complete, the same from YAML and XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing was said, for messages. Never part of a comparison of two configurations."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class EnvEntry:
    """One entry of an `env` list: sourced file, command, or variable, in the order given."""

    kind: Literal["variable", "file", "execute"]
    value: str
    name: str = ""  # of a variable
    raw: bool = False  # no quoting of a variable's value


@dataclass(frozen=True, slots=True)
class Resubmit:
    condition: str = ""
    destination: str = ""  # empty: the same one
    handler: str = ""
    delay: str = ""


@dataclass(frozen=True, slots=True)
class Metrics:
    """`metrics` of a destination, as written; None in Destination where there is none."""

    source: str = "default"  # default | disabled | path | xml_element | list
    path: str = ""
    plugins: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Runner:
    """A configured plugin instance."""

    id: str
    load: str  # as written
    backend: str  # our short name for it: "local", "slurm", ..., "dynamic"; "" if Abell will never have it
    workers: int = 4
    params: Mapping[str, Any] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class Destination:
    """A configured place to run (XML: destination, YAML: environment)."""

    id: str
    runner: str = ""  # may be absent: a stub that only carries tags for limits
    tags: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    env: tuple[EnvEntry, ...] = ()
    shell: str = ""
    resubmit: tuple[Resubmit, ...] = ()
    metrics: Metrics | None = None
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class Handler:
    id: str
    tags: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class Handling:
    assign: tuple[str, ...] = ()
    max_grab: int | None = None
    ready_window_size: int = 100
    default: str = ""
    handlers: Mapping[str, Handler] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolRule:
    """One entry of `tools`: exactly one of `id` and `tool_class`."""

    id: str = ""
    tool_class: str = ""
    destination: str = ""
    handler: str = ""
    resources: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class Limit:
    type: str
    value: str
    id: str = ""
    tag: str = ""
    window_days: int | None = None
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class ResourceGroups:
    default: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of galaxy.yml that Abell honours, paths resolved as Galaxy resolves them.

    None means: not named; `--root` and Abell's own defaults decide.
    """

    data_dir: PurePath | None = None
    database_connection: str | None = None
    job_working_directory: PurePath | None = None
    new_file_path: PurePath | None = None
    file_path: PurePath | None = None
    cluster_files_directory: PurePath | None = None
    outputs_to_working_directory: bool = False
    retry_job_output_collection: int = 0
    cleanup_job: Literal["always", "onsuccess", "never"] = "always"
    default_job_shell: str = "/bin/bash"
    environment_setup_file: str = ""
    job_runner_monitor_sleep: float = 1.0
    check_job_script_integrity: bool = False
    check_job_script_integrity_count: int = 35
    check_job_script_integrity_sleep: float = 0.25
    umask: int | None = None  # gravity: umask
    galaxy_lib: PurePath | None = None  # only where galaxy.yml names them
    galaxy_virtual_env: PurePath | None = None
    default_job_resubmission_condition: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that was configured. `source` is empty for the built-in default."""

    runners: Mapping[str, Runner]
    destinations: Mapping[str, Destination]
    default_destination: str
    tools: tuple[ToolRule, ...] = ()
    limits: tuple[Limit, ...] = ()
    handling: Handling = Handling()
    resources: ResourceGroups = ResourceGroups()
    dynamic: Mapping[str, Any] = field(default_factory=dict)  # rules_module, ...
    settings: Settings = Settings()
    default_place: Place = field(default=Place(), compare=False)  # where the default was said
    source: str = field(default="", compare=False)  # absolute path of the file named by the user
    files: tuple[str, ...] = field(default=(), compare=False)  # every file that was read
    digest: str = field(default="", compare=False)  # of all that was read; "" for the default


LOCAL = Runner(id="local", load="galaxy.jobs.runners.local:LocalJobRunner", backend="local", workers=4)


def default_configuration() -> Configuration:
    """What Galaxy does with no file: one local runner with 4 workers, one destination `local`."""
    return Configuration(
        runners={"local": LOCAL},
        destinations={"local": Destination(id="local", runner="local")},
        default_destination="local",
    )
