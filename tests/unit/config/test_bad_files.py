"""Bad files: every error at once, with file, line and a hint; never a traceback."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from abell.config import ConfigurationError, load


def test_all_errors_at_once_yaml(errors_of) -> None:
    errors = errors_of(
        """\
        runners:
          local:
            load: galaxy.jobs.runners.local:LocalJobRuner
            workers: many
          slurm:
            load: slurm
            drmaa_libary_path: /x
          none: {}
        execution:
          default: locl
          environments:
            local:
              runner: local
              local_slots: 2
              env: PATH=/bin
            big:
              runner: slurm
              tags: {a: b}
              env:
              - {name: 'A B', value: 1}
              - {}
        tools:
        - {id: bwa, environment: bigg}
        - {environment: big}
        limits:
        - {type: walltime, value: soon}
        - {type: total_walltime, value: '1:00:00'}
        - {type: registered_users, value: 2}
        - {type: environment_total_concurrent_jobs, tag: nosuch, value: -1}
        handling:
          assign: [db-skip-lock]
          max_grab: 0
        """
    )
    expected = [
        ":3: runners.local: unknown runner 'galaxy.jobs.runners.local:LocalJobRuner' (did you mean "
        "'galaxy.jobs.runners.local:LocalJobRunner'?)",
        ":4: runners.local.workers: text 'many' where a whole number is expected (write a whole number)",
        ":7: runners.slurm: a slurm runner has no parameter 'drmaa_libary_path' (did you mean 'drmaa_library_path'?)",
        ":8: runners.none: 'load' is missing (load: galaxy.jobs.runners.local:LocalJobRunner, or a short name such as "
        "local)",
        ":10: default: no destination has the id or tag 'locl' (did you mean 'local'?)",
        ":15: environments.local.env: text 'PATH=/bin' where a list is expected (write a list)",
        ":18: environments.big.tags: a mapping where text is expected (write text)",
        ":20: environments.big.env: 'A B' is no name for a variable (letters, digits and _, not a digit first)",
        ":21: environments.big.env: an entry sets nothing (give it 'name' and 'value', 'file', or 'execute')",
        ":23: tools.bwa: no destination has the id or tag 'bigg' (did you mean 'big'?)",
        ":24: tools: an entry with neither id nor class (give it 'id: TOOL' or 'class: CLASS')",
        ":26: limits.walltime: 'soon' is no duration (write hours:minutes:seconds, '24:00:00')",
        ":27: limits.total_walltime: 'window' is missing (say over how many days the time is summed: window 30)",
        ":28: limits: 'registered_users' is no type of limit (did you mean 'registered_user_concurrent_jobs'?)",
        ":29: limits.destination_total_concurrent_jobs: no destination has the tag 'nosuch'",
        ":29: limits.environment_total_concurrent_jobs: -1 is too small (the smallest value allowed is 0)",
        ":31: handling.assign: 'db-skip-lock' is no way to assign jobs (did you mean 'db-skip-locked'?)",
        ":32: handling.max_grab: 0 is too small (the smallest value allowed is 1)",
    ]
    assert sorted(errors) == sorted("job_conf.yml" + e for e in expected)
    assert [int(e.split(":")[1]) for e in errors] == sorted(int(e.split(":")[1]) for e in errors)


def test_all_errors_at_once_xml(errors_of) -> None:
    errors = errors_of(
        """\
        <job_conf>
            <plugins>
                <plugin id="local" type="runner" load="nosuch.module:Runner"/>
                <plugin id="pbs" type="runner" load="galaxy.jobs.runners.pbs:PBSJobRunner">
                    <param id="server">x</param>
                </plugin>
                <plugin id="pbs" type="runner" load="pbs"/>
            </plugins>
            <destinations>
                <destination id="a" runner="pbs"/>
                <destination id="a" runner="pbs"/>
                <destination id="b" runner="pbs"><param id="local_slots">x</param></destination>
            </destinations>
            <limits><limit type="output_size">big</limit></limits>
            <limits/>
        </job_conf>
        """,
        "job_conf.xml",
    )
    expected = [
        ":3: runners.local: unknown runner 'nosuch.module:Runner' (other packages register back ends by the entry "
        "point group abell.backends)",
        ":5: runners.pbs: a pbs runner has no parameter 'server' (a destination may have it instead)",
        ":7: duplicate plugin id 'pbs'; the first is in line 4 (give each its own id)",
        ":9: no default destination, and there are several (add 'default: a' to execution, or default=\"a\" to "
        "<destinations>)",
        ":11: duplicate destination id 'a'; the first is in line 10 (give each its own id)",
        ":14: limits.output_size: 'big' is no size (write 10GB, 10g or bytes)",
        ":15: a second <limits>; the first is in line 14 (put all entries into one of them)",
    ]
    assert sorted(errors) == sorted("job_conf.xml" + e for e in expected)


@pytest.mark.parametrize("where", ["default: b", "tool", "resubmit"])
def test_a_runner_that_is_not_configured_is_an_error_where_jobs_get_there(errors_of, load_text, where: str) -> None:
    text = """\
        runners: {local: {load: local}, slurm: {load: slurm}}
        execution:
          default: %s
          environments:
            a: {runner: local, resubmit: [{environment: %s}]}
            b: {runner: slrm}
        tools: [{id: x, environment: %s}]
        """
    words = ("b" if "default" in where else "a", "b" if where == "resubmit" else "a", "b" if where == "tool" else "a")
    assert errors_of(text % words) == [
        "job_conf.yml:6: environments.b: no runner is named 'slrm' (did you mean 'slurm'?)"
    ]
    assert "no runner is named 'slrm'" in str(load_text(text % ("a", "a", "a")).warnings[0])


def test_a_disabled_runner_or_destination_that_is_used(errors_of) -> None:
    assert errors_of(
        """\
        runners: {local: {load: local, enabled: false}}
        execution:
          default: a
          environments:
            a: {runner: local}
            b: {runner: local, enabled: false}
        tools: [{id: x, environment: b}]
        """
    ) == [
        "job_conf.yml:5: environments.a: its runner 'local' is disabled (enable it, or disable this one as well)",
        "job_conf.yml:7: tools.x: the destination 'b' is disabled (enable it, or name another)",
    ]


def test_a_default_that_can_run_nothing(errors_of) -> None:
    assert errors_of("execution: {default: stub, environments: {stub: {tags: [t]}}}") == [
        "job_conf.yml:1: default: the destination 'stub' has no runner, so it can take no jobs (name one that has, or "
        "give it a runner)"
    ]
    assert "no destination that runs jobs is configured" in errors_of("runners: {local: {load: local}}")[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("job_conf.yml", b"", ":1: the file is empty"),
        ("job_conf.yml", b"# nothing\n", ":1: the file is empty"),
        ("job_conf.yml", b"- a\n", ":1: the job configuration: a list where a mapping is expected"),
        ("job_conf.yml", b"just words\n", ":1: the job configuration: text 'just words'"),
        ("job_conf.yml", b"a: 1\nb: \xff\xfe\n", ":2: this is not UTF-8 text (save the file as UTF-8)"),
        ("job_conf.xml", b"", ":1: this is not XML"),
        ("job_conf.xml", b"<job_conf>\n<plugins>\n</job_conf>", ":3: this is not XML"),
        ("job_conf.xml", b"<tool/>", ":1: <tool> is no job configuration"),
        (
            "job_conf.xml",
            b'<!DOCTYPE j [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<job_conf>&x;</job_conf>',
            ":1: XML entities are not allowed",
        ),
        (
            "job_conf.xml",
            b'<!DOCTYPE j [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;">]>\n<job_conf a="&b;"/>',
            ":1: XML entities are not allowed",
        ),
        ("job_conf.xml", b"<job_conf>" + b"<a>" * 100 + b"</a>" * 100 + b"</job_conf>", ":1: nested deeper than 64"),
        ("job_conf.yml", b"[" * 10_000_000, " is larger than 4 MiB"),
        ("job_conf.xml", b"<a>" * 4_000_000, " is larger than 4 MiB"),
        ("job_conf.yml", b"{a: " * 1_000_000, ":1: nested deeper than 64 levels"),
        ("job_conf.xml", b"<a>" * 1_300_000, ":1: this is not XML: Excessive depth"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    begun = time.monotonic()
    with pytest.raises(ConfigurationError) as raised:
        load(str(tmp_path / name))
    assert message in str(raised.value.problems[0])
    assert raised.value.problems[0].hint
    assert time.monotonic() - begun < 10


def test_no_network_and_no_file_is_read_for_an_external_dtd(tmp_path: Path) -> None:
    file = tmp_path / "job_conf.xml"
    file.write_text(
        '<!DOCTYPE job_conf SYSTEM "http://127.0.0.1:9/x.dtd">\n<job_conf><plugins>'
        '<plugin id="local" load="local"/></plugins><destinations><destination id="a" runner="local"/></destinations>'
        "</job_conf>"
    )
    assert load(str(file)).configuration.default_destination == "a"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    for path, message in (
        (tmp_path / "missing.yml", "no such file or directory"),
        (tmp_path, "is not a regular file"),
        (tmp_path / "pipe.yml", "is not a regular file"),
        (Path("/proc/self/mem"), ""),
        ("nul\0byte", "it is no path"),
    ):
        with pytest.raises(ConfigurationError) as raised:
            load(str(path))
        assert message in str(raised.value)


def test_names_in_a_file_do_not_steer_the_terminal(errors_of) -> None:
    (error,) = errors_of(
        'runners: {local: {load: local}}\nexecution: {default: "\\e[2J\\n", environments: {a: {runner: local}}}\n'
    )
    assert error.isprintable()


def test_names_and_shells_are_printable(errors_of) -> None:
    errors = errors_of(
        'runners: {local: {load: local}, "b\\nad": {load: local}}\n'
        'execution: {environments: {"": {runner: local}, "a\\tb": {runner: local, shell: "sh\\nrm"}}, default: ""}\n'
    )
    assert sum("is no name (use letters, digits, _, - and .)" in e for e in errors) == 3
    assert any("shell: more than one line of text (write one line)" in e for e in errors)


def test_slots_that_no_runner_has(errors_of) -> None:
    assert errors_of(
        "runners: {local: {load: local, cores: 4}}\nexecution: {environments: {a: {runner: local, local_slots: 8}}}\n"
    ) == ["job_conf.yml:2: environments.a: 8 local_slots can never be had of 4 cores (ask for at most 4)"]


def test_reading_stops_after_too_many_problems(errors_of) -> None:
    text = "runners: {local: {load: local}}\nexecution: {environments: {a: {runner: local}}}\ntools:\n"
    errors = errors_of(text + "".join(f"- {{id: t{i}, environment: nosuch{i}}}\n" for i in range(5000)))
    assert len(errors) == 201
    assert errors[-1] == "job_conf.yml:203: 200 errors; reading stops here (repair these first)"
    errors = errors_of(text + "".join(f"- {{id: t{i}, handler: h}}\n" for i in range(2000)))
    assert "more than 1000 warnings; reading stops here (repair these first)" in errors[-1]


def test_tabs(errors_of) -> None:
    assert errors_of("runners:\n\tlocal: {}\n")[0].endswith("(indent with spaces, not tabs)")
