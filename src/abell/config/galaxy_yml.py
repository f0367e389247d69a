"""galaxy.yml: the settings that Abell honours, and where the job configuration is.

Paths resolve as Galaxy resolves them (galaxy.config, `path_resolves_to`): data directories against `data_dir`,
configuration files against `config_dir`, a leading `database/` or `config/` being dropped from them, and then
against the root. They are joined, never made canonical: cluster nodes may know them by these very names only.
Galaxy's root is its working directory; here it is `gravity: galaxy_root`, else the directory above `config/`, else
where galaxy.yml is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from abell.config.model import Place, Settings
from abell.config.shape import Shape
from abell.config.tree import Node

_MARKS = ("galaxy", "gravity", "job_config")
_CLEANUP = ("always", "onsuccess", "never")


def is_galaxy_yml(root: Node) -> bool:
    """By content: the name of the file does not matter."""
    return root.is_mapping and any(mark in root.value for mark in _MARKS)


@dataclass(frozen=True, slots=True)
class JobConfPath:
    """Where the job configuration is, and where that was said."""

    path: str
    place: Place


@dataclass(frozen=True, slots=True)
class GalaxyYml:
    settings: Settings
    job_conf: Node | JobConfPath | None  # inline, a file, or Galaxy's default
    texts: Mapping[str, str]  # the galaxy section, for `from_config`


def read_galaxy_yml(root: Node, file: str, shape: Shape) -> GalaxyYml:
    """`file` is the path of galaxy.yml."""
    galaxy = shape.mapping(root.value.get("galaxy"), "galaxy")
    gravity = shape.mapping(root.value.get("gravity"), "gravity")
    where = _Directories.of(galaxy, gravity, file, shape)
    return GalaxyYml(
        _settings(galaxy, gravity, where, shape),
        _job_conf(root, galaxy, where, shape),
        {key: str(node.value) for key, node in galaxy.items() if isinstance(node.value, str | int | float)},
    )


@dataclass(frozen=True, slots=True)
class _Directories:
    root: Path
    config: Path
    data: Path

    @classmethod
    def of(cls, galaxy: Mapping[str, Node], gravity: Mapping[str, Node], file: str, shape: Shape) -> _Directories:
        own = Path(file).absolute().parent
        named_root = shape.word(gravity.get("galaxy_root"), "gravity.galaxy_root")
        root = own / named_root if named_root else own.parent if own.name == "config" else own
        config = shape.word(galaxy.get("config_dir"), "galaxy.config_dir")
        data = shape.word(galaxy.get("data_dir"), "galaxy.data_dir", default="database")
        return cls(root, root / config if config else own, root / data)

    def in_data(self, name: str, galaxy: Mapping[str, Node], shape: Shape, default: str = "") -> Path | None:
        written = shape.word(galaxy.get(name), f"galaxy.{name}", default)
        return self.data / _without(written, "database", name, galaxy.get(name), shape) if written else None


def _without(path: str, directory: str, name: str, node: Node | None, shape: Shape) -> str:
    """Galaxy's old paths began with `database/` or `config/`; both are now the base, and dropped."""
    head, _, tail = path.partition("/")
    if head != directory or not tail:
        return path
    if node is not None:
        base = {"database": "data_dir", "config": "config_dir"}[directory]
        text = f"galaxy.{name}: paths are relative to {base}; the leading '{directory}/' is dropped, as Galaxy does"
        shape.problems.warn(node.place, name, text, f"write {tail!r}")
    return tail


