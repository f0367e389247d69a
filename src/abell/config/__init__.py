"""The configuration: one typed model, from Galaxy's files or from none."""

from abell.config.loading import Loaded, load
from abell.config.problem import ConfigurationError, Problem

__all__ = ["ConfigurationError", "Loaded", "Problem", "load"]
