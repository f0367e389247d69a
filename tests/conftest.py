"""What holds for every test: where CI=true nothing may be skipped, because a skipped test proves nothing.

And whether a change lands is no matter of luck: there, generated examples are the same in every run.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
REMEDY = "with CI=true a skipped test is a failure: bring up what it needs (clusters/up)"


settings.register_profile("ci", derandomize=True)
if IN_CI:
    settings.load_profile("ci")


def _forbid(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr}\n{REMEDY}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid(report)
    return report
