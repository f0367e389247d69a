"""galaxy.yml: where the job configuration is, which settings count, and how paths resolve."""

from __future__ import annotations

from pathlib import Path

import pytest

from abell.config import load

JOB_CONF = "runners: {{local: {{load: local}}}}\nexecution: {{environments: {{{0}: {{runner: local}}}}}}\n"
JOB_CONF_XML = (
    '<job_conf><plugins><plugin id="local" load="local"/></plugins>'
    '<destinations><destination id="{0}" runner="local"/></destinations></job_conf>'
)


def write(root: Path, **files: str) -> str:
    """Files by name, `__` for a dot and `___` for a slash; galaxy.yml's path."""
    for name, text in files.items():
        file = root / name.replace("___", "/").replace("__", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return str(next(root.rglob("galaxy.yml")))


def default_of(path: str) -> str:
    return load(path).configuration.default_destination


def test_inline_before_file_before_yml_before_xml_before_default(tmp_path: Path) -> None:
    inline = (
        "  job_config:\n    runners: {local: {load: local}}\n    execution: {environments: {inline: {runner: local}}}\n"
    )
    named = "  job_config_file: other.yml\n"
    files = {
        "other__yml": JOB_CONF.format("named"),
        "job_conf__yml": JOB_CONF.format("yml"),
        "job_conf__xml": JOB_CONF_XML.format("xml"),
    }
    path = write(tmp_path, galaxy__yml="galaxy:\n" + named + inline, **files)
    assert default_of(path) == "inline"
    write(tmp_path, galaxy__yml="galaxy:\n" + named)
    assert default_of(path) == "named"
    write(tmp_path, galaxy__yml="galaxy: {}\n")
    assert default_of(path) == "yml"
    (tmp_path / "job_conf.yml").unlink()
    assert default_of(path) == "xml"
    assert "deprecated" in str(load(path).warnings[0])
    (tmp_path / "job_conf.xml").unlink()
    assert default_of(path) == "local"


def test_known_by_content_not_by_name(tmp_path: Path) -> None:
    file = tmp_path / "site.conf"
    file.write_text("gravity: {umask: '022'}\n")
    assert load(str(file)).configuration.settings.umask == 0o022


def test_a_named_file_that_is_missing_is_an_error_where_it_is_named(errors_of) -> None:
    (error,) = errors_of("galaxy:\n  brand: x\n  job_config_file: nosuch.yml\n", "galaxy.yml")
    assert error.startswith("galaxy.yml:3: cannot read 'nosuch.yml': no such file")


def test_job_config_file_is_looked_for_below_the_root_as_well(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        config___galaxy__yml="galaxy: {job_config_file: config/mine.xml}",
        config___mine__xml=JOB_CONF_XML.format("in_config"),
    )
    assert default_of(path) == "in_config"
    write(tmp_path, config___galaxy__yml="galaxy: {job_config_file: below.yml}", below__yml=JOB_CONF.format("below"))
    assert default_of(path) == "below"


def test_paths_resolve_as_galaxy_resolves_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        config___galaxy__yml="""
galaxy:
  job_working_directory: jobs_directory
  new_file_path: database/tmp
  file_path: /abs/../files
""",
    )
    settings = load(path).configuration.settings
    data = tmp_path / "database"  # the root is the directory above config/
    assert settings.data_dir == data
    assert settings.job_working_directory == data / "jobs_directory"
    assert settings.new_file_path == data / "tmp"
    assert str(settings.file_path) == "/abs/../files"  # never canonical
    assert settings.cluster_files_directory == data / "pbs"


def test_data_dir_is_the_base_and_symbolic_links_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    path = write(tmp_path, galaxy__yml="galaxy: {data_dir: link/data, cluster_files_directory: c}")
    settings = load(path).configuration.settings
    assert settings.data_dir == tmp_path / "link" / "data"
    assert settings.cluster_files_directory == tmp_path / "link" / "data" / "c"