def _settings(galaxy: Mapping[str, Node], gravity: Mapping[str, Node], where: _Directories, shape: Shape) -> Settings:
    default = Settings()

    def text(name: str, otherwise: str = "") -> str:
        return shape.word(galaxy.get(name), f"galaxy.{name}", otherwise)

    def flag(name: str, otherwise: bool) -> bool:
        return shape.boolean(galaxy.get(name), f"galaxy.{name}", otherwise)

    def whole(name: str, otherwise: int) -> int:
        return shape.integer(galaxy.get(name), f"galaxy.{name}", otherwise, least=0)

    def seconds(name: str, otherwise: float) -> float:
        return shape.number(galaxy.get(name), f"galaxy.{name}", otherwise)

    cleanup = shape.choice(galaxy.get("cleanup_job"), "galaxy.cleanup_job", _CLEANUP, default.cleanup_job)
    virtual_env = shape.word(gravity.get("virtualenv"), "gravity.virtualenv")
    return Settings(
        data_dir=where.data,
        database_connection=text("database_connection") or None,
        job_working_directory=where.in_data("job_working_directory", galaxy, shape),
        new_file_path=where.in_data("new_file_path", galaxy, shape),
        file_path=_against_root("file_path", galaxy, where, shape),
        cluster_files_directory=where.in_data("cluster_files_directory", galaxy, shape, default="database/pbs"),
        outputs_to_working_directory=flag("outputs_to_working_directory", default.outputs_to_working_directory),
        retry_job_output_collection=whole("retry_job_output_collection", default.retry_job_output_collection),
        cleanup_job=cast(Literal["always", "onsuccess", "never"], cleanup),
        default_job_shell=shape.shell(
            galaxy.get("default_job_shell"), "galaxy.default_job_shell", default.default_job_shell
        ),
        environment_setup_file=text("environment_setup_file"),
        job_runner_monitor_sleep=seconds("job_runner_monitor_sleep", default.job_runner_monitor_sleep),
        check_job_script_integrity=flag("check_job_script_integrity", default.check_job_script_integrity),
        check_job_script_integrity_count=whole(
            "check_job_script_integrity_count", default.check_job_script_integrity_count
        ),
        check_job_script_integrity_sleep=seconds(
            "check_job_script_integrity_sleep", default.check_job_script_integrity_sleep
        ),
        umask=_umask(gravity.get("umask"), shape),
        galaxy_lib=where.root / "lib" if "galaxy_root" in gravity else None,
        galaxy_virtual_env=where.root / virtual_env if virtual_env else None,
        default_job_resubmission_condition=text("default_job_resubmission_condition"),
    )


def _umask(node: Node | None, shape: Shape) -> int | None:
    """027 is octal in YAML 1.1; quoted it is text, and octal all the same; 27 alone is surely meant so, too."""
    if node is None or node.value is None:
        return None
    digits = node.written if node.written is not None else str(node.value).strip()
    if digits.isascii() and digits.isdigit() and not set(digits) & set("89") and int(digits, 8) <= 0o777:
        if node.written is not None and not digits.startswith("0"):
            text = f"gravity.umask: {digits} is a decimal number in YAML; it is taken for octal {digits.zfill(3)}"
            shape.problems.warn(node.place, "umask", text, f"write '{digits.zfill(3)}'")
        return int(digits, 8)
    shape.problems.error(node.place, "umask", f"gravity.umask: {digits!r:.40} is no umask", "write '022' or '027'")
    return None


def _against_root(name: str, galaxy: Mapping[str, Node], where: _Directories, shape: Shape) -> Path | None:
    """For some options a relative path that exists only under the root means that one."""
    path = where.in_data(name, galaxy, shape)
    written = shape.word(galaxy.get(name), f"galaxy.{name}")
    below_root = where.root / written
    return below_root if path is not None and not path.exists() and below_root.exists() else path


def _job_conf(root: Node, galaxy: Mapping[str, Node], where: _Directories, shape: Shape) -> Node | JobConfPath | None:
    """Inline, else `job_config_file`, else job_conf.yml and then job_conf.xml in the configuration directory."""
    inline = galaxy.get("job_config") or root.value.get("job_config")
    if inline is not None and inline.value is not None:
        return inline
    node = galaxy.get("job_config_file")
    written = shape.word(node, "galaxy.job_config_file")
    if node is not None and written:
        stripped = _without(written, "config", "job_config_file", node, shape)
        candidates = [where.config / stripped, where.root / stripped, where.root / written]
        found = next((c for c in candidates if c.exists()), candidates[0])
        return JobConfPath(str(found), node.place)
    for name in ("job_conf.yml", "job_conf.xml"):
        path = where.config / name
        if path.exists():
            if name.endswith(".xml"):
                text = "job_conf.xml is used because there is no job_conf.yml; Galaxy calls this deprecated"
                shape.problems.warn(Place(str(path), 1), "job_config_file", text, "name it in job_config_file")
            return JobConfPath(str(path), root.place)
    return None
