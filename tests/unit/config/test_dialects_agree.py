"""The same configuration, written as job_conf.yml and as job_conf.xml, gives equal models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from abell.config import ConfigurationError, load
from abell.config.model import Configuration
from abell.config.options import OPTIONS

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.+-]{0,11}", fullmatch=True).filter(
    lambda n: n.lower() not in ("dynamic", "dynamic_tpv", "enabled", "load", "workers")
)
# Everything that XML 1.0 can hold; carriage returns are its own line ends.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\r"), max_size=20)
known = {o.name.rstrip("*") for o in OPTIONS} | {"id", "runner", "tags", "shell", "env", "resubmit", "metrics"}
own_params = st.dictionaries(
    names.filter(lambda n: not any(n.startswith(k) for k in known) and n not in ("params", "kwds")), texts, max_size=3
)
env_entries = st.one_of(
    st.builds(dict, name=st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True).filter(str.isascii), value=texts),
    st.builds(dict, name=st.just("RAW"), value=texts, raw=st.booleans()),
    st.builds(dict, file=texts.filter(str.strip)),
    st.builds(dict, execute=texts.filter(str.strip)),
)
lines = texts.map(str.strip).filter(bool)


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    runners = draw(st.dictionaries(names, st.integers(1, 64), min_size=1, max_size=3))
    ids = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    tags = [f"tag_{i}" for i in range(2)]
    targets = st.sampled_from(ids)
    environments = {}
    for name in ids:
        environments[name] = {
            "runner": draw(st.sampled_from(sorted(runners))),
            "tags": draw(st.lists(st.sampled_from(tags), unique=True)),
            "params": draw(own_params)
            | draw(st.fixed_dictionaries({}, optional={"local_slots": st.integers(1, 99), "tmp_dir": st.just(True)})),
            "env": draw(st.lists(env_entries, max_size=3)),
            "resubmit": draw(st.lists(st.builds(dict, condition=lines, environment=targets, delay=lines), max_size=2)),
        }
        if draw(st.booleans()):
            environments[name]["metrics"] = draw(st.sampled_from([[], [{"type": "core"}, {"type": "cpuinfo"}]]))
    return {
        "runners": runners,
        "default": draw(targets),
        "environments": environments,
        "tools": draw(
            st.lists(st.builds(dict, id=names, environment=targets, params=own_params), max_size=3)
            | st.just([{"class": "local", "environment": ids[0], "params": {}}])
        ),
        "limits": draw(
            st.lists(
                st.one_of(
                    st.builds(dict, type=st.just("registered_user_concurrent_jobs"), value=st.integers(0, 9)),
                    st.builds(
                        dict, type=st.just("destination_total_concurrent_jobs"), id=targets, value=st.integers(0, 9)
                    ),
                    st.builds(dict, type=st.just("walltime"), value=st.just("24:00:00")),
                    st.builds(dict, type=st.just("total_walltime"), value=st.just("1:02:03"), window=st.integers(1, 9)),
                    st.builds(dict, type=st.just("output_size"), value=st.just("10GB")),
                ),
                max_size=3,
            )
        ),
        "handling": {"assign": ["db-skip-locked"], "max_grab": draw(st.integers(1, 9)), "handler": draw(names)},
        "groups": {"all": ["memory", "time"], "none": []},
    }


def as_yaml(data: dict[str, Any]) -> str:
    handling = data["handling"]
    return yaml.safe_dump(
        {
            "runners": {name: {"load": "local", "workers": n} for name, n in data["runners"].items()},
            "execution": {"default": data["default"], "environments": data["environments"]},
            "tools": data["tools"],
            "limits": data["limits"],
            "handling": {
                "assign": handling["assign"],
                "max_grab": handling["max_grab"],
                "processes": {handling["handler"]: {"tags": ["special"]}},
            },
            "resources": {"default": "all", "groups": data["groups"]},
        },
        allow_unicode=True,
    )


def add(parent: etree._Element, tag: str, text: str = "", **attributes: Any) -> etree._Element:
    element = etree.SubElement(parent, tag, {k.rstrip("_"): str(v) for k, v in attributes.items()})
    element.text = text
    return element


def as_xml(data: dict[str, Any]) -> bytes:
    root = etree.Element("job_conf")
    plugins = add(root, "plugins")
    for name, workers in data["runners"].items():
        add(plugins, "plugin", id=name, type="runner", load="local", workers=workers)
    destinations = add(root, "destinations", default=data["default"])
    for name, entry in data["environments"].items():
        one = add(destinations, "destination", id=name, runner=entry["runner"], tags=",".join(entry["tags"]))
        for key, value in entry["params"].items():
            add(one, "param", str(value), id=key)
        for env in entry["env"]:
            if "file" in env:
                add(one, "env", file=env["file"])
            elif "execute" in env:
                add(one, "env", exec=env["execute"])
            else:
                raw = {"raw": str(env["raw"]).lower()} if "raw" in env else {}
                add(one, "env", env["value"], id=env["name"], **raw)
        for again in entry["resubmit"]:
            add(
                one,
                "resubmit",
                condition=again["condition"],
                destination=again["environment"],
                delay=again["delay"],
            )
        if "metrics" in entry:
            metrics = add(one, "job_metrics")
            for plugin in entry["metrics"]:
                add(metrics, plugin["type"])
    tools = add(root, "tools")
    for rule in data["tools"]:
        who = {"id": rule["id"]} if "id" in rule else {"class_": rule["class"]}
        tool = add(tools, "tool", destination=rule["environment"], **who)
        for key, value in rule["params"].items():
            add(tool, "param", value, id=key)
    limits = add(root, "limits")
    for limit in data["limits"]:
        add(limits, "limit", str(limit["value"]), **{k: v for k, v in limit.items() if k != "value"})
    handling = data["handling"]
    handlers = add(root, "handlers", assign_with=",".join(handling["assign"]), max_grab=handling["max_grab"])
    add(handlers, "handler", id=handling["handler"], tags="special")
    resources = add(root, "resources", default="all")
    for name, fields in data["groups"].items():
        add(resources, "group", ",".join(fields), id=name)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=False)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configurations())
def test_both_dialects_give_equal_models(directory: Path, data: dict[str, Any]) -> None:
    (directory / "job_conf.yml").write_text(as_yaml(data))
    (directory / "job_conf.xml").write_bytes(as_xml(data))
    from_yaml = outcome(directory / "job_conf.yml")
    from_xml = outcome(directory / "job_conf.xml")
    assert from_yaml == from_xml
    if isinstance(from_yaml, Configuration):
        assert from_yaml.digest != from_xml.digest


def outcome(path: Path) -> Configuration | list[str]:
    """The model, or what is wrong, which must be the same in both dialects, too."""
    try:
        return load(str(path)).configuration
    except ConfigurationError as error:
        return sorted(p.text for p in error.problems)
