"""What is refused at the door, before it can trouble anything."""

from __future__ import annotations

import pytest

from abell.engine.accept import LARGEST_AMOUNT, fault_in
from abell.job import Request, Resources


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (Request("true", search_path="/bin\0b"), "a NUL character"),
        (Request("true", env={"X": "\0"}), "a NUL character"),
        (Request("true", resources=Resources(slots=LARGEST_AMOUNT + 1)), "--slots 1099511627777 is more"),
        (Request("true", resources=Resources(memory_mb=2**62)), "--mem 4611686018427387904 is more"),
        (Request("true", resources=Resources(walltime_s=0)), "--time 0 is not at least 1"),
    ],
)
def test_what_no_machine_can_do(request_: Request, problem: str) -> None:
    fault = fault_in(request_)
    assert fault is not None and fault[0].startswith(problem)


def test_what_a_machine_can_do() -> None:
    largest = Resources(slots=LARGEST_AMOUNT, memory_mb=LARGEST_AMOUNT, walltime_s=LARGEST_AMOUNT)
    assert fault_in(Request("true", resources=largest)) is None
