"""Every example block of Galaxy's page "Connecting to a Cluster", verbatim, completed to a file where it is a part."""

from __future__ import annotations

import pytest

from abell.config import load
from abell.config.model import Configuration, Destination, Runner
from abell.job import Request
from abell.route.static import Refusal, Route, route

LOCAL_PLUGIN = """\
<plugins>
    <plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner" workers="8"/>
</plugins>
"""
LOCAL_SLOTS = """\
<destinations>
    <destination id="local_1slot" runner="local"/>
    <destination id="local_2slots" runner="local">
        <param id="local_slots">2</param>
    </destination>
</destinations>
"""
DRMAA = """\
<plugins>
    <plugin id="drmaa" type="runner" load="galaxy.jobs.runners.drmaa:DRMAAJobRunner"/>
</plugins>
<destinations default="sge_default">
    <destination id="sge_default" runner="drmaa"/>
    <destination id="big_jobs" runner="drmaa">
        <param id="nativeSpecification">-P bignodes -R y -pe threads 8</param>
    </destination>
</destinations>
"""
PBS = """\
<plugins>
    <plugin id="pbs" type="runner" load="galaxy.jobs.runners.pbs:PBSJobRunner"/>
</plugins>
<destinations default="pbs_default">
    <destination id="pbs_default" runner="pbs"/>
    <destination id="other_cluster" runner="pbs">
        <param id="destination">@other.cluster</param>
    </destination>
    <destination id="long_jobs" runner="pbs">
        <param id="Resource_List">walltime=72:00:00,nodes=1:ppn=8</param>
        <param id="-p">128</param>
    </destination>
</destinations>
"""
CONDOR_PLUGIN = """\
<plugins>
    <plugin id="condor" type="runner" load="galaxy.jobs.runners.condor:CondorJobRunner"/>
</plugins>
"""
CONDOR = (
    CONDOR_PLUGIN
    + """\
<destinations>
    <destination id="condor" runner="condor"/>
</destinations>
"""
)
CONDOR_PARAMS = """\
<destinations>
    <destination id="condor" runner="condor">
        <param id="Requirements">(machine == some.specific.host)</param>
        <param id="request_cpus">4</param>
    </destination>
</destinations>
"""
CLI = """\
<plugins>
    <plugin id="cli" type="runner" load="galaxy.jobs.runners.cli:ShellJobRunner"/>
</plugins>
<destinations default="cli_default">
    <destination id="cli_default" runner="cli">
        <param id="shell_plugin">SecureShell</param>
        <param id="job_plugin">Torque</param>
        <param id="shell_hostname">cluster.example.org</param>
    </destination>
    <destination id="long_jobs" runner="cli">
        <param id="job_Resource_List">walltime=72:00:00,nodes=1:ppn=8</param>
        <param id="job_-p">128</param>
    </destination>
</destinations>
"""


def configured(load_text, fragment: str) -> Configuration:
    loaded = load_text(f"<job_conf>\n{fragment}</job_conf>\n", "job_conf.xml")
    assert [w for w in loaded.warnings if "long_jobs" not in str(w)] == []
    return loaded.configuration


def test_local_workers(load_text) -> None:
    fragment = LOCAL_PLUGIN + '<destinations><destination id="local" runner="local"/></destinations>'
    runner = configured(load_text, fragment).runners["local"]
    assert runner == Runner("local", "galaxy.jobs.runners.local:LocalJobRunner", "local", workers=8)


def test_local_slots(load_text) -> None:
    fragment = LOCAL_PLUGIN + LOCAL_SLOTS.replace("<destinations>", '<destinations default="local_1slot">')
    configuration = configured(load_text, fragment)
    assert configuration.destinations["local_1slot"] == Destination("local_1slot", "local")
    assert configuration.destinations["local_2slots"].params == {"local_slots": 2}
    outcome = route(configuration, Request("true", destination="local_2slots"))
    assert isinstance(outcome, Route)
    assert outcome.destination.params["local_slots"] == 2


