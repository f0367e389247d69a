"""The table at a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from abell.cli.table import BETWEEN, fit


def test_the_widest_column_gives_way_and_a_short_one_is_never_cut_for_it() -> None:
    assert fit([2, 8, 30, 60], 80) == [2, 8, 30, 34]
    assert fit([2, 8, 30, 60], 50) == [2, 8, 17, 17]
    assert fit([2, 8], 80) == [2, 8]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.integers(30, 200))
def test_it_fits_wherever_that_is_possible(widths: list[int], room: int) -> None:
    fitted = fit(widths, room)
    assert sum(fitted) + BETWEEN * (len(widths) - 1) <= room
    assert all(1 <= new <= old for new, old in zip(fitted, widths, strict=True))