def test_file_path_that_exists_below_the_root_only(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    path = write(tmp_path, galaxy__yml="galaxy: {file_path: files}")
    assert load(path).configuration.settings.file_path == tmp_path / "files"


def test_what_is_not_named_is_left_to_abell(tmp_path: Path) -> None:
    settings = load(write(tmp_path, galaxy__yml="galaxy: {}")).configuration.settings
    assert settings.job_working_directory is settings.new_file_path is settings.file_path is None
    assert settings.database_connection is settings.umask is settings.galaxy_lib is None


def test_values(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        galaxy__yml="""
gravity: {umask: 027, galaxy_root: /srv/galaxy, virtualenv: /srv/venv}
galaxy:
  database_connection: postgresql://abell:s3cret@db/abell
  outputs_to_working_directory: 'true'
  retry_job_output_collection: '30'
  cleanup_job: onsuccess
  default_job_shell: /bin/sh
  environment_setup_file: /etc/galaxy/env.sh
  job_runner_monitor_sleep: 0.5
  check_job_script_integrity: true
  check_job_script_integrity_count: 3
  check_job_script_integrity_sleep: 1
  default_job_resubmission_condition: unknown_error
  brand: passes in silence
""",
    )
    loaded = load(path)
    assert loaded.warnings == ()
    settings = loaded.configuration.settings
    assert settings.database_connection == "postgresql://abell:s3cret@db/abell"
    assert settings.outputs_to_working_directory is True
    assert settings.retry_job_output_collection == 30
    assert settings.cleanup_job == "onsuccess"
    assert (settings.default_job_shell, settings.environment_setup_file) == ("/bin/sh", "/etc/galaxy/env.sh")
    assert settings.job_runner_monitor_sleep == 0.5
    assert settings.check_job_script_integrity is True
    assert settings.check_job_script_integrity_count == 3
    assert settings.check_job_script_integrity_sleep == 1.0
    assert settings.umask == 0o027
    assert str(settings.data_dir) == "/srv/galaxy/database"
    assert (str(settings.galaxy_lib), str(settings.galaxy_virtual_env)) == ("/srv/galaxy/lib", "/srv/venv")
    assert settings.default_job_resubmission_condition == "unknown_error"


@pytest.mark.parametrize(("text", "value"), [("'022'", 0o22), ("022", 0o22), ("'27'", 0o27), ("0", 0)])
def test_umask(load_text, text: str, value: int) -> None:
    assert load_text(f"gravity: {{umask: {text}}}", "galaxy.yml").configuration.settings.umask == value


def test_umask_that_yaml_reads_as_decimal_is_taken_for_octal_with_a_warning(load_text) -> None:
    loaded = load_text("gravity: {umask: 27}", "galaxy.yml")
    assert loaded.configuration.settings.umask == 0o27
    assert "write '027'" in str(loaded.warnings[0])


def test_bad_values_all_at_once(errors_of) -> None:
    errors = errors_of(
        """\
        gravity:
          umask: 0999
        galaxy:
          cleanup_job: allways
          retry_job_output_collection: often
          outputs_to_working_directory: perhaps
          job_runner_monitor_sleep: -1
          data_dir: [a]
        """,
        "galaxy.yml",
    )
    assert [e.split(": ", 1)[0] for e in errors] == [f"galaxy.yml:{n}" for n in (2, 4, 5, 6, 7, 8)]
    assert "did you mean 'always'?" in errors[1]


def test_secrets_stay_in_the_settings_and_out_of_messages(errors_of) -> None:
    errors = errors_of("galaxy:\n  database_connection: {password: hunter2}\n", "galaxy.yml")
    assert "hunter2" not in "\n".join(errors)


def test_every_file_that_was_read_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, galaxy__yml="galaxy: {}", job_conf__yml=JOB_CONF.format("a"))
    configuration = load(path).configuration
    assert configuration.source == path
    assert configuration.files == (path, str(tmp_path / "job_conf.yml"))
    before = configuration.digest
    write(tmp_path, job_conf__yml=JOB_CONF.format("b"))
    assert load(path).configuration.digest != before


def test_config_dir(tmp_path: Path) -> None:
    path = write(tmp_path, galaxy__yml="galaxy: {config_dir: conf.d}", conf__d___job_conf__yml=JOB_CONF.format("there"))
    assert default_of(path) == "there"


def test_a_relative_path_means_the_same_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, config___galaxy__yml="galaxy: {}", config___job_conf__yml=JOB_CONF.format("a"))
    absolute = load(path).configuration
    monkeypatch.chdir(tmp_path)
    relative = load("config/galaxy.yml").configuration
    assert (relative, relative.source, relative.digest) == (absolute, absolute.source, absolute.digest)
    assert relative.files == absolute.files
