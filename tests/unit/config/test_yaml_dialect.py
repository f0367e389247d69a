"""What only job_conf.yml has, and the parts of destinations."""

from __future__ import annotations

import pytest

from abell.config.model import EnvEntry, Metrics

FRAME = """\
runners:
  local: {{load: local, workers: 3}}
  k: {{load: local, kwds: {{cores: auto}}}}
execution:
  default: a
  environments:
    a: {{runner: local}}
    b:
      runner: local
      {0}
{1}
"""


def destination(load_text, entry: str, rest: str = ""):
    return load_text(FRAME.format(entry, rest)).configuration.destinations["b"]


def test_runners(load_text) -> None:
    runners = load_text(FRAME.format("", "")).configuration.runners
    assert runners["local"].workers == 3
    assert runners["k"].params == {"cores": "auto"}
    assert runners["k"].workers == 4


@pytest.mark.parametrize(("text", "value"), [("8", 8), ("'8'", 8), ("auto", "auto")])
def test_cores(load_text, text: str, value: object) -> None:
    text = f"runners: {{local: {{load: local, cores: {text}}}}}\nexecution: {{environments: {{a: {{runner: local}}}}}}"
    assert load_text(text).configuration.runners["local"].params == {"cores": value}


def test_recheck_missing_job_retries_is_accepted_everywhere(load_text) -> None:
    text = (
        "runners: {%s: {load: %s, recheck_missing_job_retries: 2}}\n" + "execution: {environments: {a: {runner: %s}}}"
    )
    for backend in ("local", "pbs", "cli", "slurm"):
        loaded = load_text(text % (backend, backend, backend))
        assert loaded.configuration.runners[backend].params == {"recheck_missing_job_retries": 2}


def test_environments_as_a_list(load_text, errors_of) -> None:
    text = """\
    runners: {local: {load: local}}
    execution:
      environments:
      - {id: a, runner: local, tags: [x]}
      - id: %s
        runner: local
      default: x
    """
    assert list(load_text(text % "b").configuration.destinations) == ["a", "b"]
    assert errors_of(text % "a") == [
        "job_conf.yml:5: duplicate environment id 'a'; the first is in line 4 (give each its own id)"
    ]
    assert "an environment without an id" in errors_of(text % "")[0]


def test_flat_and_nested_params(load_text) -> None:
    assert destination(load_text, "local_slots: 2").params == {"local_slots": 2}
    assert destination(load_text, "params: {local_slots: 2}").params == {"local_slots": 2}
    loaded = load_text(FRAME.format("params: {x: 1}\n      y: 2", ""))
    assert loaded.configuration.destinations["b"].params == {"y": "2", "x": "1"}
    assert "Galaxy would forget it, Abell takes both" in str(loaded.warnings[0])


def test_embed_metadata_in_job(load_text) -> None:
    assert destination(load_text, "embed_metadata_in_job: no").params == {"embed_metadata_in_job": False}


def test_env_in_the_order_given(load_text) -> None:
    entry = """env:
      - {name: A, value: 1}
      - {name: B, value: $HOME, raw: true}
      - {file: /etc/env.sh}
      - {execute: module load x}
      - {name: C, value: yes, file: /first}
      """
    loaded = load_text(FRAME.format(entry, ""))
    assert loaded.configuration.destinations["b"].env == (
        EnvEntry("variable", "1", "A"),
        EnvEntry("variable", "$HOME", "B", raw=True),
        EnvEntry("file", "/etc/env.sh"),
        EnvEntry("execute", "module load x"),
        EnvEntry("file", "/first"),
    )


def test_env_value_that_yaml_changes_draws_a_warning(load_text) -> None:
    loaded = load_text(FRAME.format("env: [{name: A, value: yes}]", ""))
    assert loaded.configuration.destinations["b"].env[0].value == "True"  # as Galaxy
    assert "YAML reads yes as True" in str(loaded.warnings[0])


def test_shell(load_text) -> None:
    assert destination(load_text, "shell: /bin/dash").shell == "/bin/dash"


