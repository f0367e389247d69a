from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell import amounts
from abell.errors import OptionError


@pytest.mark.parametrize(
    ("text", "mb"),
    [
        ("512M", 512),
        ("4G", 4096),
        ("4g", 4096),
        ("4GB", 4096),
        ("4GiB", 4096),
        ("4 G", 4096),
        ("1.5T", 1572864),
        ("1K", 1),
        ("1025K", 2),
        ("2P", 2**31),
        ("0.1M", 1),
    ],
)
def test_memory(text: str, mb: int) -> None:
    assert amounts.memory_mb(text) == mb


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1H30M", 5400),
        ("1.5h", 5400),
        ("1.1h", 3960),
        ("2d", 172800),
        ("1w", 604800),
        ("90s", 90),
        ("0.5s", 1),
        ("1:30:00", 5400),
        ("100:00:00", 360000),
        ("2-00:00:01", 172801),
    ],
)
def test_time(text: str, seconds: int) -> None:
    assert amounts.seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "4", "4.5", "G", "4X", "-4G", "4G4G", "4e3G", "٤G", "1" * 400 + "G", "nan", "0G"]
)
def test_what_is_no_memory_says_option_value_and_remedy(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        amounts.memory_mb(text, "--mem")
    assert str(caught.value).startswith("--mem")
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    ["", "30", "1:30", "30:00", "1:60:00", "1:00:60", "m30", "30m1h", "1h1h", "-1h", "٣m", "0s", "0:00:00", "inf"],
)
def test_what_is_no_time_says_option_value_and_remedy(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        amounts.seconds(text, "--time")
    assert str(caught.value).startswith("--time")
    assert caught.value.hint


def test_a_bare_number_is_told_apart_from_nonsense() -> None:
    with pytest.raises(OptionError, match="a unit is missing"):
        amounts.seconds("30")
    with pytest.raises(OptionError, match="not a time"):
        amounts.seconds("soon")


@given(st.text(max_size=30) | st.from_regex(r"[0-9.:\-wdhmsKMGTP ]{0,15}", fullmatch=True))
def test_any_text_is_an_amount_or_a_clear_error(text: str) -> None:
    for read in (amounts.memory_mb, amounts.seconds):
        try:
            assert read(text) >= 1
        except OptionError as error:
            assert error.hint


@given(st.integers(1, 10**9))
def test_what_is_shown_reads_back(amount: int) -> None:
    assert amounts.memory_mb(amounts.show_memory(amount)) == amount
    assert amounts.seconds(amounts.show_seconds(amount)) == amount


@given(st.integers(0, 999), st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_both_ways_to_write_a_time_agree(days: int, hours: int, minutes: int, seconds: int) -> None:
    total = days * 86400 + hours * 3600 + minutes * 60 + seconds
    if total:
        assert amounts.seconds(f"{days}-{hours}:{minutes:02}:{seconds:02}") == total
        assert amounts.seconds(f"{days}d{hours}h{minutes}m{seconds}s") == total


@given(st.floats(0, 1e15))
def test_bytes_are_shown_in_a_few_characters(count: float) -> None:
    assert len(amounts.show_bytes(count)) <= 5
