"""Which destination a job really runs in: each says its name to its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.options.site import Site

YAML = """\
runners: {local: {load: local}}
execution:
  default: all_others
  environments:
    all_others: {runner: local, env: [{name: WHERE, value: all_others}]}
    short: {runner: local, tags: [fast], env: [{name: WHERE, value: short}]}
    long: {runner: local, tags: [slow, far], env: [{name: WHERE, value: long}]}
    far: {runner: local, tags: 'slow,distant', env: [{name: WHERE, value: far}]}
tools:
- {id: bwa, environment: short}
- {id: bwa_mem/2.1, environment: long}
- {id: shed.org/repos/devteam/sort/sort_rows, environment: short}
- {id: shed.org/repos/devteam/sort/sort_rows/1.5, environment: long}
- {id: Picard/, environment: fast}
- {id: filter, environment: short, params: {size: small}}
- {id: filter, environment: long, params: {size: big, kind: x}}
- {id: filter, environment: far}
- {id: kept}
- {class: user_defined, environment: far}
- {class: local, environment: short}
"""
XML = """\
<job_conf>
  <plugins><plugin id="local" type="runner" load="local"/></plugins>
  <destinations default="all_others">
    <destination id="all_others" runner="local"><env id="WHERE">all_others</env></destination>
    <destination id="short" runner="local" tags="fast"><env id="WHERE">short</env></destination>
    <destination id="long" runner="local" tags="slow,far"><env id="WHERE">long</env></destination>
    <destination id="far" runner="local" tags="slow,distant"><env id="WHERE">far</env></destination>
  </destinations>
  <tools>
    <tool id="bwa" destination="short"/>
    <tool id="bwa_mem/2.1" destination="long"/>
    <tool id="shed.org/repos/devteam/sort/sort_rows" destination="short"/>
    <tool id="shed.org/repos/devteam/sort/sort_rows/1.5" destination="long"/>
    <tool id="Picard/" destination="fast"/>
    <tool id="filter" destination="short"><param id="size">small</param></tool>
    <tool id="filter" destination="long"><param id="size">big</param><param id="kind">x</param></tool>
    <tool id="filter" destination="far"/>
    <tool id="kept"/>
    <tool class="user_defined" destination="far"/>
    <tool class="local" destination="short"/>
  </tools>
</job_conf>
"""
SORT = "shed.org/repos/devteam/sort/sort_rows"
CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"all_others"}),
    ({"tool": "unheard_of"}, {"all_others"}),
    ({"tool": "kept"}, {"all_others"}),
    # by hand, past every rule; a tag stands for any of those that have it, and an id counts before a tag
    ({"to": "long", "tool": "bwa"}, {"long"}),
    ({"to": "distant"}, {"far"}),
    ({"to": "slow"}, {"long", "far"}),
    ({"to": "far"}, {"far"}),
    # tool ids
    ({"tool": "bwa"}, {"short"}),
    ({"tool": "BWA"}, {"short"}),
    ({"tool": "bwa", "tool_version": "0.7"}, {"short"}),
    ({"tool": "bwa_mem", "tool_version": "2.1"}, {"long"}),
    ({"tool": "bwa_mem", "tool_version": "2.2"}, {"all_others"}),
    ({"tool": f"{SORT}/1.5"}, {"long"}),
    ({"tool": f"{SORT}/1.6"}, {"short"}),
    ({"tool": "shed.org/repos/other/bwa/bwa/0.7"}, {"short"}),
    ({"tool": "picard"}, {"short"}),
    # parameters: all must match, else the entry without any
    ({"tool": "filter", "params": {"size": "small"}}, {"short"}),
    ({"tool": "filter", "params": {"size": "big", "kind": "x", "more": "y"}}, {"long"}),
    ({"tool": "filter", "params": {"size": "big"}}, {"far"}),
    # classes, after ids
    ({"tool": "mine", "tool_classes": ["user_defined"]}, {"far"}),
    ({"tool": "mine", "tool_classes": ["user_defined", "local"]}, {"short"}),
    ({"tool": "upload1"}, {"short"}),
    ({"tool": "bwa", "tool_classes": ["user_defined"]}, {"short"}),
]


@pytest.fixture(scope="module", params=[("job_conf.yml", YAML), ("job_conf.xml", XML)], ids=["yaml", "xml"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name, config = request.param
    site = Site(tmp_path_factory.mktemp("site"), config, name, None, {})
    yield site
    site.close()


@pytest.mark.parametrize(("asked", "wanted"), CASES, ids=lambda x: str(x) if isinstance(x, dict) else "")
def test_where_a_job_runs(site: Site, asked: dict[str, Any], wanted: set[str]) -> None:
    job = site.run('echo "$WHERE"', **asked)
    where = job.stdout.read_text().strip()
    assert where in wanted
    assert job.row["destination"] == where