def test_a_shell_without_a_path_is_warned_of(load_text) -> None:
    text = "runners: {local: {load: local}}\nexecution: {environments: {a: {runner: local, shell: bash}}}"
    (warning,) = load_text(text).warnings
    assert "environments.a.shell: 'bash' is no absolute path; jobs with it are refused" in str(warning)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", {"tmp_dir": True}),
        ("'True'", {"tmp_dir": True}),
        ("$(mktemp -d)", {"tmp_dir": "$(mktemp -d)"}),
        ("false", {}),
        ("''", {}),
    ],
)
def test_tmp_dir(load_text, text: str, value: dict) -> None:
    assert destination(load_text, f"tmp_dir: {text}").params == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", Metrics("disabled")),
        ("[{type: core}]", Metrics("list", plugins=({"type": "core"},))),
        ("{src: path, path: /m.xml}", Metrics("path", "/m.xml")),
        ("{src: disabled}", Metrics("disabled")),
        ("", None),
    ],
)
def test_metrics_do_not_leak_into_params(load_text, text: str, value: Metrics | None) -> None:
    found = destination(load_text, f"metrics: {text}")
    assert (found.metrics, found.params) == (value, {})


def test_dynamic_tpv(load_text) -> None:
    loaded = load_text(
        "execution: {default: t, environments: {t: {runner: dynamic_tpv, tpv_config_files: [x.yml]}}}\n"
        "limits: [{type: environment_total_concurrent_jobs, id: made_by_rules, value: 1}]"
    )
    found = loaded.configuration.destinations["t"]
    assert found.runner == "dynamic"
    assert found.params["rules_module"] == "tpv.rules"
    assert found.params["tpv_config_files"] == ("x.yml",)
    assert loaded.configuration.runners["dynamic"].backend == "dynamic"
    assert "no destination has the id 'made_by_rules'" in str(loaded.warnings[0])  # rules may make it


def test_rules_module(load_text) -> None:
    text = "runners: {dynamic: {rules_module: my.rules}}\n" + "execution: {environments: {d: {runner: dynamic}}}"
    assert load_text(text).configuration.dynamic == {"rules_module": "my.rules"}


def test_an_environment_without_a_runner_is_a_stub_for_limits(load_text) -> None:
    text = FRAME.format(
        "", "    stub: {tags: [t]}\nlimits: [{type: environment_user_concurrent_jobs, tag: t, value: 3}]"
    )
    configuration = load_text(text).configuration
    assert configuration.destinations["stub"].runner == ""
    (limit,) = configuration.limits
    assert (limit.type, limit.tag, limit.value) == ("destination_user_concurrent_jobs", "t", "3")


def test_assign_with_is_ignored_as_in_galaxy_with_a_warning(load_text) -> None:
    loaded = load_text(FRAME.format("", "handling: {assign_with: [db-skip-locked], max_grab: 16}"))
    assert loaded.configuration.handling.assign == ()
    assert loaded.configuration.handling.max_grab == 16
    assert "write 'assign: [METHOD]'" in str(loaded.warnings[0])


def test_class_tools_have_no_param_named_class(load_text) -> None:
    loaded = load_text(FRAME.format("", "tools: [{class: local, environment: b}, {id: X/, environment: b, source: t}]"))
    by_class, by_id = loaded.configuration.tools
    assert (by_class.tool_class, by_class.params) == ("local", {})
    assert (by_id.id, by_id.params) == ("x", {"source": "t"})


def test_unquoted_walltime_means_the_same(load_text) -> None:
    text = FRAME.format("", "limits: [{type: walltime, value: 24:00:00}, {type: walltime, value: '24:00:00'}]")
    one, two = load_text(text).configuration.limits
    assert one == two
    assert one.value == "24:00:00"


def test_keys_that_mean_nothing_draw_warnings(load_text) -> None:
    loaded = load_text(FRAME.format("", "excution: {}\nlimits: [{type: walltime, value: '1:00:00', windw: 3}]"))
    assert [str(w).partition(".yml")[2] for w in loaded.warnings] == [
        ":11: the job configuration: 'excution' means nothing here and has no effect (did you mean 'execution'?)",
        ":12: limits: 'windw' means nothing here and has no effect (did you mean 'window'?)",
    ]


def test_a_changed_file_has_another_digest_and_an_equal_model(load_text) -> None:
    text = FRAME.format("", "")
    one, two = load_text(text).configuration, load_text("# comment\n" + text).configuration
    assert one == two
    assert one.digest != two.digest
    assert one.source == one.files[0]
    assert one.source.startswith("/")
