from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from abell.config import ConfigurationError, Loaded, load

LoadText = Callable[..., Loaded]
ErrorsOf = Callable[..., list[str]]


@pytest.fixture
def load_text(tmp_path: Path) -> LoadText:
    """Load a text as a file of this name."""

    def loader(text: str, name: str = "job_conf.yml") -> Loaded:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return load(str(file))

    return loader


@pytest.fixture
def errors_of(load_text: LoadText, tmp_path: Path) -> ErrorsOf:
    """The errors of a text, without the directory."""

    def errors(text: str, name: str = "job_conf.yml") -> list[str]:
        with pytest.raises(ConfigurationError) as raised:
            load_text(text, name)
        assert str(raised.value).count("\n") == len(raised.value.problems) - 1
        return [str(p).replace(f"{tmp_path}/", "") for p in raised.value.problems]

    return errors
