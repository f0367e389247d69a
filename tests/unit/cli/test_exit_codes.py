from __future__ import annotations

from typing import Any, cast

import pytest

from abell.cli.exit_codes import TABLE, code_of
from abell.client.wire import JobRow
from abell.job import Cause


def row(**fields: Any) -> JobRow:
    return cast(JobRow, {"cause": None, "exit_code": None, "signal": None, **fields})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cause": "ok", "exit_code": 0}, 0),
        ({"cause": "exit", "exit_code": 3}, 3),
        ({"cause": "exit", "exit_code": 255}, 255),
        ({"cause": "signal", "signal": 9}, 137),
        ({"cause": "signal", "signal": 15, "exit_code": 143}, 143),
        ({"cause": "walltime", "exit_code": 143}, 124),
        ({"cause": "memory", "signal": 9}, 137),
        ({"cause": "output", "exit_code": 0}, 123),
        ({"cause": "output_size"}, 123),
        ({"cause": "node"}, 121),
        ({"cause": "preempted"}, 121),
        ({"cause": "lost"}, 121),
        ({"cause": "cancelled", "exit_code": 0}, 130),
        ({"cause": "rejected"}, 122),
    ],
)
def test_table(fields: dict[str, Any], code: int) -> None:
    assert code_of(row(**fields)) == code


@pytest.mark.parametrize("cause", [None, *Cause])
@pytest.mark.parametrize("exit_code", [None, 0, 256, -1])
def test_only_ok_is_ever_a_success(cause: Cause | None, exit_code: int | None) -> None:
    code = code_of(row(cause=cause, exit_code=exit_code))
    assert (code == 0) == (cause is Cause.OK)
    assert 0 <= code <= 255


def test_every_code_of_a_cause_is_documented() -> None:
    documented = {code for code, _ in TABLE}
    own = {code_of(row(cause=cause)) for cause in Cause if cause not in (Cause.OK, Cause.EXIT, Cause.SIGNAL)}
    assert {str(code) for code in own} <= documented
