"""The engine, and now and then the supervisor or a library's process, is killed at random instants while jobs come in.

300 deaths on each kind of DRM, spread over a few tests that can run side by side; `ABELL_KILLS` scales the number,
`ABELL_SEED` has other instants. The seed is in the test's name and gives the same instants again, as far as the machine
does.
"""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.clusters.gridengine.killed import DrmaaSite
from tests.clusters.slurm.cluster import SlurmSite
from tests.contract.site import LONG, Site
from tests.faults.load import InBackground, Load

TESTS = 6
FIRST_SEED = int(os.environ.get("ABELL_SEED", "0"))
KILLS = int(os.environ.get("ABELL_KILLS", "300")) // TESTS
SEEDS = range(FIRST_SEED, FIRST_SEED + TESTS)
LONGEST_START_S = 2.0
KINDS_AND_WEIGHTS = {"ok": 6, "exit": 2, "signal": 2, "output": 3, "cancel": 1}


class Stream:
    """Submits jobs one message after the other, as many as the deaths so far allow."""

    def __init__(self, load: Load, dice: random.Random, sizes: tuple[int, ...]) -> None:
        """`sizes`: how many jobs a message may have."""
        self._load, self._dice, self._sizes = load, dice, sizes
        self._permits: queue.SimpleQueue[bool] = queue.SimpleQueue()
        for _ in range(2):
            self.more()

    def more(self) -> None:
        self._permits.put(True)

    def close(self) -> None:
        """No more after those that were allowed."""
        self._permits.put(False)

    def run(self) -> None:
        number = 0
        while self._permits.get(timeout=LONG):
            kinds = self._dice.choices(
                list(KINDS_AND_WEIGHTS), weights=list(KINDS_AND_WEIGHTS.values()), k=self._dice.choice(self._sizes)
            )
            self._load.submit(kinds, f"{number}-")
            number += 1


def kill_at_random(
    site: Site,
    dice: random.Random,
    stream: Stream,
    other: Callable[[], int | None],
    share: float = 0.2,
    life: float = 2.0,
) -> int:
    """`KILLS` times. `other`: who is killed as well, in such a `share` of the rounds, if it is there; how often.

    An engine lives up to `life` times as long as its start takes. It is dead or alive afterwards.
    """
    began = time.monotonic()
    site.start()
    # It is killed before it serves, and later. The first start may take long once.
    start_s = min(time.monotonic() - began, LONGEST_START_S)
    site.connect()
    submitting = InBackground(stream.run)
    deaths = others = 0
    while deaths < KILLS:
        threading.Event().wait(dice.uniform(0, life * start_s))
        if dice.random() < share and (pid := other()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            deaths += 1
            others += 1
        if dice.random() < 0.9:
            site.kill()
            site.launch()
            deaths += 1
        stream.more()
    assert site.engine is not None
    site.engine.wait_until_it_serves()
    stream.close()
    submitting.join()
    return others


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_and_nothing_runs_twice(site: Site, seed: int) -> None:
    load = Load(site)
    kill_at_random(site, random.Random(seed), Stream(load, random.Random(seed + 1000), sizes=(1, 2)), site.supervisor)
    assert len(load.jobs) >= KILLS / 4
    load.check(2 * LONG)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_and_nothing_runs_twice_on_slurm(slurm_site: SlurmSite, seed: int) -> None:
    """Jobs go on while the engine is dead, end when nobody listens, and are submitted by commands that survive it."""
    load = Load(slurm_site)
    stream = Stream(load, random.Random(seed + 1000), sizes=(1, 2, 2))
    kill_at_random(slurm_site, random.Random(seed), stream, slurm_site.supervisor)
    assert len(load.jobs) >= KILLS * 5 / 4
    load.check(2 * LONG)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_and_nothing_runs_twice_by_drmaa(drmaa_site: DrmaaSite, seed: int) -> None:
    """A library's process dies with its engine or alone, also in the middle of a call, which leaves it in doubt."""
    load = Load(drmaa_site)
    stream = Stream(load, random.Random(seed + 1000), sizes=(1, 2, 2))
    alone = kill_at_random(drmaa_site, random.Random(seed), stream, drmaa_site.library, share=0.5, life=4.0)
    assert alone >= KILLS / 10  # it comes up some time after its engine, and dies with it
    assert len(load.jobs) >= KILLS
    load.check(2 * LONG)
