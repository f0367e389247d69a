"""Native options that can only be Grid Engine's tell a job its memory, also where only DRMAA is used."""

from __future__ import annotations

import pytest

from abell.backends.drmaa import Drmaa
from abell.backends.drmaa_gridengine import per_slot
from abell.job import Resources


@pytest.mark.parametrize(
    ("native", "each"),
    [
        ("-P bignodes -R y -pe threads 8", None),
        ("-w n -pe threads 3 -l mem_free=64M", 64),
        ("-l h_rt=0:1:0,h_vmem=2G", 2048),
        ("-pe smp 2-4 -l h_vmem=300M", 300),
        ("-soft -l mem_free=1G", None),  # a wish
        ("-l nodes=1:ppn=4,mem=2gb", None),  # TORQUE's
        ("-n 4 -R rusage[mem=2000]", None),  # LSF's
        ("--mem=2G -c 2", None),  # Slurm's
        ("-l h_vmem=plenty", None),
    ],
)
def test_memory_of_a_slot(native: str, each: int | None) -> None:
    assert per_slot(native) == each


TEMPLATE = "[-l h_vmem={mem_mb}M] [-l h_rt={time}]"


def test_a_template_is_filled_with_what_is_asked_for() -> None:
    """And not with what other options give: a soft limit of time would become a hard one."""
    params = {"nativeSpecification": "-l s_rt=2,mem_free=64M", "native_template": TEMPLATE}
    back_end = Drmaa({})
    got = back_end.effective(Resources(memory_mb=500), params, {})
    assert back_end.native(got, params) == "-l h_vmem=500M -l s_rt=2,mem_free=64M"
