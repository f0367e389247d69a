"""Attributes of a DRMAA job template in a job configuration."""

from __future__ import annotations

import pytest

from abell.backends.drmaa_attributes import given
from abell.config.problem import ConfigurationError
from abell.job import Resources


def test_an_error_of_the_configuration_has_its_line(load_text) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_text(
            """\
            runners: {d: {load: drmaa}}
            execution:
              environments:
                a:
                  runner: d
                  args: [a, b]
                  output_path: /tmp/out
            """
        )
    [problem] = caught.value.problems
    assert (problem.place.line, problem.option) == (7, "output_path")
    assert problem.text.startswith("environments.a.output_path: Abell reads the DRM's streams")


def test_lists_booleans_and_yamls_own_times(load_text) -> None:
    loaded = load_text(
        """\
        runners: {d: {load: drmaa}}
        execution:
          environments:
            a: {runner: d, hardWallclockTimeLimit: 1:30:00, args: [a, 'b c'], joinFiles: yes}
        """
    )
    params = loaded.configuration.destinations["a"].params
    assert given(params, Resources()) == {"hardWallclockTimeLimit": "1:30:00", "args": ["a", "b c"], "joinFiles": True}
