"""Native options of a destination: what no job could be submitted with is an error of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abell.config.shape import Shape
from abell.config.tree import Node

_NAMES = ("native_specification", "nativeSpecification", "native_template")


def check_native(shape: Shape, params: Mapping[str, Node], typed: Mapping[str, Any], backend: str, what: str) -> None:
    """Note the first error in them, at the line of the parameter that has it."""
    written = [name for name in _NAMES if name in params]
    if not written or backend != "slurm":
        return
    from abell.backends.slurm_options import check

    try:
        check(typed)
    except ValueError as error:
        option = next((name for name in written if str(error).startswith(name)), written[0])
        shape.problems.error(params[option].place, option, f"{what}.{error}")
