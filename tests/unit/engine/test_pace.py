"""Back-off, budget and rhythm on a clock of the test's own."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from abell.backends.contract import Backend
from abell.engine import back_off, budget, rhythm
from abell.engine.back_off import FIRST_S, LONGEST_S, BackOff
from abell.engine.budget import BURST, Budget
from abell.engine.rhythm import SLOWEST_S, Rhythm


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (back_off, budget, rhythm):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Asked(Backend):
    name = "asked"
    own_id = "$ID"
    poll_every_s = 5.0

    def submit(self, submissions: Any) -> Any: ...
    def poll(self, ids: Any) -> Any: ...
    def cancel(self, ids: Any, by: str) -> Any: ...


# -- back-off -----------------------------------------------------------------------------------------------------


def test_each_failure_in_a_row_pauses_longer(clock: Clock) -> None:
    off = BackOff()
    pauses = []
    for _ in range(10):
        pauses.append(off.failed("down"))
        clock.now += pauses[-1]
    assert pauses[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert pauses[-1] == LONGEST_S
    assert off.trying and off.why == "down"


def test_failures_of_one_moment_count_once(clock: Clock) -> None:
    off = BackOff()
    assert [off.failed("down") for _ in range(8)] == [FIRST_S] * 8


def test_what_began_before_a_failure_does_not_end_its_pause(clock: Clock) -> None:
    off = BackOff()
    off.failed("limit")
    assert not off.recovered(since=clock.now - 1)
    assert off.remaining == FIRST_S and off.why
    assert off.recovered(since=clock.now + 1)
    assert not off.remaining and not off.trying and not off.why


def test_a_settled_doubt_ends_the_pause_and_not_the_caution() -> None:
    off = BackOff()
    off.failed("doubt")
    off.relent()
    assert not off.remaining and off.trying
    assert off.failed("doubt") > FIRST_S


# -- budget -------------------------------------------------------------------------------------------------------


@given(per_minute=some.floats(1, 600), steps=some.lists(some.floats(0, 30), max_size=200))
def test_a_budget_is_never_exceeded(per_minute: float, steps: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(budget, "time", clock)
        asked, each = 0, Budget(per_minute)
        for step in steps:
            clock.now += step
            if each.wait_s() <= 0:
                each.spend()
                asked += 1
        assert asked <= BURST + (clock.now - 1000.0) * per_minute / 60 + 1e-6


def test_questions_that_overdraw_are_paid_later(clock: Clock) -> None:
    each = Budget(12)
    for _ in range(5):
        each.spend()
    assert each.wait_s() == pytest.approx((1 - (BURST - 5)) * 5)
    clock.now += each.wait_s()
    assert each.wait_s() == pytest.approx(0, abs=1e-9)


def test_no_budget_no_wait() -> None:
    each = Budget(None)
    for _ in range(1000):
        each.spend()
    assert each.wait_s() == 0.0


# -- rhythm -------------------------------------------------------------------------------------------------------


def test_polls_grow_rare_without_news_and_news_brings_them_back(clock: Clock) -> None:
    beat = Rhythm(Asked(), Budget(12))
    gaps = []
    for _ in range(8):
        beat.begin()
        beat.asked()
        beat.answered(0.1, news=False)
        gaps.append(beat.next_s() - clock.now)
        clock.now = beat.next_s()
        assert beat.is_due()
    assert gaps[0] == pytest.approx(7.5) and gaps[-1] == SLOWEST_S
    beat.soon(1.0)
    assert beat.next_s() == pytest.approx(clock.now)  # already due
    beat.begin()
    beat.answered(0.1, news=True)
    assert beat.next_s() == pytest.approx(clock.now + 5)


def test_news_during_a_poll_asks_for_another(clock: Clock) -> None:
    beat = Rhythm(Asked(), Budget(12))
    beat.begin()
    beat.soon(0.5)
    beat.answered(0.1, news=True)
    assert beat.next_s() == pytest.approx(clock.now + 0.5)


def test_however_much_is_wanted_the_budget_stands(clock: Clock) -> None:
    beat = Rhythm(Asked(), Budget(6))
    asked, end = 0, clock.now + 600
    while clock.now < end:
        beat.soon()
        if beat.is_due():
            beat.begin()
            beat.asked()
            beat.answered(0.1, news=True)
            asked += 1
        clock.now += 0.25
    assert 55 <= asked <= 60 + BURST


def test_a_poll_that_fails_is_tried_again_later_each_time(clock: Clock) -> None:
    beat = Rhythm(Asked(), Budget(12))
    gaps = []
    for count in range(6):
        assert beat.failed("no answer") is (count == 0), "said once"
        gaps.append(beat.next_s() - clock.now)
        clock.now += math.ceil(gaps[-1])
    assert gaps == sorted(gaps) and gaps[0] == 5.0 and gaps[-1] == LONGEST_S
    assert beat.trouble == "no answer"
    beat.answered(0.1, news=False)
    assert beat.trouble == ""


def test_a_slow_answer_makes_polls_rare(clock: Clock) -> None:
    beat = Rhythm(Asked(), Budget(12))
    beat.begin()
    beat.answered(40.0, news=True)
    assert beat.next_s() == pytest.approx(clock.now + 40)


def test_polls_that_no_budget_limits_take_a_small_part_of_the_time(clock: Clock) -> None:
    """And one that had to wait for something, such as a process that starts, says nothing of the others."""

    class Unlimited(Asked):
        asks_per_minute = None

    beat = Rhythm(Unlimited(), Budget(None))
    for took, gap in ((3.0, 5.0), (0.4, 5.0), (0.4, 12.0), (0.01, 5.0), (2.0, 5.0), (2.0, 5.0), (2.0, SLOWEST_S)):
        beat.begin()
        clock.now += took
        beat.soon(5.0)
        beat.answered(took, news=True)
        assert beat.next_s() - clock.now == pytest.approx(gap)
        clock.now = beat.next_s()
        assert beat.is_due()
