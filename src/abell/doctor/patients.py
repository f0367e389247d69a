"""What there is to examine: each runner with each of its clusters that a destination means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from abell.backends.contract import Backend
from abell.backends.registry import UnusableBackendError, make_backend
from abell.config.load_names import when
from abell.config.model import Configuration, Destination, Runner
from abell.config.nearest import did_you_mean
from abell.errors import OptionError
from abell.route.static import obstacle_of


@dataclass(slots=True)
class Patient:
    """`backend` is None where it cannot be had; `obstacles` say why, and what keeps single destinations from work."""

    runner: str
    drm: str
    cluster: str = ""
    backend: Backend | None = None
    destinations: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)


def patients(configuration: Configuration, named: Sequence[str] = ()) -> list[Patient]:
    """In the order of the configuration; with `named`, ids or tags, only what these need. Raises OptionError."""
    found: dict[tuple[str, str], Patient] = {}
    for destination in _chosen(configuration, named):
        runner = configuration.runners.get(destination.runner)
        why = obstacle_of(configuration, destination)
        cluster = ""
        if not why and runner:
            try:
                cluster = make_backend(runner.backend, runner.params).cluster(destination.params)
            except Exception as error:  # a back end of somebody else's
                why = f"the back end {runner.backend} cannot tell the cluster of {destination.id}: {error}"
        key = destination.runner, cluster
        if key not in found:
            found[key] = Patient(destination.runner, runner.backend if runner else "", cluster)
        patient = found[key]
        patient.destinations.append(destination.id)
        if why:
            patient.obstacles.append(why)
        elif runner and not patient.backend:
            _treat(patient, runner)
    if not named:
        for runner in _unused(configuration, {runner for runner, _ in found}):
            patient = found[runner.id, ""] = Patient(runner.id, runner.backend)
            _treat(patient, runner)
    return list(found.values())


def _treat(patient: Patient, runner: Runner) -> None:
    try:
        patient.backend = make_backend(runner.backend, runner.params, patient.cluster)
    except UnusableBackendError as error:
        patient.obstacles.append(str(error))


def _chosen(configuration: Configuration, named: Sequence[str]) -> Iterator[Destination]:
    """Without names all of them, save those that only stand for limits."""
    every = configuration.destinations
    if not named:
        yield from (destination for destination in every.values() if destination.runner)
        return
    tags = {tag for destination in every.values() for tag in destination.tags}
    for name in named:
        if name not in every and name not in tags:
            raise OptionError(
                "DESTINATION", name, "no destination has this id or tag", did_you_mean(name, [*every, *tags])
            )
    for destination in every.values():
        if destination.id in named or any(tag in named and tag not in every for tag in destination.tags):
            yield destination


def _unused(configuration: Configuration, used: set[str]) -> Iterator[Runner]:
    """The runners that no destination names. One that this version cannot have does no harm then."""
    return (r for r in configuration.runners.values() if r.id not in used and when(r.backend) == "active")
