"""Native options of DRMAA jobs that can only be Grid Engine's, and what they give a job."""

from __future__ import annotations

import re
from dataclasses import replace

from abell.backends import gridengine_native, gridengine_options
from abell.job import Resources

# A parallel environment with its slots, and resources by Grid Engine's own names (sge_complex(5)): no other DRM that
# has a DRMAA library takes these.
_OWN = re.compile(
    r"(^|\s)-pe\s+[^\s-]\S*\s+[\d-]"
    r"|(^|\s)-l\s+(\S*,)?(h_rt|s_rt|h_vmem|s_vmem|mem_free|m_mem_free|virtual_free)="
)


def is_its(native: str) -> bool:
    return bool(_OWN.search(native))


def given(native: str, asked: Resources) -> Resources:
    """`asked` with what these options say of it; unchanged if they are not surely Grid Engine's, or cannot be read."""
    if not is_its(native):
        return asked
    try:
        found = gridengine_options.given(gridengine_native.read(native), asked, {})
    except ValueError:  # its library has an opinion of its own
        return asked
    return replace(found, gpus=asked.gpus)  # every site has its own name for them


def per_slot(native: str) -> int | None:
    """MiB for each slot, if these options say it: how many slots a range gives is known only when the job runs."""
    got = given(native, Resources())
    return None if got.memory_mb is None else got.memory_mb // (got.slots or 1)
