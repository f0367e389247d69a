"""Static routing: the destination asked for, tool ids, classes, the default; and why."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.config import load
from abell.config.model import Configuration, default_configuration
from abell.job import Request
from abell.request_json import from_json, to_json
from abell.route.static import Refusal, Route, StaticRouter, route, tool_ids

JOB_CONF = """\
runners:
  local: {load: local}
  condor: {load: condor}
  k8s: {load: kubernetes}
  cli: {load: cli}
execution:
  default: main
  environments:
    main: {runner: local}
    big: {runner: local, tags: [fast, any]}
    bigger: {runner: local, tags: [fast]}
    later: {runner: condor, tags: [any, cluster]}
    never: {runner: k8s, tags: [cluster]}
    ssh: {runner: cli, shell_plugin: LocalShell}
    rules: {runner: dynamic}
    stub: {tags: [fast]}
    typo: {runner: condr}
tools:
- {id: bwa, environment: big}
- {id: Toolshed.example.org/repos/iuc/bowtie/bowtie2/2.5/, environment: bigger}
- {id: toolshed.example.org/repos/iuc/bowtie/bowtie2, environment: big}
- {id: sort, environment: bigger, params: {size: huge, sorted: 'no'}}
- {id: sort, environment: big, params: {size: huge}}
- {id: sort, environment: stub2}
- {id: only, environment: big, params: {size: huge}}
- {id: elsewhere, handler: h}
- {class: requires_galaxy, environment: bigger}
- {class: local, environment: big}
"""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    file = tmp_path_factory.mktemp("route") / "job_conf.yml"
    file.write_text(JOB_CONF.replace("environment: stub2", "environment: main"))
    return load(str(file)).configuration


@pytest.fixture(scope="module")
def router(configuration: Configuration) -> StaticRouter:
    return StaticRouter(configuration)


def went(router: StaticRouter, **request) -> str:
    outcome = router.route(Request("true", **request))
    assert isinstance(outcome, Route), outcome
    assert outcome.runner.id == outcome.destination.runner
    return outcome.destination.id


def refused(router: StaticRouter, **request) -> str:
    outcome = router.route(Request("true", **request))
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


def test_the_default(router: StaticRouter) -> None:
    assert went(router) == "main"
    assert went(router, tool_id="unknown") == "main"


def test_the_destination_asked_for_wins_over_the_tool(router: StaticRouter) -> None:
    assert went(router, destination="main", tool_id="bwa") == "main"


@pytest.mark.parametrize(
    ("tool", "destination"),
    [
        ("bwa", "big"),
        ("BWA/", "big"),
        ("toolshed.example.org/repos/devteam/bwa/bwa/0.7.18", "big"),
        ("toolshed.example.org/repos/devteam/bwa/bwa", "big"),
        ("toolshed.example.org/repos/iuc/bowtie/bowtie2/2.5", "bigger"),
        ("toolshed.example.org/repos/iuc/bowtie/bowtie2/2.4", "big"),
        ("other.example.org/repos/iuc/bowtie/bowtie2/2.5", "main"),
    ],
)
def test_tool_ids_in_all_forms(router: StaticRouter, tool: str, destination: str) -> None:
    assert went(router, tool_id=tool) == destination


def test_a_version_apart_from_the_id_counts(router: StaticRouter) -> None:
    tool = "toolshed.example.org/repos/iuc/bowtie/bowtie2"
    assert went(router, tool_id=tool, tool_version="2.5") == "bigger"
    assert went(router, tool_id=tool, tool_version="2.4") == "big"


def test_forms_of_an_id() -> None:
    assert list(tool_ids("Shed/repos/o/r/T/1.0/")) == ["shed/repos/o/r/t/1.0", "shed/repos/o/r/t", "t"]
    assert list(tool_ids("shed/repos/o/r/t", "2")) == ["shed/repos/o/r/t/2", "shed/repos/o/r/t", "t"]
    assert list(tool_ids("cat", "1")) == ["cat/1", "cat"]
    assert list(tool_ids("")) == []


def test_params_must_all_match_and_the_first_match_wins(router: StaticRouter) -> None:
    assert went(router, tool_id="sort", params={"size": "huge", "sorted": "no", "x": "y"}) == "bigger"
    assert went(router, tool_id="sort", params={"size": "huge", "sorted": "yes"}) == "big"
    assert went(router, tool_id="sort", params={"size": "small"}) == "main"
    assert went(router, tool_id="only", params={"size": "huge"}) == "big"
    assert went(router, tool_id="only") == "main"


def test_tool_classes(router: StaticRouter) -> None:
    assert went(router, tool_id="x", tool_classes=("requires_galaxy",)) == "bigger"
    assert went(router, tool_id="x", tool_classes=("requires_galaxy", "local")) == "big"  # local comes first
    assert went(router, tool_id="upload1") == "big"
    assert went(router, tool_id="__DATA_FETCH__") == "big"
    assert went(router, tool_id="bwa", tool_classes=("requires_galaxy",)) == "big"  # an id is nearer than a class
    assert went(router, tool_id="x", tool_classes=("nosuch",)) == "main"


def test_tags(configuration: Configuration, router: StaticRouter) -> None:
    seen = {went(router, destination="fast") for _ in range(100)}
    assert seen == {"big", "bigger"}  # a stub is never chosen
    assert went(router, destination="any") == "big"  # its other member cannot run jobs
    offered = []
    last = StaticRouter(configuration, choose=lambda members: offered.append(members) or members[-1])
    assert went(last, destination="fast") == "bigger"
    assert [d.id for d in offered[0]] == ["big", "bigger"]


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        ("stub", "has no runner and only stands for limits"),
        ("later", "needs the back end 'condor', which is not active in this version"),
        ("never", "needs kubernetes, which Abell does not support: send the job to another destination"),
        ("ssh", "is incomplete: add job_plugin"),
        ("rules", "is dynamic, and rules are not active in this version: name a destination for the job"),
        ("typo", "names the runner 'condr', which is not configured: did you mean 'condor'?"),
        ("bgger", "no destination has the id or tag 'bgger' (did you mean 'bigger'?)"),
        ("cluster", "no destination with the tag 'cluster' can run jobs: the destination 'later' needs"),
    ],
)
def test_refusals_say_what_to_do(router: StaticRouter, destination: str, reason: str) -> None:
    assert reason in refused(router, destination=destination)


def test_why_names_file_and_line(configuration: Configuration, router: StaticRouter) -> None:
    name = configuration.source
    outcome = router.route(Request("true", tool_id="bwa"))
    assert outcome.why == (
        f"{name}:19: the entry for tool 'bwa'",
        f"{name}:10: destination 'big', runner 'local'",
    )
    outcome = router.route(Request("true", tool_id="elsewhere"))
    assert outcome.why == (
        f"{name}:26: the entry for tool 'elsewhere' names no destination",
        f"{name}:7: the default is 'main'",
        f"{name}:9: destination 'main', runner 'local'",
    )
    outcome = StaticRouter(configuration, choose=lambda m: m[0]).route(Request("true", destination="fast"))
    assert outcome.why == (
        "'fast' was asked for with the job",
        f"{name}:10: the tag 'fast' stands for big, bigger, stub",
        f"{name}:10: 'big' was chosen",
    )
    outcome = router.route(Request("true", tool_id="sort", params={"size": "huge"}))
    assert outcome.why[0] == f"{name}:23: the entry for tool 'sort' with size=huge"


def test_no_configuration() -> None:
    outcome = route(default_configuration(), Request("true"))
    assert isinstance(outcome, Route)
    assert outcome.why == (
        "built-in configuration: the default is 'local'",
        "built-in configuration: destination 'local', runner 'local'",
    )


def test_classes_survive_the_socket() -> None:
    request = Request("true", tool_id="x", tool_classes=("local",))
    assert from_json(to_json(request)) == request


@given(
    request_=st.builds(
        Request,
        command=st.just("true"),
        destination=st.text(max_size=8) | st.sampled_from(["big", "fast", "stub"]),
        tool_id=st.text(max_size=20) | st.from_regex(r"[a-z]?/repos/([a-z/]{0,3}/){0,6}", fullmatch=True),
        tool_version=st.text(max_size=4),
        params=st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
        tool_classes=st.lists(st.text(max_size=6), max_size=2).map(tuple),
    )
)
def test_any_request_has_an_answer(configuration: Configuration, request_: Request) -> None:
    outcome = StaticRouter(configuration, random.Random(0).choice).route(request_)
    assert outcome.why
    if isinstance(outcome, Refusal):
        assert outcome.reason


def test_a_job_costs_microseconds_however_many_tools_there_are(tmp_path: Path) -> None:
    tools = "".join(f"- {{id: tool{i}, environment: main}}\n" for i in range(2000))
    file = tmp_path / "job_conf.yml"
    file.write_text(
        "runners: {local: {load: local}}\nexecution: {environments: {main: {runner: local}}}\ntools:\n" + tools
    )
    router = StaticRouter(load(str(file)).configuration)
    request = Request("true", tool_id="shed/repos/o/r/tool1999/1.0")
    begun = time.process_time()
    for _ in range(10_000):
        router.route(request)
    assert (time.process_time() - begun) / 10_000 < 100e-6
