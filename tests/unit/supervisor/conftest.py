from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Supervised


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    it = Supervised(tmp_path)
    yield it
    it.down()
