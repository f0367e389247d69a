"""Every option, where it stands, what it takes, and whether this version acts on it.

`config check` and the documentation are made from this table, and the tests hold each row to it. A name that ends with
`*` stands for a family. Facts: Galaxy 26.1's runners, its job configuration and its configuration schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

Where = Literal["job_conf", "plugin", "destination", "galaxy.yml"]
Status = Literal["active", "later", "no effect"]


@dataclass(frozen=True, slots=True)
class Option:
    where: Where
    name: str
    kind: str  # text, whole, number, bool, path, data, or the allowed words joined by "|"
    default: str
    status: Status
    doc: str
    runners: tuple[str, ...] = ()  # back ends that know it; none: all

    @property
    def key(self) -> str:
        of = f"[{','.join(self.runners)}]" if self.runners else ""
        return f"{self.where}{of} {self.name}"

    def covers(self, name: str, backend: str) -> bool:
        if self.runners and backend not in self.runners:
            return False
        return name == self.name or (self.name.endswith("*") and name.startswith(self.name[:-1]))


_DRMAA = ("drmaa", "univa")
# The attributes of a job template (`backends/drmaa_attributes.py` reads them), each also in snake case.
_ATTRIBUTES = (
    ("workingDirectory", "text", "where the job script starts; else its own directory"),
    ("args", "data", "arguments of the job script"),
    ("jobCategory", "text", "a set of options that the DRM's administrator has named"),
    ("jobEnvironment", "data", "variables for the job"),
    ("jobSubmissionState", "text", "active, or hold"),
    ("startTime", "text", "not before"),
    ("deadlineTime", "text", "the DRM ends it then"),
    ("hardWallclockTimeLimit", "text", "elapsed time after which the DRM ends it"),
    ("softWallclockTimeLimit", "text", "an estimate of its elapsed time"),
    ("hardRunDurationLimit", "text", "running time after which the DRM ends it"),
    ("softRunDurationLimit", "text", "an estimate of its running time"),
    ("inputPath", "text", "the job script's standard input"),
    ("joinFiles", "bool", "the DRM's own two streams go into one file"),
    ("transferFiles", "text", "which streams the DRM copies: i, o, e"),
    ("email", "data", "who is told of the job"),
    ("blockEmail", "bool", "nobody is told of the job"),
)
_FORGOTTEN = "a job that Slurm has forgotten ends by its own record, or is lost: never ok by absence"
_FAILED = "a question that fails is asked again, and changes no job"
_PULSAR_HTTP = ("pulsar_legacy", "pulsar_rest")
_PULSAR = (
    *_PULSAR_HTTP,
    "pulsar_mq",
    "pulsar_embedded",
    "pulsar_embedded_mq",
    "pulsar_coexecution",
    "pulsar_kubernetes",
    "pulsar_tes",
    "pulsar_gcp_batch",
)


def _later(where: Where, runners: tuple[str, ...], *rows: tuple[str, str, str, str]) -> tuple[Option, ...]:
    return tuple(Option(where, name, kind, default, "later", doc, runners) for name, kind, default, doc in rows)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


OPTIONS: tuple[Option, ...] = (
    # The job configuration itself; XML's names for the same thing are in the documentation.
    Option("job_conf", "runners.load", "text", "", "active", "which back end: Galaxy's name or a short one"),
    Option("job_conf", "runners.workers", "whole", "4", "active", "jobs that run at once (local), or submit at once"),
    Option("job_conf", "runners.enabled", "bool", "true", "active", "false leaves the runner out"),
    Option("job_conf", "execution.default", "text", "", "active", "destination or tag of all other jobs"),
    Option("job_conf", "environments.runner", "text", "", "active", "the runner; without one only a stub for limits"),
    Option("job_conf", "environments.enabled", "bool", "true", "active", "false leaves the destination out"),
    Option("job_conf", "environments.tags", "data", "", "active", "names that several destinations share"),
    Option("job_conf", "environments.shell", "text", "", "active", "the shell of the job script"),
    Option("job_conf", "environments.env", "data", "", "active", "variables, files and commands before the job"),
    Option("job_conf", "environments.resubmit", "data", "", "later", "where to try again after a failure"),
    Option("job_conf", "environments.metrics", "data", "", "later", "what to measure about a job"),
    Option("job_conf", "tools.id", "text", "", "active", "a tool, by any form of its id"),
    Option("job_conf", "tools.class", "local|requires_galaxy|user_defined", "", "active", "a group of tools"),
    Option("job_conf", "tools.environment", "text", "", "active", "destination or tag of the tool's jobs"),
    Option("job_conf", "tools.params", "data", "", "active", "the entry is for jobs with these parameters only"),
    Option("job_conf", "tools.handler", "text", "", "later", "the server process of the tool's jobs"),
    Option("job_conf", "tools.resources", "text", "", "later", "resource parameters that the tool's form offers"),
    Option("job_conf", "limits", "data", "", "later", "how many jobs, how long, how much output"),
    Option("job_conf", "handling", "data", "", "later", "several server processes"),
    Option("job_conf", "resources", "data", "", "later", "groups of resource parameters"),
    Option("job_conf", "dynamic", "data", "", "later", "rules that compute a destination"),
    # Parameters of runners.
    Option("plugin", "recheck_missing_job_retries", "whole", "0", "no effect", "Galaxy declares it and never reads it"),
    Option("plugin", "cores", "auto|N", "", "active", "cores to share out, by local_slots", ("local",)),
    *(
        Option("plugin", name, kind, default, "active", doc, _DRMAA)
        for name, kind, default, doc in (
            ("drmaa_library_path", "path", "$DRMAA_LIBRARY_PATH", "the DRM's DRMAA library"),
            ("invalidjobexception_state", "ok|error", "ok", "a job that the DRM denies: ok waits for its own record"),
            ("invalidjobexception_retries", "whole", "0", "denials in a row that are passed over"),
            ("internalexception_state", "ok|error", "", "the same for the library's internal errors"),
            ("internalexception_retries", "whole", "", "unless one of these two is written, they change no job"),
            ("drmaa_library_confined", "bool", "true", "false: the library may call programs with set-user-ID"),
            ("drmaa_call_timeout", "number", "60; 30 for a job's state", "seconds for one call of the library"),
        )
    ),
    Option("plugin", "slurm_conf", "path", "$SLURM_CONF", "active", "slurm.conf of the cluster", ("slurm",)),
    Option("plugin", "asks_per_minute", "number", "12", "active", "questions to a cluster a minute", ("slurm",)),
    *(
        Option("plugin", name, kind, "", "no effect", doc, ("slurm",))
        for name, kind, doc in (
            ("drmaa_library_path", "path", "Slurm's own commands are used, and no DRMAA library"),
            ("invalidjobexception_state", "ok|error", _FORGOTTEN),
            ("invalidjobexception_retries", "whole", _FORGOTTEN),
            ("internalexception_state", "ok|error", _FAILED),
            ("internalexception_retries", "whole", _FAILED),
        )
    ),
    *(
        Option("plugin", name, kind, default, "active", doc, ("gridengine",))
        for name, kind, default, doc in (
            ("sge_root", "path", "$SGE_ROOT", "the cluster's directory"),
            ("sge_cell", "text", "$SGE_CELL, else default", "the cell in it"),
            ("sge_qmaster_port", "whole", "", "port of the qmaster, where no service is named"),
            ("sge_execd_port", "whole", "", "port of the execd, the same"),
            ("sge_bin", "path", "", "directory of qsub and the others, where it is not on PATH"),
            ("asks_per_minute", "number", "12", "questions to a cluster a minute"),
        )
    ),
    Option("plugin", "asks_per_minute", "number", "12", "active", "questions to a cluster a minute", ("univa",)),
    *_later(
        "plugin",
        ("htcondor",),
        ("htcondor_collector", "text", "", "the pool's collector"),
        ("htcondor_schedd", "text", "", "the schedd to submit to"),
        ("htcondor_config", "path", "", "the condor_config to use"),
    ),
    *_later(
        "plugin",
        _PULSAR,
        ("transport", "text", "", "urllib or curl"),
        ("transport_timeout", "whole", "", "seconds"),
        ("cache", "bool", "false", "Galaxy's experimental file cache"),
        ("remote_container_handling", "bool", "false", "Pulsar resolves containers"),
        ("amqp_url", "text", "", "the message broker"),
        ("amqp_key_prefix", "text", "", "prefix of queue names"),
        ("galaxy_url", "text", "", "where Pulsar reaches the application"),
        ("secret", "text", "", "shared secret"),
        ("pulsar_config", "path", "", "configuration of the embedded Pulsar"),
        ("pulsar_app_config", "data", "", "the same, inline"),
        ("pulsar_container_image", "text", "", "image of Pulsar's staging container"),
        ("manager", "text", "_default_", "Pulsar's job manager"),
        ("persistence_directory", "path", "", "where acknowledgements are kept"),
        ("amqp_acknowledge", "bool", "false", "ask for acknowledgements"),
        ("amqp_ack_republish_time", "number", "30", "seconds before a message is sent again"),
        ("amqp_consumer_timeout", "text", "0.2", "seconds"),
        ("amqp_connect_ssl_*", "text", "", "client certificate of the broker connection"),
        ("amqp_publish_retry", "bool", "false", "try again to publish"),
        ("amqp_publish_priority", "whole", "0", "0 to 9"),
        ("amqp_publish_delivery_mode", "text", "persistent", "persistent or transient"),
        ("amqp_publish_retry_*", "number", "", "intervals and number of publishing attempts"),
        ("relay_*", "text", "", "the message relay"),
        ("k8s_*", "data", "", "Kubernetes of coexecution"),
        ("tes_url", "text", "", "the TES server"),
        ("project_id", "text", "", "the Google Cloud project"),
    ),
    # Parameters of destinations.
    Option("destination", "local_slots", "whole", "$GALAXY_SLOTS, else 1", "active", "GALAXY_SLOTS", ("local",)),
    Option("destination", "embed_metadata_in_job", "bool", "true", "active", "metadata runs inside the job"),
    Option("destination", "tmp_dir", "tmp_dir", "the job's own tmp", "active", "shell expression of TMPDIR"),
    Option("destination", "outputs_to_working_directory", "bool", "", "active", "as in galaxy.yml, here only"),
    Option("destination", "cleanup_job", "always|onsuccess|never", "", "active", "as in galaxy.yml, here only"),
    *(
        Option("destination", name, "text", "", "active", "sbatch's options: they win over requests", ("slurm",))
        for name in ("native_specification", "nativeSpecification")
    ),
    Option("destination", "native_template", "text", "", "active", "the same, with requests filled in", ("slurm",)),
    Option("destination", "drmaa_library_path", "path", "", "active", "a library of its own", _DRMAA),
    *(
        Option("destination", name, "text", "", "active", "the DRM's own options", _DRMAA)
        for name in ("native_specification", "nativeSpecification")
    ),
    Option("destination", "native_template", "text", "", "active", "the same, with requests filled in", _DRMAA),
    *(
        Option("destination", spelling, kind, "", "active", doc, _DRMAA)
        for name, kind, doc in _ATTRIBUTES
        for spelling in dict.fromkeys((name, _snake(name)))
    ),
    *(
        Option("destination", name, "text", default, "active", doc, ("gridengine",))
        for name, default, doc in (
            ("native_specification", "", "qsub's options: they win over requests"),
            ("nativeSpecification", "", "qsub's options: they win over requests"),
            ("native_template", "", "the same, with requests filled in"),
            ("parallel_environment", "", "for jobs that ask for several slots"),
            ("memory_resource", "h_vmem", "what memory is asked for by, for each slot; several with commas"),
            ("gpu_resource", "", "what GPUs are asked for by"),
        )
    ),
    *(
        Option("destination", name, "text", default, "active", doc, ("univa",))
        for name, default, doc in (
            ("parallel_environment", "", "for jobs that ask for several slots"),
            ("memory_resource", "h_vmem", "what memory is asked for by, for each slot; several with commas"),
            ("gpu_resource", "", "what GPUs are asked for by"),
        )
    ),
    Option("destination", "requeue", "bool", "false", "active", "the DRM may run the job again by itself"),
    *_later(
        "destination",
        (),
        ("metadata_strategy", "text", "", "Galaxy's metadata collection"),
        ("tool_evaluation_strategy", "text", "", "Galaxy's command building"),
        ("use_metadata_binary", "bool", "false", "Galaxy's metadata collection"),
        ("shared_home_dir", "path", "", "home directory of jobs"),
        ("allow_guests", "bool", "false", "anonymous users may submit as a real user"),
        ("drmaa_external_*", "text", "", "scripts that submit and kill as a real user"),
        ("external_chown_script", "text", "", "script that changes the owner of job directories"),
        ("real_system_username", "text", "", "which system user"),
        ("docker_*", "data", "", "Docker"),
        ("singularity_*", "data", "", "Singularity and Apptainer"),
        ("container", "data", "", "containers for tools without one"),
        ("container_*", "data", "", "resolution and monitoring of containers"),
        ("require_container", "bool", "false", "refuse tools without a container"),
    ),
    # galaxy.yml
    Option("galaxy.yml", "job_config", "data", "", "active", "the job configuration, inline"),
    Option("galaxy.yml", "job_config_file", "path", "job_conf.yml", "active", "the job configuration's file"),
    Option("galaxy.yml", "config_dir", "path", "where galaxy.yml is", "active", "base of configuration files"),
    Option("galaxy.yml", "data_dir", "path", "database", "active", "base of data directories"),
    Option("galaxy.yml", "database_connection", "text", "", "active", "URL of the database"),
    Option("galaxy.yml", "job_working_directory", "path", "", "active", "parent of job directories"),
    Option("galaxy.yml", "new_file_path", "path", "", "active", "temporary files"),
    Option("galaxy.yml", "file_path", "path", "", "active", "data sets"),
    Option("galaxy.yml", "cluster_files_directory", "path", "database/pbs", "active", "files shared with the cluster"),
    Option("galaxy.yml", "outputs_to_working_directory", "bool", "false", "active", "outputs are moved at the end"),
    Option("galaxy.yml", "retry_job_output_collection", "whole", "0", "active", "looks for late outputs"),
    Option("galaxy.yml", "cleanup_job", "always|onsuccess|never", "always", "active", "when job files are removed"),
    Option("galaxy.yml", "default_job_shell", "text", "/bin/bash", "active", "shell of destinations without one"),
    Option("galaxy.yml", "environment_setup_file", "text", "", "active", "sourced first in every job"),
    Option(
        "galaxy.yml",
        "job_runner_monitor_sleep",
        "number",
        "1.0",
        "active",
        "seconds in which bells are listened for four times",
    ),
    Option("galaxy.yml", "check_job_script_integrity", "bool", "false", "active", "run each script once as a test"),
    Option("galaxy.yml", "check_job_script_integrity_count", "whole", "35", "active", "attempts of that test"),
    Option("galaxy.yml", "check_job_script_integrity_sleep", "number", "0.25", "active", "seconds between them"),
    Option("galaxy.yml", "gravity.umask", "umask", "", "active", "umask of the server and its jobs"),
    Option("galaxy.yml", "gravity.galaxy_root", "path", "", "active", "Galaxy's root; its lib is GALAXY_LIB"),
    Option("galaxy.yml", "gravity.virtualenv", "path", "", "active", "GALAXY_VIRTUAL_ENV"),
    Option("galaxy.yml", "default_job_resubmission_condition", "text", "", "later", "where destinations say nothing"),
)


@cache
def plugin_option(name: str, backend: str) -> Option | None:
    """The row for a runner's parameter."""
    return next((o for o in OPTIONS if o.where == "plugin" and o.covers(name, backend)), None)


@cache
def destination_option(name: str, backend: str) -> Option | None:
    """The row for a destination's parameter; None for what is the DRM's own."""
    return next((o for o in OPTIONS if o.where == "destination" and o.covers(name, backend)), None)


def plugin_names(backend: str) -> Iterable[str]:
    """What may be written in a runner of this back end, for did-you-mean."""
    return _names("plugin", backend)


def destination_names(backend: str) -> Iterable[str]:
    """The same for a destination."""
    return _names("destination", backend)


def _names(where: Where, backend: str) -> Iterable[str]:
    return (o.name for o in OPTIONS if o.where == where and (not o.runners or backend in o.runners))
