"""The engine, and now and then the supervisor, is killed at random instants while jobs come in.

300 deaths in all, spread over a few tests that can run side by side; `ABELL_KILLS` scales the number. The seed is in
the test's name and gives the same instants again, as far as the machine does.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading

import pytest

from tests.contract.site import LONG, Site
from tests.faults.load import KINDS, InBackground, Load

TESTS = 6
KILLS = int(os.environ.get("ABELL_KILLS", "300")) // TESTS
STARTS_WITHIN_S = 0.9  # an engine is killed up to so long after its start: before, while and after it takes up jobs


class Stream:
    """Submits jobs one message after the other, as many as the deaths so far allow."""

    def __init__(self, load: Load, dice: random.Random) -> None:
        self._load, self._dice = load, dice
        self._permits = threading.Semaphore(2)
        self._over = False

    def more(self) -> None:
        self._permits.release()

    def close(self) -> None:
        self._over = True
        self._permits.release()

    def run(self) -> None:
        kinds = [kind for kind in KINDS if kind != "walltime"]
        number = 0
        while True:
            assert self._permits.acquire(timeout=LONG)
            if self._over:
                return
            some = self._dice.choices(kinds, weights=[6, 2, 2, 3, 1], k=self._dice.choice((1, 2)))
            self._load.submit(some, f"{number}-")
            number += 1


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(TESTS))
def test_nothing_is_lost_and_nothing_runs_twice(site: Site, seed: int) -> None:
    dice = random.Random(seed)
    load = Load(site)
    site.start()
    site.connect()
    stream = Stream(load, random.Random(seed + 1000))
    submitting = InBackground(stream.run)
    deaths = 0
    while deaths < KILLS:
        threading.Event().wait(dice.uniform(0, STARTS_WITHIN_S))
        if dice.random() < 0.2 and (pid := site.supervisor()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            deaths += 1
        if dice.random() < 0.9:
            site.kill()
            site.launch()
            deaths += 1
        stream.more()
    assert site.engine is not None
    site.engine.wait_until_it_serves()
    stream.close()
    submitting.join()
    assert len(load.jobs) >= KILLS
    load.check(2 * LONG)
