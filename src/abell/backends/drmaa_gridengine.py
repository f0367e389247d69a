"""Native options of DRMAA jobs that can only be Grid Engine's: the memory that they give for each slot."""

from __future__ import annotations

import re

from abell.backends import gridengine_native, gridengine_options

# By Grid Engine's own names for it (sge_complex(5)): no other DRM that has a DRMAA library takes these.
_OWN = re.compile(r"(^|\s)-l\s+(\S*,)?(h_vmem|s_vmem|mem_free|m_mem_free|virtual_free)=")


def per_slot(native: str) -> int | None:
    """MiB, for GALAXY_MEMORY_MB in the job; None if these options do not say it for certain.

    No more is made of it: what a template asks for is not to change by what stands beside it.
    """
    if not _OWN.search(native):
        return None
    try:
        amounts = gridengine_options.hard(gridengine_native.read(native))
        return gridengine_options.memory_per_slot(amounts, {})
    except ValueError:  # its library has an opinion of its own
        return None
