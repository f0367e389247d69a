"""Templates of native options: filled with what a job asks for, or a clear refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.backends.native_template import PLACEHOLDERS, TemplateError, parse
from abell.job import Resources

FULL = Resources(slots=3, memory_mb=4000, walltime_s=5430, gpus=1, queue="long", account="phys/a")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("-c {slots}", "-c 3"),
        ("{mem_mb} {mem_gb} {mem_per_slot_mb}", "4000 4 1334"),
        ("{seconds} {minutes} {time}", "5430 91 1:30:30"),
        ("{gpus} {queue} {account}", "1 long phys/a"),
        ("{{{slots}}} [[{slots}]]", "{3} [3]"),
        ("a[ -c {slots}][ -x]", "a -c 3 -x"),
        ("{slots:8}", "3"),
        ("--export={{A,B}}", "--export={A,B}"),
    ],
)
def test_fill(template: str, expected: str) -> None:
    assert parse(template).fill(FULL) == expected


def test_what_is_not_asked_for() -> None:
    template = parse("-c {slots:1} [--mem={mem_mb}M] [-p {queue:all} -A {account}] -x")
    assert template.fill(Resources()) == "-c 1   -x"
    assert template.expresses == {"slots", "memory_mb", "queue", "account"}
    with pytest.raises(TemplateError, match=r"has \{gpus\}, and the job asks for none: .* \{gpus:1\}"):
        parse("-G {gpus}").fill(Resources())


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{slot}", "no placeholder is named 'slot' .did you mean 'slots'"),
        ("{}", "no placeholder is named ''"),
        ("[-c {slots}", r"'\[' without its pair"),
        ("-c {slots}]", r"'\]' without its pair"),
        ("[[[a [b] ]", "without its pair"),
        ("a { b", r"a single '\{': write '\{\{'"),
        ("a } b", r"a single '\}'"),
    ],
)
def test_what_is_no_template(template: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        parse(template)


@pytest.mark.parametrize("queue", ["--wrap=x", "a b", "a;b", "-x", "a\nb", "'", "", "a,b -n 9"])
def test_a_name_brings_no_options_along(queue: str) -> None:
    with pytest.raises(TemplateError, match="cannot stand in native_template"):
        parse("-p {queue}").fill(Resources(queue=queue))


@given(st.text(alphabet="{}[]:ab slot", max_size=30))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    try:
        template = parse(text)
    except TemplateError as error:
        assert str(error)
    else:
        assert template.expresses <= set(Resources.__dataclass_fields__)


@given(st.text(alphabet="ab -=", max_size=30))
def test_text_without_placeholders_stays(text: str) -> None:
    assert parse(text).fill(Resources()) == text.strip()


def test_every_placeholder_has_a_value_for_a_job_that_asks_for_everything() -> None:
    assert all(value(FULL) is not None for _, value in PLACEHOLDERS.values())
