"""Attributes of a job template as parameters of a destination."""

from __future__ import annotations

from typing import Any

import pytest

from abell.backends.drmaa import Drmaa
from abell.backends.drmaa_attributes import ATTRIBUTES, expresses, given
from abell.config.options import OPTIONS
from abell.job import Resources
from abell.library.attributes import SCALARS, VECTORS

NOTHING = Resources()

READ = [
    ("nativeSpecification", "-q long.q -R y", "-q long.q -R y"),
    ("workingDirectory", "/data/work", "/data/work"),
    ("workingDirectory", "$drmaa_hd_ph$/work", "$drmaa_hd_ph$/work"),
    ("args", ("a b", "", "$x"), ["a b", "", "$x"]),
    ("args", "one 'two three'", ["one", "two three"]),
    ("jobCategory", "blast", "blast"),
    ("jobEnvironment", {"A": "1", "B_2": "x y"}, {"A": "1", "B_2": "x y"}),
    ("jobEnvironment", ("A=1", "B=c=d"), {"A": "1", "B": "c=d"}),
    ("jobEnvironment", "A=1 B='x y'", {"A": "1", "B": "x y"}),
    ("jobSubmissionState", "hold", "drmaa_hold"),
    ("jobSubmissionState", "DRMAA_ACTIVE", "drmaa_active"),
    ("startTime", "2026/12/24 18:00", "2026/12/24 18:00"),
    ("startTime", "18:00:30 +01:00", "18:00:30 +01:00"),
    ("deadlineTime", "24 06:00", "24 06:00"),
    ("hardWallclockTimeLimit", "90", "0:01:30"),
    ("hardWallclockTimeLimit", "1:30", "0:01:30"),
    ("softWallclockTimeLimit", "36:00:00", "36:00:00"),
    ("hardRunDurationLimit", 3600, "1:00:00"),
    ("softRunDurationLimit", "61:61", "1:02:01"),
    ("inputPath", "/data/in", ":/data/in"),
    ("inputPath", "host:/data/in", "host:/data/in"),
    ("joinFiles", "yes", True),
    ("joinFiles", False, False),
    ("transferFiles", "oe", "oe"),
    ("email", "a@example.org, b@example.org", ["a@example.org", "b@example.org"]),
    ("email", ("a@example.org",), ["a@example.org"]),
    ("blockEmail", "true", True),
]


@pytest.mark.parametrize(("name", "written", "value"), READ)
def test_a_value_is_read_under_both_names(name: str, written: Any, value: Any) -> None:
    snake = next(each.snake for each in ATTRIBUTES if each.name == name)
    assert given({name: written}, NOTHING) == given({snake: written}, NOTHING) == {name: value}
    assert given({name: written, snake: written}, NOTHING) == {name: value}


def test_every_attribute_is_read_and_is_one_of_the_librarys() -> None:
    assert {name for name, *_ in READ} == {each.name for each in ATTRIBUTES}
    ours = {"remoteCommand", "jobName", "outputPath", "errorPath"}
    assert {each.name for each in ATTRIBUTES} | ours == {*SCALARS, *VECTORS}


def test_every_attribute_has_its_rows_in_the_table_of_options() -> None:
    options = {o.name for o in OPTIONS if o.where == "destination" and "drmaa" in o.runners}
    names = {spelling for each in ATTRIBUTES for spelling in each.names}
    assert options == names | {"native_template", "drmaa_library_path"}
    assert "hard_wallclock_time_limit" in names and "block_email" in names


WRONG = [
    ({"hardWallclockTimeLimit": "1h"}, "hardWallclockTimeLimit: '1h' is no length of time: write seconds or H:MM:SS"),
    ({"soft_run_duration_limit": "-5"}, "soft_run_duration_limit: '-5' is no length of time"),
    ({"job_submission_state": "held"}, "job_submission_state: 'held': write active, or hold"),
    ({"startTime": "tomorrow"}, "startTime: 'tomorrow' is no point in time: write"),
    ({"transferFiles": "oo"}, "transferFiles: 'oo': write each of i"),
    ({"joinFiles": "perhaps"}, "joinFiles: 'perhaps' is neither true nor false"),
    ({"jobEnvironment": "A"}, "jobEnvironment: 'A' sets no variable: write NAME=VALUE"),
    ({"jobEnvironment": {"A B": "1"}}, "jobEnvironment: 'A B' is no name for a variable"),
    ({"args": "'a"}, "args: no closing quotation: close the quote"),
    ({"args": ("a\nb",)}, r"args: '\\n' cannot stand in it: remove that character"),
    ({"args": {"a": "b"}}, "args: a mapping where a list is expected: write a list"),
    ({"workingDirectory": ("a", "b")}, "workingDirectory: several values where one text is expected"),
    ({"remote_command": "x"}, "remote_command: Abell writes the job script"),
    ({"jobName": "x"}, "jobName: Abell finds the job by its name"),
    ({"outputPath": ":/x"}, "outputPath: Abell reads the DRM's streams"),
    ({"error_path": ":/x"}, "error_path: Abell reads the DRM's streams"),
    ({"email": "a", "hardWallclockTimeLimit": "{tme}"}, "hardWallclockTimeLimit: no placeholder is named 'tme'"),
    ({"native_template": "-pe smp {slot}"}, "native_template: no placeholder is named 'slot'"),
    (
        {"nativeSpecification": "-q a", "native_specification": "-q b"},
        "nativeSpecification: nativeSpecification and native_specification say different things: keep one of them",
    ),
    (
        {"block_email": "no", "blockEmail": "yes"},
        "blockEmail: blockEmail and block_email say different things: keep one of them",
    ),
]


@pytest.mark.parametrize(("params", "why"), WRONG)
def test_what_cannot_be_is_said(params: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}".replace("(", r"\(").replace("[", r"\[")):
        Drmaa.check_destination(params)


def test_what_a_job_asks_for_is_filled_into_a_limit() -> None:
    params = {"hardWallclockTimeLimit": "[{time}]"}
    assert expresses(params) == {"walltime_s"}
    assert given(params, NOTHING) == {}
    assert given(params, Resources(walltime_s=90)) == {"hardWallclockTimeLimit": "0:01:30"}
