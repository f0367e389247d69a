"""Load a configuration: any of job_conf.yml, job_conf.xml and galaxy.yml, or none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from abell.config.model import Configuration, Place, default_configuration
from abell.config.problem import Problem, Problems, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from abell.config.files import Files
    from abell.config.model import Settings
    from abell.config.read_xml import Element
    from abell.config.tree import Node


@dataclass(frozen=True, slots=True)
class Loaded:
    configuration: Configuration
    warnings: tuple[Problem, ...] = ()


def load(path: str | None) -> Loaded:
    """The configuration that a file describes; without a file, the default one.

    Raises ConfigurationError, which holds all the errors of all the files at once.
    """
    if path is None:
        return Loaded(default_configuration())
    from abell.config.files import Files

    problems = Problems()
    files = Files(problems)
    configuration = _Loader(files, problems).from_file(path)
    problems.raise_errors()
    if configuration is None:
        raise AssertionError(f"{path}: no configuration and no error")
    return Loaded(configuration, in_order(problems.warnings))


@dataclass(slots=True)
class _Loader:
    files: Files
    problems: Problems

    def from_file(self, path: str) -> Configuration | None:
        """None where a problem was noted."""
        from abell.config.galaxy_yml import JobConfPath, is_galaxy_yml, read_galaxy_yml
        from abell.config.shape import Shape

        tree = self._tree(path, None, {})
        if tree is None or not is_galaxy_yml(tree):
            return self._configuration(tree, None, path) if tree is not None else None
        galaxy = read_galaxy_yml(tree, path, Shape(self.problems))
        found = galaxy.job_conf
        if isinstance(found, JobConfPath):
            found = self._tree(_as_given(found.path, path), found.place, galaxy.texts)
            if found is None:
                return None
        return self._configuration(found, galaxy.settings, path)

    def _tree(self, path: str, asked: Place | None, settings: Mapping[str, str]) -> Node | None:
        """The tree of a file in either dialect. `asked`: where the file was named, if in another file."""
        data = self.files.read(path, asked)
        if data is None:
            return None
        return self._xml_tree(data, path, settings) if _is_xml(path, data) else self._yaml_tree(data, path)

    def _yaml_tree(self, data: bytes, path: str) -> Node | None:
        from abell.config.files import decode
        from abell.config.read_yaml import read_yaml

        text = decode(data, path, self.problems)
        if text is None:
            return None
        before = len(self.problems.errors)
        root = read_yaml(text, path, self.problems)
        if (root is None or root.value is None) and len(self.problems.errors) == before:
            hint = "describe runners and execution, or leave the file out for the default configuration"
            self.problems.error(Place(path, 1), "", "the file is empty", hint)
            return None
        return root

    def _xml_tree(self, data: bytes, path: str, settings: Mapping[str, str]) -> Node | None:
        from abell.config.job_conf_xml import Outside, to_tree
        from abell.config.macros import expand_macros
        from abell.config.read_xml import read_xml

        root = read_xml(data, path, self.problems)
        if root is None:
            return None

        def imported(name: str, asked: Place) -> Element | None:
            content = self.files.read(name, asked)
            return None if content is None else read_xml(content, name, self.problems)

        outside = Outside(os.environ, settings)
        tree = to_tree(expand_macros(root, path, imported, self.problems), outside, self.problems)
        for variable, value in sorted(outside.asked.items()):
            self.files.note(variable, value.encode(errors="surrogateescape"))
        return tree

    def _configuration(self, tree: Node | None, settings: Settings | None, path: str) -> Configuration:
        from dataclasses import replace

        from abell.config.job_conf import read_job_conf

        # Without a tree galaxy.yml names no job configuration, and Galaxy's default holds.
        parts = default_configuration() if tree is None else read_job_conf(tree, self.problems)
        return replace(
            parts,
            settings=settings or parts.settings,
            source=str(Path(path).absolute()),
            files=tuple(self.files.names),
            digest=self.files.digest,
        )


def _as_given(found: str, path: str) -> str:
    """A file found by way of `path`, for people: relative, as they named `path`, where that says the same."""
    here = Path.cwd()
    near = not Path(path).is_absolute() and Path(found).is_relative_to(here)
    return str(Path(found).relative_to(here)) if near else found


def _is_xml(path: str, data: bytes) -> bool:
    """By name as Galaxy, `.xml` anywhere in it, or by content: YAML cannot begin with `<`."""
    return ".xml" in Path(path).name or data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
