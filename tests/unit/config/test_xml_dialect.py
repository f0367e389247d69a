"""What only job_conf.xml has."""

from __future__ import annotations

import pytest

FRAME = """\
<job_conf>
  <plugins workers="7">
    <plugin id="local" type="runner" load="local"/>
    <plugin id="two" load="local" workers="2"/>
    {1}
  </plugins>
  <destinations default="a">
    <destination id="a" runner="local"/>
    {0}
  </destinations>
</job_conf>
"""


def load_parts(load_text, destinations: str = "", plugins: str = ""):
    return load_text(FRAME.format(destinations, plugins), "job_conf.xml")


def test_workers_of_plugins_are_the_default(load_text) -> None:
    runners = load_parts(load_text).configuration.runners
    assert (runners["local"].workers, runners["two"].workers) == (7, 2)


def test_from_environ_and_enabled(load_text, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        '<destination id="b" runner="local"><param id="enabled" from_environ="ABELL_TEST_B">True</param>'
        '<param id="local_slots" from_environ="ABELL_TEST_SLOTS">2</param></destination>'
    )
    plugin = '<plugin id="off" load="local"><param id="enabled">False</param></plugin>'
    plain = load_parts(load_text, text, plugin).configuration
    assert plain.destinations["b"].params == {"local_slots": 2}
    assert "off" not in plain.runners
    monkeypatch.setenv("ABELL_TEST_SLOTS", "5")
    other = load_parts(load_text, text, plugin).configuration
    assert other.destinations["b"].params == {"local_slots": 5}
    assert other.digest != plain.digest  # what the environment said is part of the configuration
    monkeypatch.setenv("ABELL_TEST_B", "off")
    assert "b" not in load_parts(load_text, text, plugin).configuration.destinations


def test_default_from_environ(load_text, monkeypatch: pytest.MonkeyPatch) -> None:
    text = FRAME.format('<destination id="b" runner="local"/>', "").replace(
        'default="a"', 'default="a" default_from_environ="ABELL_TEST_DEFAULT"'
    )
    assert load_text(text, "job_conf.xml").configuration.default_destination == "a"
    monkeypatch.setenv("ABELL_TEST_DEFAULT", "b")
    assert load_text(text, "job_conf.xml").configuration.default_destination == "b"


def test_from_config_asks_galaxy_yml(load_text, tmp_path) -> None:
    (tmp_path / "job_conf.xml").write_text(
        FRAME.format(
            '<destination id="b" runner="local"><param id="x" from_config="brand">no</param></destination>', ""
        )
    )
    text = "galaxy: {brand: yes-brand, job_config_file: job_conf.xml}"
    assert load_text(text, "galaxy.yml").configuration.destinations["b"].params == {"x": "yes-brand"}


def test_docker_sudo_is_true_in_xml_only(load_text) -> None:
    docker = '<destination id="b" runner="local"><param id="docker_enabled">true</param></destination>'
    assert load_parts(load_text, docker).configuration.destinations["b"].params["docker_sudo"] == "true"
    assert "docker_sudo" not in load_parts(load_text).configuration.destinations["a"].params


def test_metrics_attribute(load_text) -> None:
    found = load_parts(
        load_text,
        '<destination id="b" runner="local" metrics="off"/><destination id="c" runner="local" metrics="m.xml"/>',
    ).configuration.destinations
    assert (found["b"].metrics.source, found["c"].metrics.path) == ("disabled", "m.xml")


def test_elements_without_what_they_need_are_left_out_with_a_warning(load_text) -> None:
    loaded = load_parts(load_text, '<destination runner="local"/><destinaton id="x"/>', '<plugin load="local"/>')
    assert [str(w).partition(".xml")[2] for w in loaded.warnings] == [
        ":5: <plugin> without 'id' is left out (add id=\"...\")",
        ":9: <destinaton> inside <destinations> means nothing and has no effect (did you mean 'destination'?)",
        ":9: <destination> without 'id' is left out (add id=\"...\")",
    ]


def test_shell_attribute_is_honoured_with_a_warning(load_text) -> None:
    loaded = load_parts(load_text, '<destination id="b" runner="local" shell="/bin/dash"/>')
    assert loaded.configuration.destinations["b"].shell == "/bin/dash"
    assert "Galaxy reads it in job_conf.yml only" in str(loaded.warnings[0])


def test_xml_is_known_by_name_or_content(load_text) -> None:
    text = FRAME.format("", "")
    for name in ("job_conf.xml", "my.xml.new", "job_conf.conf"):
        assert load_text(text, name).configuration.default_destination == "a"


def test_comments_do_not_cut_texts(load_text) -> None:
    found = load_parts(load_text, '<destination id="b" runner="local"><param id="x">1<!-- c -->2</param></destination>')
    assert found.configuration.destinations["b"].params == {"x": "12"}
