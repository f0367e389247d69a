"""Abell runs an application's jobs on this machine or on a cluster, and can be trusted about how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abell.client.async_cluster import AsyncCluster, AsyncJob
    from abell.client.cluster import Cluster, Job
    from abell.client.request import make_request
    from abell.job import Cause, Output, Request, Resources, State

__version__ = "0.1.0"

__all__ = [
    "AsyncCluster",
    "AsyncJob",
    "Cause",
    "Cluster",
    "Job",
    "Output",
    "Request",
    "Resources",
    "State",
    "make_request",
]

_HOME = {
    "AsyncCluster": "abell.client.async_cluster",
    "AsyncJob": "abell.client.async_cluster",
    "Cluster": "abell.client.cluster",
    "Job": "abell.client.cluster",
    "make_request": "abell.client.request",
}


def __getattr__(name: str) -> object:
    """Imported when first used: the command line and the engine pay for nothing that they do not need."""
    if name not in __all__:
        raise AttributeError(f"module 'abell' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME.get(name, "abell.job")), name)
