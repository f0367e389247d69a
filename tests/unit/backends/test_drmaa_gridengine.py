"""Native options that can only be Grid Engine's tell what a job gets, also where only DRMAA is used."""

from __future__ import annotations

import pytest

from abell.backends.drmaa import Drmaa
from abell.backends.drmaa_gridengine import per_slot
from abell.job import Resources


@pytest.mark.parametrize(
    ("native", "got", "each"),
    [
        ("-P bignodes -R y -pe threads 8", Resources(slots=8), None),
        ("-w n -pe threads 3 -l mem_free=64M", Resources(slots=3, memory_mb=192), 64),
        ("-l h_rt=0:1:0,h_vmem=2G", Resources(memory_mb=2048, walltime_s=60), 2048),
        ("-pe smp 2-4 -l h_vmem=300M", Resources(slots=2, memory_mb=600), 300),  # NSLOTS will tell
        ("-l nodes=1:ppn=4,mem=2gb", Resources(), None),  # TORQUE's
        ("-n 4 -R rusage[mem=2000]", Resources(), None),  # LSF's
        ("--mem=2G -c 2", Resources(slots=2, memory_mb=2048), None),  # Slurm's
        ("-l h_vmem=plenty", Resources(), None),
    ],
)
def test_what_a_job_gets(native: str, got: Resources, each: int | None) -> None:
    params = {"nativeSpecification": native}
    found = Drmaa({}).effective(Resources(), params, {})
    assert (found.slots, found.memory_mb, found.walltime_s) == (got.slots, got.memory_mb, got.walltime_s)
    assert per_slot(native) == each


def test_what_nobody_says_is_as_it_was_asked_for() -> None:
    params = {"nativeSpecification": "-pe threads 2", "native_template": "[-l h_vmem={mem_per_slot_mb}M]"}
    found = Drmaa({}).effective(Resources(memory_mb=500, gpus=1), params, {})
    assert (found.slots, found.memory_mb) == (2, 500)
