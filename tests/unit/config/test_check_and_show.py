"""`abell config check` and `abell config show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from abell.cli.config import config
from abell.config.secrets import masked

GOOD = """\
runners:
  local: {load: local, workers: 2}
  condor: {load: condor}
  pulsar: {load: pulsar:PulsarMQJobRunner, amqp_url: 'amqp://guest:s3cret1@mq:5672//', secret: s3cret2}
execution:
  default: a
  environments:
    a:
      runner: local
      local_slots: 2
      metrics: []
      env:
      - {name: API_TOKEN, value: s3cret3}
      - {name: PLAIN, value: seen}
      - {execute: 'export DB_PASSWORD=s3cret4 && true'}
    p: {runner: pulsar, private_token: s3cret5, url: 'https://user:s3cret6@host/x?token=s3cret7', jobs_directory: /j}
"""


@pytest.fixture
def good(tmp_path: Path) -> str:
    (tmp_path / "job_conf.yml").write_text(GOOD)
    return str(tmp_path / "job_conf.yml")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    (tmp_path / "bad.yml").write_text("runners: {local: {load: lokal}}\nexecution: {default: x}\n")
    return str(tmp_path / "bad.yml")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(config, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_check_of_a_good_file(good: str) -> None:
    code, output = run("check", good)
    assert code == 0
    assert output.splitlines() == [
        f"not active: {good}:3: runner condor (condor): its jobs are refused",
        f"not active: {good}:4: runner pulsar (pulsar:PulsarMQJobRunner): its jobs are refused",
        f"not active: {good}:8: environments.a.metrics",
        f"{good}: good: 3 runners, 2 destinations, default a",
    ]


def test_check_of_a_bad_file(bad: str) -> None:
    code, output = run("check", bad)
    assert code == 125
    assert output.splitlines() == [
        f"error: {bad}:1: runners.local: unknown runner 'lokal' (did you mean 'local'?)",
        f"error: {bad}:2: default: no destination has the id or tag 'x'",
        f"{bad}: 2 errors",
    ]


def test_check_as_json(good: str, bad: str) -> None:
    code, output = run("check", "--json", good)
    assert (code, json.loads(output)["ok"]) == (0, True)
    assert json.loads(output)["inactive"][0] == {
        "file": good,
        "line": 3,
        "option": "runner condor (condor): its jobs are refused",
    }
    code, output = run("check", "--json", bad)
    report = json.loads(output)
    assert (code, report["ok"]) == (125, False)
    assert report["errors"][0] == {
        "file": bad,
        "line": 1,
        "option": "load",
        "text": "runners.local: unknown runner 'lokal'",
        "hint": "did you mean 'local'?",
    }


def test_check_of_no_file(tmp_path: Path) -> None:
    code, output = run("check", str(tmp_path / "none.yml"))
    assert code == 125
    assert "no such file or directory" in output


def test_show_hides_secrets(good: str) -> None:
    for arguments in (("show", good), ("show", "--json", good)):
        code, output = run(*arguments)
        assert code == 0
        assert "s3cret" not in output
        assert "amqp://guest:***@mq:5672//" in output
        shown = yaml.safe_load(output)
        assert shown["destinations"]["a"]["params"] == {"local_slots": 2}
        assert shown["destinations"]["a"]["env"][:2] == [
            {"variable": {"API_TOKEN": "***"}},
            {"variable": {"PLAIN": "seen"}},
        ]
        assert shown["runners"]["local"]["workers"] == 2


def test_show_of_galaxy_yml(tmp_path: Path) -> None:
    file = tmp_path / "galaxy.yml"
    file.write_text("gravity: {umask: 027}\ngalaxy: {database_connection: 'postgresql://abell:s3cret@db/abell'}\n")
    settings = yaml.safe_load(run("show", str(file))[1])["settings"]
    assert settings["database_connection"] == "postgresql://abell:***@db/abell"
    assert settings["umask"] == "027"
    assert settings["data_dir"] == str(tmp_path / "database")


def test_show_without_a_file_is_the_built_in_configuration() -> None:
    assert yaml.safe_load(run("show")[1])["default_destination"] == "local"


def test_show_of_a_bad_file(bad: str) -> None:
    code, output = run("show", bad)
    assert code == 125
    assert "unknown runner 'lokal'" in output


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("password", "x", "***"),
        ("shell_password", "x", "***"),
        ("key", "x", "***"),
        ("aws_secret_access_key", "x", "***"),
        ("private_key", "/home/me/.ssh/id", "***"),
        ("job_secret_base", "jobs_token", "jobs_token"),
        ("monkey", "x", "x"),
        ("url", "sqlite:////srv/db.sqlite", "sqlite:////srv/db.sqlite"),
        ("url", "postgresql://me:p@ss:w@h/d", "postgresql://me:***@h/d"),
        ("list", ("amqp://a:b@h", {"token": "x"}), ["amqp://a:***@h", {"token": "***"}]),
        ("execute", "export A=1 B_TOKEN='x y' C=2", "export A=1 B_TOKEN=*** C=2"),
        ("count", 3, 3),
    ],
)
def test_masked(name: str, value: object, shown: object) -> None:
    assert masked(name, value) == shown


def test_what_abell_will_never_have_is_a_warning_once(tmp_path: Path) -> None:
    file = tmp_path / "job_conf.yml"
    file.write_text("runners: {l: {load: local}, k: {load: tasks}}\nexecution: {environments: {a: {runner: l}}}\n")
    code, output = run("check", str(file))
    assert code == 0
    assert output.splitlines() == [
        f"warning: {file}:1: runners.k: Abell does not support tasks; jobs routed to it are refused "
        "(route its jobs to another destination)",
        f"{file}: good: 2 runners, 1 destination, default a",
    ]


def test_a_mistyped_key_of_a_runner_is_recognised(tmp_path: Path) -> None:
    file = tmp_path / "job_conf.yml"
    file.write_text("runners:\n  local: {load: local, wokers: 4}\nexecution:\n  environments: {a: {runner: local}}\n")
    code, output = run("check", str(file))
    assert code == 125
    assert "a local runner has no parameter 'wokers' (did you mean 'workers'?)" in output


def test_files_are_named_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "galaxy.yml").write_text("galaxy: {job_config_file: job_conf.yml}\n")
    (tmp_path / "job_conf.yml").write_text("runners: {local: {load: lokal}}\nexecution: {default: x}\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "error: job_conf.yml:1: runners.local: unknown runner" in run("check", "galaxy.yml")[1]
    assert f"error: {tmp_path}/job_conf.yml:1: runners.local" in run("check", str(tmp_path / "galaxy.yml"))[1]
    monkeypatch.chdir("below")
    assert "error: ../job_conf.yml:1: runners.local: unknown runner" in run("check", "../galaxy.yml")[1]


def test_warnings_are_told_beside_errors(tmp_path: Path) -> None:
    file = tmp_path / "job_conf.yml"
    file.write_text(
        "runners: {local: {load: local}}\n"
        "execution:\n  default: b\n  environments:\n    a: {runner: local}\n    c: {runner: locl}\n"
    )
    code, output = run("check", str(file))
    assert code == 125
    assert output.splitlines() == [
        f"error: {file}:3: default: no destination has the id or tag 'b' (known: a, c)",
        f"warning: {file}:6: environments.c: no runner is named 'locl' (did you mean 'local'?)",
        f"{file}: 1 error, 1 warning",
    ]


def test_a_mistyped_option_of_a_local_destination_is_recognised(tmp_path: Path) -> None:
    file = tmp_path / "job_conf.yml"
    file.write_text(
        "runners: {local: {load: local}, slurm: {load: slurm}}\n"
        "execution:\n  default: a\n  environments:\n"
        "    a: {runner: local, local_slot: 3, for_a_rule: 1}\n    b: {runner: slurm, local_slot: 3}\n"
    )
    code, output = run("check", str(file))
    assert code == 0
    assert [line for line in output.splitlines() if line.startswith("warning")] == [
        f"warning: {file}:5: environments.a: a local destination has no option 'local_slot', "
        "and nothing comes of it (did you mean 'local_slots'?)"
    ]
