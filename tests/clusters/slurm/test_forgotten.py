"""Jobs that Slurm has forgotten when the engine asks: no accounting, and a controller that forgets within a minute."""

from __future__ import annotations

import pytest

from tests.clusters.eventually import eventually
from tests.clusters.slurm.clusters import shown, slurm
from tests.clusters.slurm.site import ScenarioSite
from tests.contract.site import Cause

PURGE_S = 150.0  # MinJobAge is 2 s; the controller purges about once a minute


@pytest.mark.timeout(600)
@pytest.mark.uses("bare")
def test_ended_and_purged_while_no_engine_runs(site: ScenarioSite) -> None:
    """The records tell; of what left none, nobody can say that it went well."""
    gates = {name: site.gate(name) for name in ("ok", "output", "exit", "signal", "nothing", "unwritten")}
    then = {
        "ok": "true",
        "output": 'echo x > "$ABELL_OUTPUT_text"',
        "exit": "exit 3",
        "signal": "kill -9 $$",
        "nothing": "kill -9 $PPID; exit 0",  # the job script, before it can write its record
        "unwritten": 'chmod 0 "$PWD"; rm -rf "$PWD/../control"; exit 0',
    }
    path = site.directory / "text"
    jobs = {
        name: site.submit(
            site.counted(name, f"{gate.wait}; {then[name]}"),
            to="bare",
            **({"outputs": {"text": path}} if name == "output" else {}),
        )
        for name, gate in gates.items()
    }
    cancelled = site.submit(site.counted("cancelled", "sleep 900"), to="bare")
    site.running(*jobs.values(), cancelled)
    numbers = [site.number(job) for job in (*jobs.values(), cancelled)]
    site.kill()
    site.open(*gates)
    slurm("bare", "scancel", numbers[-1])
    eventually(lambda: not any(shown("bare", number) for number in numbers), "the controller forgets them", PURGE_S)
    site.start()
    site.wait([*jobs.values(), cancelled], 150)  # what has no clean record waits for a better word
    assert {name: job.cause for name, job in jobs.items()} == {
        "ok": Cause.OK,
        "output": Cause.OK,
        "exit": Cause.EXIT,
        "signal": Cause.SIGNAL,
        "nothing": Cause.LOST,
        "unwritten": Cause.LOST,
    }
    assert jobs["exit"].exit_code == 3
    assert "no longer knows it" in jobs["nothing"].message
    assert path.read_text() == "x\n"
    assert cancelled.cause in (Cause.CANCELLED, Cause.SIGNAL), cancelled.row
    assert site.ran() == dict.fromkeys((*jobs, "cancelled"), 1)
