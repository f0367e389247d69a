"""`load:` names, Galaxy's and Abell's short ones -> the name of a back end, and whether this version has it.

Galaxy's forms (galaxy.jobs, `get_job_runner_plugins`): `package.module:Class`, `module:Class`, and a bare name, which
is tried under galaxy.jobs.runners first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

When = Literal["active", "later", "never", "unknown"]

_PACKAGE = "galaxy.jobs.runners."

# (Galaxy's module, Galaxy's class, our short name, when)
_ROWS: tuple[tuple[str, str, str, When], ...] = (
    ("local", "LocalJobRunner", "local", "active"),
    ("slurm", "SlurmJobRunner", "slurm", "active"),
    ("drmaa", "DRMAAJobRunner", "drmaa", "active"),
    ("univa", "UnivaJobRunner", "univa", "active"),
    ("pbs", "PBSJobRunner", "pbs", "later"),
    ("cli", "ShellJobRunner", "cli", "later"),
    ("condor", "CondorJobRunner", "condor", "later"),
    ("htcondor", "HTCondorJobRunner", "htcondor", "later"),
    ("pulsar", "PulsarLegacyJobRunner", "pulsar_legacy", "later"),
    ("pulsar", "PulsarRESTJobRunner", "pulsar_rest", "later"),
    ("pulsar", "PulsarMQJobRunner", "pulsar_mq", "later"),
    ("pulsar", "PulsarEmbeddedJobRunner", "pulsar_embedded", "later"),
    ("pulsar", "PulsarEmbeddedMQJobRunner", "pulsar_embedded_mq", "later"),
    ("pulsar", "PulsarCoexecutionJobRunner", "pulsar_coexecution", "later"),
    ("pulsar", "PulsarKubernetesJobRunner", "pulsar_kubernetes", "later"),
    ("pulsar", "PulsarTesJobRunner", "pulsar_tes", "later"),
    ("pulsar", "PulsarGcpBatchJobRunner", "pulsar_gcp_batch", "later"),
    ("", "", "gridengine", "active"),
    ("", "", "lsf", "later"),
    ("kubernetes", "KubernetesJobRunner", "", "never"),
    ("aws", "AWSBatchJobRunner", "", "never"),
    ("gcp_batch", "GoogleCloudBatchJobRunner", "", "never"),
    ("godocker", "GodockerJobRunner", "", "never"),
    ("chronos", "ChronosJobRunner", "", "never"),
    ("tasks", "TaskedJobRunner", "", "never"),
)


@dataclass(frozen=True, slots=True)
class LoadName:
    """What a `load:` stands for. `backend` is empty for what Abell will never have and for the unknown."""

    backend: str
    when: When


def _table() -> dict[str, LoadName]:
    names: dict[str, LoadName] = {}
    modules = [module for module, *_ in _ROWS]
    for module, cls, backend, when in _ROWS:
        meaning = LoadName(backend, when)
        spellings = [backend, cls, f"{module}:{cls}", f"{_PACKAGE}{module}:{cls}"]
        if modules.count(module) == 1:  # a bare module names its one class; `pulsar` has many
            spellings += [module, _PACKAGE + module]
        names |= {s: meaning for s in spellings if s.strip(":") and (module or s == backend)}
    return names


_NAMES = _table()
_WHEN: dict[str, When] = {backend: when for _, _, backend, when in _ROWS if backend}


def resolve(load: str) -> LoadName:
    """The back end that a `load:` stands for, third parties' included."""
    if known := _NAMES.get(load.strip()):
        return known
    from abell.backends.registry import third_party

    return LoadName(load, "active") if load in third_party() else LoadName("", "unknown")


def when(backend: str) -> When:
    """Whether this version runs jobs on a back end of this name."""
    if _WHEN.get(backend) == "active":
        return "active"
    if not backend:
        return "never"
    from abell.backends.registry import third_party

    return "active" if backend in third_party() else _WHEN.get(backend, "unknown")


def spellings() -> tuple[str, ...]:
    """Every known `load:`, for did-you-mean."""
    from abell.backends.registry import third_party

    return (*_NAMES, *third_party())


def is_ours(backend: str) -> bool:
    """Whether Abell knows this back end's parameters; those of third parties are their own business."""
    return backend in _WHEN