def test_drmaa(load_text) -> None:
    configuration = configured(load_text, DRMAA)
    assert configuration.runners["drmaa"].backend == "drmaa"
    assert configuration.default_destination == "sge_default"
    assert configuration.destinations["big_jobs"].params == {"nativeSpecification": "-P bignodes -R y -pe threads 8"}


def test_univa_instead_of_drmaa(load_text) -> None:
    fragment = DRMAA.replace("galaxy.jobs.runners.drmaa:DRMAAJobRunner", "galaxy.jobs.runners.univa:UnivaJobRunner")
    assert configured(load_text, fragment).runners["drmaa"].backend == "univa"


def test_pbs(load_text) -> None:
    destinations = configured(load_text, PBS).destinations
    assert destinations["other_cluster"].params == {"destination": "@other.cluster"}
    assert destinations["long_jobs"].params == {"Resource_List": "walltime=72:00:00,nodes=1:ppn=8", "-p": "128"}


def test_condor(load_text) -> None:
    configuration = configured(load_text, CONDOR)
    assert configuration.default_destination == "condor"  # the only one there is
    assert configured(load_text, CONDOR_PLUGIN + CONDOR_PARAMS).destinations["condor"].params == {
        "Requirements": "(machine == some.specific.host)",
        "request_cpus": "4",
    }


def test_cli_loads_and_its_incomplete_destination_refuses_jobs(load_text) -> None:
    loaded = load_text(f"<job_conf>\n{CLI}</job_conf>\n", "job_conf.xml")
    (warning,) = loaded.warnings
    assert "long_jobs: a cli destination needs shell_plugin and job_plugin" in str(warning)
    assert warning.place.line == 11
    outcome = route(loaded.configuration, Request("true", destination="long_jobs"))
    assert isinstance(outcome, Refusal)
    assert outcome.reason == "the destination 'long_jobs' is incomplete: add shell_plugin and job_plugin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shell_rsh", "/opt/example/bin/remsh"),
        ("job_Resource_List", "walltime=24:00:00,ncpus=4"),
        ("job_-q", "queue"),
        ("job_destination", "queue"),
        ("job_Priority", "128"),
        ("job_-p", "128"),
    ],
)
def test_cli_params_of_the_text(load_text, name: str, value: str) -> None:
    fragment = CLI.replace(
        '<param id="shell_hostname">', f'<param id="{name}">{value}</param>\n        <param id="shell_hostname">'
    )
    assert configured(load_text, fragment).destinations["cli_default"].params[name] == value


def test_galaxy_yml_new_file_path(load_text) -> None:
    settings = load_text("galaxy:\n  new_file_path: /clusterfs/galaxy/tmp\n", "galaxy.yml").configuration.settings
    assert str(settings.new_file_path) == "/clusterfs/galaxy/tmp"


def test_galaxy_yml_cluster_files_directory(load_text, tmp_path) -> None:
    settings = load_text("galaxy:\n  cluster_files_directory: database/pbs\n", "galaxy.yml").configuration.settings
    assert settings.cluster_files_directory == tmp_path / "database" / "pbs"


def test_gravity_umask(load_text) -> None:
    assert load_text("gravity:\n  umask: 027\n", "galaxy.yml").configuration.settings.umask == 0o027


def test_galaxy_yml_real_user_options_pass(load_text) -> None:
    text = (
        "galaxy:\n"
        "  outputs_to_working_directory: True\n"
        "  real_system_username: user_email\n"
        "  drmaa_external_runjob_script: "
        "sudo -E .venv/bin/python scripts/drmaa_external_runner.py --assign_all_groups\n"
    )
    loaded = load_text(text, "galaxy.yml")
    assert loaded.warnings == ()
    assert loaded.configuration.settings.outputs_to_working_directory is True


def test_no_file_is_one_local_runner_and_one_destination() -> None:
    configuration = load(None).configuration
    assert configuration.runners["local"].workers == 4
    assert list(configuration.destinations) == ["local"]
    assert configuration.default_destination == "local"
    assert configuration.source == configuration.digest == ""
