"""Every option is active, and then a test says what it does, or it is listed as not active yet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from abell.config.inactive import inactive
from abell.config.model import Configuration, Destination, Runner, Settings
from abell.config.options import OPTIONS, Option, destination_option, plugin_option

HERE = Path(__file__).parent

# Each active option and the test that holds it. A row of the table without a test, or a test without a row, fails.
TESTS = {
    "job_conf runners.load": "config/test_load_names.py::test_resolve",
    "job_conf runners.workers": "config/test_yaml_dialect.py::test_runners",
    "job_conf runners.enabled": "config/test_xml_dialect.py::test_from_environ_and_enabled",
    "job_conf execution.default": "route/test_static_routing.py::test_the_default",
    "job_conf environments.runner": "route/test_static_routing.py::test_the_default",
    "job_conf environments.enabled": "config/test_xml_dialect.py::test_from_environ_and_enabled",
    "job_conf environments.tags": "route/test_static_routing.py::test_tags",
    "job_conf environments.shell": "config/test_yaml_dialect.py::test_shell",
    "job_conf environments.env": "config/test_yaml_dialect.py::test_env_in_the_order_given",
    "job_conf tools.id": "route/test_static_routing.py::test_tool_ids_in_all_forms",
    "job_conf tools.class": "route/test_static_routing.py::test_tool_classes",
    "job_conf tools.environment": "route/test_static_routing.py::test_tool_ids_in_all_forms",
    "job_conf tools.params": "route/test_static_routing.py::test_params_must_all_match_and_the_first_match_wins",
    "plugin[local] cores": "config/test_yaml_dialect.py::test_cores",
    "destination[local] local_slots": "config/test_documented_examples.py::test_local_slots",
    "destination embed_metadata_in_job": "config/test_yaml_dialect.py::test_embed_metadata_in_job",
    "destination tmp_dir": "config/test_yaml_dialect.py::test_tmp_dir",
} | {
    f"galaxy.yml {name}": f"config/test_galaxy_yml.py::{test}"
    for name, test in {
        "job_config": "test_inline_before_file_before_yml_before_xml_before_default",
        "job_config_file": "test_job_config_file_is_looked_for_below_the_root_as_well",
        "config_dir": "test_config_dir",
        "data_dir": "test_data_dir_is_the_base_and_symbolic_links_stay",
        "database_connection": "test_values",
        "job_working_directory": "test_paths_resolve_as_galaxy_resolves_them",
        "new_file_path": "test_paths_resolve_as_galaxy_resolves_them",
        "file_path": "test_file_path_that_exists_below_the_root_only",
        "cluster_files_directory": "test_paths_resolve_as_galaxy_resolves_them",
        "outputs_to_working_directory": "test_values",
        "retry_job_output_collection": "test_values",
        "cleanup_job": "test_values",
        "default_job_shell": "test_values",
        "environment_setup_file": "test_values",
        "job_runner_monitor_sleep": "test_values",
        "check_job_script_integrity": "test_values",
        "check_job_script_integrity_count": "test_values",
        "check_job_script_integrity_sleep": "test_values",
        "gravity.umask": "test_umask",
        "gravity.galaxy_root": "test_values",
        "gravity.virtualenv": "test_values",
    }.items()
}


def test_active_options_and_only_they_name_a_test() -> None:
    assert {o.key for o in OPTIONS if o.status == "active"} == set(TESTS)


@pytest.mark.parametrize("test", sorted(set(TESTS.values())))
def test_the_named_tests_exist(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((HERE.parent / file).read_text())
    assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


def configured(option: Option) -> Configuration:
    """A configuration that uses one option of a plugin or destination."""
    name = option.name.replace("*", "x")
    backend = option.runners[0] if option.runners else "local"
    plugin = {name: 1} if option.where == "plugin" else {}
    params = {name: 1} if option.where == "destination" else {}
    return Configuration(
        {"r": Runner("r", backend, backend, params=plugin)}, {"d": Destination("d", "r", params=params)}, "d"
    )


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.where in ("plugin", "destination")], ids=lambda o: o.key)
def test_what_is_not_active_is_listed(option: Option) -> None:
    listed = "\n".join(text for _, text in inactive(configured(option)))
    name = option.name.replace("*", "x")
    if option.status == "active":
        assert listed == ""
    elif not option.runners or "local" in option.runners:
        assert listed.endswith(f".{name}")
    else:
        assert listed.startswith(f"runner r ({option.runners[0]})")


@pytest.mark.parametrize("name", [o.name for o in OPTIONS if o.where == "job_conf" and o.status == "later"])
def test_parts_of_the_job_configuration_that_are_not_active_are_listed(load_text, name: str) -> None:
    loaded = load_text(
        """\
        runners: {local: {load: local}}
        execution:
          default: a
          environments:
            a: {runner: local, resubmit: [{condition: any_failure}], metrics: []}
            d: {runner: dynamic}
        tools: [{id: x, handler: h}, {id: y, resources: g}]
        limits: [{type: walltime, value: '1:00:00'}]
        handling: {processes: {h: {}}}
        resources: {default: g, groups: {g: [memory]}}
        """
    )
    words = {
        "environments.resubmit": "environments.a.resubmit",
        "environments.metrics": "environments.a.metrics",
        "tools.handler": "tools.x: handler h",
        "tools.resources": "tools.y: resources g",
        "limits": "limit walltime",
        "handling": "handler h",
        "resources": "resources: groups g",
        "dynamic": "runner dynamic: rules that compute a destination",
    }
    listed = {text: place for place, text in inactive(loaded.configuration)}
    assert words[name] in listed
    assert listed[words[name]].file.endswith("job_conf.yml") or name == "dynamic"


def test_the_resubmission_condition_of_galaxy_yml_is_listed() -> None:
    settings = Settings(default_job_resubmission_condition="unknown_error")
    configuration = Configuration({}, {}, "", settings=settings, source="/g.yml")
    assert [text for _, text in inactive(configuration)] == ["galaxy.default_job_resubmission_condition"]


def test_a_parameter_that_the_local_runner_does_not_have_is_listed(load_text) -> None:
    loaded = load_text("runners: {local: {load: local}}\nexecution: {environments: {a: {runner: local, slots: 2}}}")
    assert [text for _, text in inactive(loaded.configuration)] == [
        "environments.a.slots: the local runner has no such parameter"
    ]


def test_families_and_back_ends() -> None:
    assert destination_option("docker_volumes", "slurm").name == "docker_*"
    assert destination_option("local_slots", "slurm") is None
    assert plugin_option("amqp_publish_retry_max_retries", "pulsar_mq").name == "amqp_publish_retry_*"
    assert plugin_option("amqp_url", "slurm") is None


def test_every_row_says_what_it_is() -> None:
    assert all(o.doc and o.kind for o in OPTIONS)
    assert len({o.key for o in OPTIONS}) == len(OPTIONS)
