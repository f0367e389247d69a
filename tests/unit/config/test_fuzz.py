"""Whatever is in a file, loading it ends with a model or with problems that name a place; nothing else is raised."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abell.config import ConfigurationError, load
from abell.config.check import check
from abell.config.job_conf import SECTIONS
from abell.config.model import Configuration
from abell.config.options import OPTIONS
from abell.config.show import as_json, as_text
from abell.job import Request
from abell.route.static import StaticRouter

words = st.sampled_from(
    sorted(
        {*SECTIONS, "local", "slurm", "cli", "dynamic", "default", "environments", "load", "workers", "params", "kwds"}
        | {"runner", "tags", "env", "name", "value", "file", "execute", "raw", "resubmit", "metrics", "src", "path"}
        | {"id", "class", "environment", "handler", "type", "walltime", "window", "tag", "output_size", "enabled"}
        | {
            "processes",
            "plugins",
            "assign",
            "assign_with",
            "groups",
            "galaxy",
            "gravity",
            "umask",
            "job_config",
            "shell",
        }
        | {o.name.rpartition(".")[2] for o in OPTIONS}
    )
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=6) | st.just("24:00:00")
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5), max_leaves=40
)
sections = st.fixed_dictionaries(
    {},
    optional={
        "runners": st.dictionaries(words, trees, max_size=3),
        "execution": st.fixed_dictionaries({}, optional={"default": scalars, "environments": trees}),
        "tools": trees,
        "limits": st.lists(st.dictionaries(words, scalars, max_size=4), max_size=3),
        "handling": trees,
        "resources": trees,
        "galaxy": st.dictionaries(words, trees, max_size=4),
        "gravity": st.dictionaries(words, scalars, max_size=3),
    },
)
slow = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def attempt(file: Path, content: bytes) -> Configuration | None:
    file.write_bytes(content)
    report = check(str(file))
    assert report.as_text()
    assert report.as_json()
    try:
        configuration = load(str(file)).configuration
    except ConfigurationError as error:
        assert error.problems == report.errors
        assert all(p.place.file and p.text for p in error.problems)
        assert all(str(p).isprintable() for p in error.problems)
        return None
    assert as_text(configuration)
    assert as_json(configuration)
    assert StaticRouter(configuration).route(Request("true")).why
    return configuration


@slow
@given(st.binary(max_size=60))
def test_any_bytes(directory: Path, data: bytes) -> None:
    attempt(directory / "job_conf.yml", data)
    attempt(directory / "job_conf.xml", data)


@slow
@given(st.text("[]{}&*a: -\n'\"#|>!<%,?\t", max_size=40))
def test_yaml_punctuation(directory: Path, text: str) -> None:
    attempt(directory / "job_conf.yml", text.encode())


@slow
@given(sections)
def test_any_tree_of_known_words(directory: Path, tree: dict) -> None:
    attempt(directory / "job_conf.yml", yaml.safe_dump(tree, allow_unicode=True).encode())


TAGS = """
plugins plugin param destinations destination env resubmit job_metrics handlers handler tools tool limits limit
resources group macros xml macro token import expand yield container
"""
ATTRIBUTES = """
id load type workers runner tags default name macro tokens token_a from_environ enabled file exec destination handler
class value tag window
"""
attributes = st.dictionaries(
    st.sampled_from(ATTRIBUTES.split()),
    st.sampled_from(["local", "a", "1", "x,y", "", "@A@", "True", "dynamic"]),
    max_size=4,
).map(lambda pairs: "".join(f' {k}="{v}"' for k, v in pairs.items()))
tags = st.sampled_from(TAGS.split())
elements = st.recursive(
    st.builds("<{0}{1}>{2}</{0}>".format, tags, attributes, st.sampled_from(["", "1", "local", "@A@", "job_conf.xml"])),
    lambda inner: st.builds(
        "<{0}{1}>{2}</{0}>".format, tags, attributes, st.lists(inner, min_size=1, max_size=4).map("".join)
    ),
    max_leaves=12,
)


@slow
@given(st.lists(elements, max_size=6))
def test_any_elements_of_known_names(directory: Path, parts: list[str]) -> None:
    attempt(directory / "job_conf.xml", f"<job_conf>{''.join(parts)}</job_conf>".encode())


YAML = """\
runners: {local: {load: local, workers: 2}, slurm: {load: slurm, drmaa_library_path: /x}}
execution:
  default: a
  environments:
    a: &a {runner: local, tags: [t], env: [{name: A, value: '1'}], resubmit: [{condition: any_failure}]}
    b: {<<: *a, local_slots: 2}
tools: [{id: x, environment: t, params: {k: v}}, {class: local, environment: b}]
limits: [{type: walltime, value: '1:00:00'}, {type: output_size, value: 1GB}]
"""
XML = """\
<job_conf>
<plugins workers="2"><plugin id="local" load="local"/><plugin id="s" load="slurm"/></plugins>
<destinations default="a"><destination id="a" runner="local" tags="t"><param id="local_slots">2</param>
<env id="A">1</env><resubmit condition="any_failure"/></destination><expand macro="m" id="b"/></destinations>
<tools><tool id="x" destination="t"/></tools><limits><limit type="walltime">1:00:00</limit></limits>
<macros><xml name="m" tokens="id"><destination id="@ID@" runner="s"/></xml></macros>
</job_conf>
"""


def test_the_texts_that_are_damaged_below_are_good(directory: Path) -> None:
    assert attempt(directory / "job_conf.yml", YAML.encode()) is not None
    assert attempt(directory / "job_conf.xml", XML.encode()) is not None


@slow
@given(st.sampled_from([YAML, XML]), st.integers(0, 650), st.integers(0, 12), st.text(max_size=4))
def test_a_damaged_file(directory: Path, text: str, at: int, cut: int, put: str) -> None:
    name = "job_conf.xml" if text is XML else "job_conf.yml"
    attempt(directory / name, (text[:at] + put + text[at + cut :]).encode(errors="surrogatepass"))
