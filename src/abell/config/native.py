"""Parameters of a destination that no job could be submitted with are errors of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abell.config.load_names import is_ours, when
from abell.config.shape import Shape
from abell.config.tree import Node


def check_native(shape: Shape, params: Mapping[str, Node], typed: Mapping[str, Any], backend: str, what: str) -> None:
    """Note the first error that the back end finds in them, at the line of the parameter that has it."""
    if not params or not is_ours(backend) or when(backend) != "active":
        return
    from abell.backends.registry import backend_class

    try:
        backend_class(backend).check_destination(typed)
    except ValueError as error:
        option = next((name for name in params if str(error).startswith(f"{name}:")), next(iter(params)))
        shape.problems.error(params[option].place, option, f"{what}.{error}")
