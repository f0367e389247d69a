"""Every option is active, and then a test in tests/options shows what it does, or it is listed as not active yet."""

from __future__ import annotations

import ast
from importlib.metadata import distribution
from pathlib import Path

import pytest

from abell.backends.drmaa_attributes import ATTRIBUTES
from abell.config import load
from abell.config.inactive import inactive
from abell.config.model import Configuration, Destination, Runner, Settings
from abell.config.options import OPTIONS, Option, destination_option, plugin_option

TESTS_FOLDER = Path(__file__).parents[2]

# Each active option and the test of its effect on real jobs. A row of the table without a test, or a test without a
# row, fails.
TESTS = (
    {
        f"job_conf {name}": test
        for name, test in {
            "runners.load": "test_runners.py::test_a_runner_and_a_destination_that_are_not_enabled",
            "runners.workers": "test_runners.py::test_workers",
            "runners.enabled": "test_runners.py::test_a_runner_and_a_destination_that_are_not_enabled",
            "execution.default": "test_routing.py::test_where_a_job_runs",
            "environments.runner": "test_routing.py::test_where_a_job_runs",
            "environments.enabled": "test_runners.py::test_a_runner_and_a_destination_that_are_not_enabled",
            "environments.tags": "test_routing.py::test_where_a_job_runs",
            "environments.shell": "test_environments.py::test_shell",
            "environments.env": "test_environments.py::test_env",
            "tools.id": "test_routing.py::test_where_a_job_runs",
            "tools.class": "test_routing.py::test_where_a_job_runs",
            "tools.environment": "test_routing.py::test_where_a_job_runs",
            "tools.params": "test_routing.py::test_where_a_job_runs",
        }.items()
    }
    | {"plugin[local] cores": "test_runners.py::test_cores"}
    | {
        key: f"test_slurm.py::{test}"
        for key, test in {
            "plugin[slurm] slurm_conf": "test_slurm_conf_says_which_cluster",
            "plugin[slurm] asks_per_minute": "test_asks_per_minute_is_a_number",
            "destination[slurm] native_specification": "test_native_specification",
            "destination[slurm] nativeSpecification": "test_native_specification",
            "destination[slurm] native_template": "test_native_template",
        }.items()
    }
    | {
        f"plugin[drmaa,univa] {name}": f"test_drmaa.py::{test}"
        for name, test in {
            "drmaa_library_path": "test_drmaa_library_path",
            "invalidjobexception_state": "test_a_denied_job_is_waited_for_or_not",
            "invalidjobexception_retries": "test_a_denied_job_is_waited_for_or_not",
            "internalexception_state": "test_internal_errors_that_count",
            "internalexception_retries": "test_internal_errors_that_count",
            "drmaa_library_confined": "test_what_a_library_may_read",
            "drmaa_call_timeout": "test_a_call_that_hangs",
        }.items()
    }
    | {
        f"destination[drmaa,univa] {name}": f"test_drmaa.py::{test}"
        for test, names in {
            "test_drmaa_library_path": ["drmaa_library_path"],
            "test_native_specification": ["native_specification", "nativeSpecification", "native_template"],
            "test_a_job_that_is_held": ["jobSubmissionState", "job_submission_state"],
            "test_attributes_arrive": [
                spelling
                for attribute in ATTRIBUTES
                if attribute.name not in ("nativeSpecification", "jobSubmissionState")
                for spelling in attribute.names
            ],
        }.items()
        for name in names
    }
    | {
        key: f"test_gridengine.py::{test}"
        for key, test in {
            "plugin[gridengine] sge_root": "test_which_cluster",
            "plugin[gridengine] sge_cell": "test_which_cluster",
            "plugin[gridengine] sge_qmaster_port": "test_which_cluster",
            "plugin[gridengine] sge_execd_port": "test_which_cluster",
            "plugin[gridengine] sge_bin": "test_which_cluster",
            "plugin[gridengine] asks_per_minute": "test_which_cluster",
            "destination[gridengine] native_specification": "test_native_specification",
            "destination[gridengine] nativeSpecification": "test_native_specification",
            "destination[gridengine] native_template": "test_native_template",
            "destination[gridengine] parallel_environment": "test_parallel_environment",
            "destination[gridengine] memory_resource": "test_memory_resource",
            "destination[gridengine] gpu_resource": "test_gpu_resource",
        }.items()
    }
    | {
        key: f"test_univa.py::{test}"
        for key, test in {
            "plugin[univa] asks_per_minute": "test_asks_per_minute",
            "destination[univa] parallel_environment": "test_requests_become_options",
            "destination[univa] memory_resource": "test_requests_become_options",
            "destination[univa] gpu_resource": "test_requests_become_options",
        }.items()
    }
    | {"destination[local] local_slots": "test_environments.py::test_local_slots"}
    | {
        f"destination {name}": f"test_environments.py::{test}"
        for name, test in {
            "embed_metadata_in_job": "test_embed_metadata_in_job_false_refuses_metadata_and_nothing_else",
            "tmp_dir": "test_tmp_dir_as_a_path_and_as_an_expression",
            "outputs_to_working_directory": "test_outputs_to_working_directory_of_a_destination",
            "cleanup_job": "test_cleanup_job_of_a_destination",
        }.items()
    }
    | {
        f"galaxy.yml {name}": f"test_galaxy_yml.py::{test}"
        for name, test in {
            "job_config": "test_job_config_inline",
            "job_config_file": "test_config_dir_and_job_config_file",
            "config_dir": "test_config_dir_and_job_config_file",
            "data_dir": "test_data_dir_is_the_root_and_the_base_of_the_others",
            "database_connection": "test_database_connection_of_sqlite",
            "job_working_directory": "test_data_dir_is_the_root_and_the_base_of_the_others",
            "new_file_path": "test_data_dir_is_the_root_and_the_base_of_the_others",
            "file_path": "test_data_dir_is_the_root_and_the_base_of_the_others",
            "cluster_files_directory": "test_data_dir_is_the_root_and_the_base_of_the_others",
            "outputs_to_working_directory": "test_outputs_to_working_directory",
            "retry_job_output_collection": "test_retry_job_output_collection_waits_for_a_late_output",
            "cleanup_job": "test_cleanup_job",
            "default_job_shell": "test_the_surroundings_of_the_command",
            "environment_setup_file": "test_the_surroundings_of_the_command",
            "check_job_script_integrity": "test_check_job_script_integrity",
            "check_job_script_integrity_count": "test_check_job_script_integrity",
            "check_job_script_integrity_sleep": "test_check_job_script_integrity",
            "gravity.umask": "test_the_surroundings_of_the_command",
            "gravity.galaxy_root": "test_the_surroundings_of_the_command",
            "gravity.virtualenv": "test_the_surroundings_of_the_command",
        }.items()
    }
    | {"destination requeue": "test_environments.py::test_requeue"}
    | {"galaxy.yml job_runner_monitor_sleep": "test_monitor_sleep.py::test_bells_are_heard_that_often"}
)


