"""Examines all patients at once: a dead cluster delays only its own lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from abell.backends.contract import Finding
from abell.backends.local import Local
from abell.config.model import Configuration
from abell.doctor import tools
from abell.doctor.checkup import Checkup
from abell.doctor.drm import Limits, drm
from abell.doctor.patients import Patient
from abell.doctor.shells import shells
from abell.hosts.local import LocalHost
from abell.hosts.peers import Peers, fulfiller

NOTHING = Finding(True, "it has nothing to check")


async def examine(
    patients: Sequence[Patient],
    configuration: Configuration,
    environ: Mapping[str, str],
    peers: Peers,
    tell: Callable[[Checkup], None],
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> list[Checkup]:
    """In the order of the patients; `tell` gets each as soon as it is there. `environ` is for the DRM's commands."""

    async def one(patient: Patient) -> Checkup:
        found = [Finding(False, why) for why in patient.obstacles]
        if patient.backend is not None:
            found += await _findings(patient, configuration, environ, peers, limits)
        found = found or [NOTHING]
        checkup = Checkup(
            "runner", patient.runner, tuple(found), patient.cluster, patient.drm, tuple(patient.destinations)
        )
        tell(checkup)
        return checkup

    return await asyncio.gather(*map(one, patients))


async def _findings(
    patient: Patient, configuration: Configuration, environ: Mapping[str, str], peers: Peers, limits: Limits
) -> list[Finding]:
    backend, found = patient.backend, []
    assert backend is not None
    absent = tools.missing(backend.tools, environ.get("PATH", ""))
    if backend.tools:
        found.append(tools.finding(backend.tools, absent, backend.name))
    if isinstance(backend, Local):
        found += shells(configuration, patient.destinations)
    if not backend.tools or len(absent) < len(backend.tools):  # with none of them, there is no more to learn
        found += await drm(backend, fulfiller(LocalHost(environ), peers), limits)
    return found
