"""Native options of destinations: what no job could be submitted with is found when the configuration is loaded."""

from __future__ import annotations

import pytest

from abell.config.problem import ConfigurationError

CONF = """\
runners: {s: {load: slurm}}
execution:
  environments:
    a:
      runner: s
"""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "native_specification: -o x",
            "-o (--output) cannot be used here: Abell reads them in the job's directory: leave it out",
        ),
        (
            "nativeSpecification: '--mem=4G --comment=\"'",
            "no closing quotation: close the quote, or write a backslash before it",
        ),
        ("native_template: '-c {slot}'", "no placeholder is named 'slot' (did you mean 'slots'?)"),
        (
            "native_template: '-c {slots} --wrap=x'",
            "--wrap cannot be used here: Abell writes the script: leave it out",
        ),
        ("native_specification: --time=1h", "--time=1h: not a time; write minutes, H:MM:SS or D-HH:MM:SS"),
    ],
)
def test_an_error_has_its_line_and_remedy(load_text, line: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_text(CONF + f"      {line}\n")
    [problem] = caught.value.problems
    option = line.partition(":")[0]
    assert (problem.place.line, problem.option, problem.text) == (6, option, f"environments.a.{option}: {text}")


def test_two_that_differ(load_text) -> None:
    with pytest.raises(ConfigurationError, match="native_specification and nativeSpecification say different things"):
        load_text(CONF + "      native_specification: -n 1\n      nativeSpecification: -n 2\n")


def test_those_of_other_runners_are_their_own(load_text) -> None:
    assert load_text(CONF.replace("slurm", "condor") + "      native_specification: -o x\n").configuration