def test_active_options_and_only_they_name_a_test() -> None:
    assert {o.key for o in OPTIONS if o.status == "active"} == set(TESTS)


@pytest.mark.parametrize("test", sorted(set(TESTS.values())))
def test_the_named_tests_exist(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((TESTS_FOLDER / "options" / file).read_text())
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
    elif not option.runners or {"local", "slurm"} & {*option.runners}:
        assert listed.endswith(f".{name}" if option.status == "later" else f".{name}: {option.doc}")
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
        "dynamic": "runner dynamic: rules that compute a destination; jobs sent there are refused",
    }
    listed = {text: place for place, text in inactive(loaded.configuration)}
    assert words[name] in listed
    assert listed[words[name]].file.endswith("job_conf.yml") or name == "dynamic"


@pytest.mark.parametrize("name", ["job_conf.sample.yml", "job_conf.xml.sample_advanced"])
def test_each_thing_of_galaxys_samples_is_listed_once(name: str) -> None:
    sample = distribution("galaxy-config").locate_file("galaxy/config/sample") / name
    listed = inactive(load(str(sample)).configuration)
    assert len(listed) == len(set(listed)) > 35
    runners = [text for _, text in listed if text.startswith("runner ")]
    assert len(runners) == len(set(runners)) >= 9


def test_the_resubmission_condition_of_galaxy_yml_is_listed() -> None:
    settings = Settings(default_job_resubmission_condition="unknown_error")
    configuration = Configuration({}, {}, "", settings=settings, source="/g.yml")
    assert [text for _, text in inactive(configuration)] == ["galaxy.default_job_resubmission_condition"]


def test_a_parameter_that_the_local_runner_does_not_have_is_listed(load_text) -> None:
    loaded = load_text("runners: {local: {load: local}}\nexecution: {environments: {a: {runner: local, slots: 2}}}")
    assert [text for _, text in inactive(loaded.configuration)] == [
        "environments.a.slots: the local runner has no such parameter"
    ]


def test_a_parameter_that_the_slurm_runner_does_not_have_is_listed_and_a_mistyped_one_warned_of(load_text) -> None:
    loaded = load_text(
        "runners: {s: {load: slurm}}\nexecution: {environments: {a: {runner: s, native_specifikation: -n 1, x: 1}}}"
    )
    assert [text for _, text in inactive(loaded.configuration)] == [
        "environments.a.native_specifikation: the slurm runner has no such parameter",
        "environments.a.x: the slurm runner has no such parameter",
    ]
    [warning] = loaded.warnings
    assert warning.hint == "did you mean 'native_specification'?"


def test_families_and_back_ends() -> None:
    assert destination_option("docker_volumes", "slurm").name == "docker_*"
    assert destination_option("local_slots", "slurm") is None
    assert plugin_option("amqp_publish_retry_max_retries", "pulsar_mq").name == "amqp_publish_retry_*"
    assert plugin_option("amqp_url", "slurm") is None


def test_every_row_says_what_it_is() -> None:
    assert all(o.doc and o.kind for o in OPTIONS)
    assert len({o.key for o in OPTIONS}) == len(OPTIONS)
