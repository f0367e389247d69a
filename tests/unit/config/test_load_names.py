"""`load:` names, and back ends and hosts of other packages."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from abell.backends.contract import Backend
from abell.backends.registry import (
    BUILT_IN,
    UnknownBackendError,
    UnusableBackendError,
    backend_class,
    make_backend,
    third_party,
    third_party_hosts,
)
from abell.config.load_names import resolve, when
from abell.job import Request
from abell.route.static import Refusal, Route, route


@pytest.mark.parametrize(
    ("load", "backend", "status"),
    [
        ("galaxy.jobs.runners.local:LocalJobRunner", "local", "active"),
        ("galaxy.jobs.runners.local", "local", "active"),
        ("local:LocalJobRunner", "local", "active"),
        ("LocalJobRunner", "local", "active"),
        ("local", "local", "active"),
        (" local ", "local", "active"),
        ("galaxy.jobs.runners.slurm:SlurmJobRunner", "slurm", "active"),
        ("drmaa", "drmaa", "active"),
        ("univa:UnivaJobRunner", "univa", "active"),
        ("gridengine", "gridengine", "active"),
        ("galaxy.jobs.runners.cli:ShellJobRunner", "cli", "later"),
        ("htcondor", "htcondor", "later"),
        ("galaxy.jobs.runners.pulsar:PulsarMQJobRunner", "pulsar_mq", "later"),
        ("PulsarEmbeddedJobRunner", "pulsar_embedded", "later"),
        ("pulsar", "", "unknown"),  # which of them?
        ("galaxy.jobs.runners.kubernetes:KubernetesJobRunner", "", "never"),
        ("aws", "", "never"),
        ("GoogleCloudBatchJobRunner", "", "never"),
        ("tasks:TaskedJobRunner", "", "never"),
        ("local:SlurmJobRunner", "", "unknown"),
        ("", "", "unknown"),
        (":", "", "unknown"),
    ],
)
def test_resolve(load: str, backend: str, status: str) -> None:
    assert (resolve(load).backend, resolve(load).when) == (backend, status)


def test_when_of_a_backend() -> None:
    assert [when(b) for b in ("local", "slurm", "pbs", "", "nosuch")] == [
        "active",
        "active",
        "later",
        "never",
        "unknown",
    ]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that registers a back end and a host, as an installer leaves it."""
    info = tmp_path / "abell_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: abell-acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[abell.backends]\nacme = abell_acme:Acme\nbroken = abell_acme:Missing\nwrong = abell_acme:NoBackend\n"
        "nameless = abell_acme:Nameless\nmissing = abell_missing:Acme\nangry = abell_acme:Angry\n"
        "[abell.hosts]\nteleport = abell_acme:NoBackend\n"
    )
    (tmp_path / "abell_acme.py").write_text(
        "from abell.backends.contract import Backend\n"
        "class NoBackend: pass\n"
        "class Acme(Backend):\n"
        "    name = 'acme'\n"
        "    own_id = '${ACME_ID:-}'\n"
        "    def submit(self, submissions): yield\n"
        "    def poll(self, ids): yield\n"
        "    def cancel(self, ids, by): yield\n"
        "class Nameless(Acme):\n"
        "    own_id = ''\n"
        "class Angry(Acme):\n"
        "    def __init__(self, params): raise RuntimeError('no licence')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    third_party.cache_clear()
    third_party_hosts.cache_clear()
    yield
    sys.modules.pop("abell_acme", None)
    third_party.cache_clear()
    third_party_hosts.cache_clear()


def test_a_back_end_of_another_package(package: None, load_text) -> None:
    loaded = load_text("runners: {x: {load: acme, speed: 3}}\nexecution: {environments: {a: {runner: x}}}")
    assert loaded.configuration.runners["x"].params == {"speed": "3"}  # its parameters are its own business
    outcome = route(loaded.configuration, Request("true"))
    assert isinstance(outcome, Route)
    backend = backend_class(outcome.runner.backend)
    assert issubclass(backend, Backend)
    assert backend.name == "acme"


CANNOT_BE_HAD = [
    ("nosuch", "known: acme, angry, broken, drmaa, gridengine, local, missing, nameless, slurm, univa, wrong"),
    ("broken", "'broken' cannot be loaded from abell_acme:Missing"),
    ("missing", "'missing' cannot be loaded from abell_missing:Acme: No module named"),
    ("wrong", "'wrong' is not a subclass"),
    ("nameless", "'nameless' has no `own_id`"),
    ("angry", "'angry' cannot be made: RuntimeError: no licence"),
]


@pytest.mark.parametrize(("name", "why"), CANNOT_BE_HAD)
def test_back_ends_that_cannot_be_had(package: None, name: str, why: str) -> None:
    with pytest.raises(UnusableBackendError, match=why):
        make_backend(name, {})
    assert issubclass(UnknownBackendError, UnusableBackendError)


@pytest.mark.parametrize(("name", "why"), CANNOT_BE_HAD[1:])
def test_a_job_for_a_back_end_that_cannot_be_had_is_refused(package: None, load_text, name: str, why: str) -> None:
    loaded = load_text(f"runners: {{x: {{load: {name}}}}}\nexecution: {{environments: {{a: {{runner: x}}}}}}")
    outcome = route(loaded.configuration, Request("true"))
    assert isinstance(outcome, Refusal)
    assert re.search(why, outcome.reason)


def test_hosts_of_another_package(package: None) -> None:
    assert third_party_hosts()["teleport"].value == "abell_acme:NoBackend"


def test_other_packages_are_not_looked_up_for_our_own_names() -> None:
    third_party.cache_clear()
    resolve("local")
    when("local")
    assert third_party.cache_info().misses == 0


def test_the_table_of_built_in_back_ends() -> None:
    assert BUILT_IN == {
        "local": "abell.backends.local:Local",
        "slurm": "abell.backends.slurm:Slurm",
        "gridengine": "abell.backends.gridengine:GridEngine",
        "drmaa": "abell.backends.drmaa:Drmaa",
        "univa": "abell.backends.univa:Univa",
    }
