"""One site a back end for the questions that leave it as it was; a fresh one for those that kill its engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.backends import ROWS, Row
from tests.contract.site import Site


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the questions that a back end cannot be asked: that is no skipped test."""
    out = [item for item in items if not _can(item)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


def _can(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    row = parameters.get("row")
    needed = {name for mark in item.iter_markers("needs") for name in mark.args}
    if not isinstance(row, Row):
        return True
    if row.few and getattr(item, "originalname", item.name) not in row.few:
        return False
    return needed <= row.can | {name for name in ("forget", "again") if getattr(row, name)}


@pytest.fixture(scope="session", params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Row:
    row: Row = request.param
    if why := row.down():
        pytest.skip(f"{row.name}: {why}")
    return row


def _site(row: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with row.using():
        site = Site(tmp_path_factory.mktemp(row.name), row.configuration())
        site.environ |= row.environ()
        site.start()
        site.connect()
        yield site
        row.clear(site)
        site.close()


@pytest.fixture(scope="module")
def site(row: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Shared by the tests of a module."""
    yield from _site(row, tmp_path_factory)


@pytest.fixture
def fresh(row: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A test's own."""
    yield from _site(row, tmp_path_factory)
