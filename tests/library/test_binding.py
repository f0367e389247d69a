"""Every attribute of DRMAA 1.0 arrives, as drmaa-python sends it; integers better."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from abell.library.attributes import REQUIRED, SCALARS, VECTORS
from tests.library.host import Host

TEXTS: dict[str, Any] = {
    "remoteCommand": "/bin/true",
    "workingDirectory": "/tmp",
    "jobName": "näme of 15",
    "inputPath": ":/dev/null",
    "outputPath": "host:/dev/null",
    "errorPath": ":/dev/null",
    "jobSubmissionState": "drmaa_hold",
    "jobCategory": "a category",
    "nativeSpecification": "-P bignodes -R y -pe threads 8",
    "startTime": "2030/01/02 10:00:00",
    "transferFiles": "ioe",
    "deadlineTime": "12:30",
    "args": ["-c", "echo 'a b' \"c\" $x", "", "ö"],
    "jobEnvironment": {"A": "1", "B": "two words=and more", "EMPTY": ""},
    "email": ["a@example.org", "b@example.org"],
}
TRUTHS = {"joinFiles": True, "blockEmail": False}
NUMBERS = {
    "hardWallclockTimeLimit": 3600,
    "softWallclockTimeLimit": 60,
    "hardRunDurationLimit": 7200,
    "softRunDurationLimit": 30,
}
THEIRS = """
import json, sys
import drmaa

session = drmaa.Session()
session.initialize()
template = session.createJobTemplate()
for name, value in json.loads(sys.argv[1]).items():
    setattr(template, name, value)
print(session.runJob(template))
"""


def theirs(host: Host, attributes: dict[str, Any]) -> dict[str, list[str]]:
    environ = {**host.environ, "DRMAA_LIBRARY_PATH": str(host.library), "PYTHONUTF8": "1"}
    argv = [sys.executable, "-c", THEIRS, json.dumps(attributes)]
    ran = subprocess.run(argv, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=True)
    return host.template(ran.stdout.strip())


def ours(host: Host, attributes: dict[str, Any]) -> dict[str, list[str]]:
    [answer] = host.submit({"item": "x", "attributes": attributes})
    return host.template(answer["id"])


def test_all_attributes_arrive_and_as_drmaa_python_sends_them(host: Host) -> None:
    attributes = {**TEXTS, **TRUTHS}
    arrived = ours(host, attributes)
    assert arrived == theirs(host, attributes)
    assert arrived["drmaa_v_argv"] == TEXTS["args"]
    assert arrived["drmaa_v_env"] == ["A=1", "B=two words=and more", "EMPTY="]
    assert arrived["drmaa_join_files"] == ["y"] and arrived["drmaa_block_email"] == ["0"]
    for name, value in TEXTS.items():
        if name in SCALARS:
            assert arrived[SCALARS[name]] == [value]


def test_integers_arrive_which_drmaa_python_sends_as_zero_bytes(host: Host) -> None:
    arrived = ours(host, NUMBERS)
    assert arrived == {SCALARS[name]: [str(value)] for name, value in NUMBERS.items()}
    assert theirs(host, NUMBERS) == {SCALARS[name]: [""] for name in NUMBERS}


def test_these_are_all_attributes_that_there_are() -> None:
    assert {**TEXTS, **TRUTHS, **NUMBERS}.keys() == SCALARS.keys() | VECTORS.keys()
    assert SCALARS.keys() | VECTORS.keys() > REQUIRED


def test_what_is_none_is_not_set(host: Host) -> None:
    assert ours(host, {"remoteCommand": "/bin/true", "jobName": None}) == {"drmaa_remote_command": ["/bin/true"]}


def test_bytes_that_are_no_text_arrive_as_they_are(host: Host) -> None:
    path = os.fsdecode(b"/tmp/\xff\xfe")
    assert ours(host, {"jobCategory": path, "jobSubmissionState": "drmaa_hold"})["drmaa_job_category"] == [path]
