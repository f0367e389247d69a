"""What native options give a job, where it is beyond doubt whose they are. DRMAA itself leaves them to the DRM."""

from __future__ import annotations

import re

from abell.backends import slurm_options
from abell.job import Resources

_LONG = re.compile(r"(^|\s)--[a-z]")  # no other DRM that has a DRMAA library takes such options: Slurm's


def is_long(native: str) -> bool:
    """Whether these are options of two dashes, which Grid Engine has none of."""
    return bool(_LONG.search(native))


def dialect(native: str, asked: Resources) -> Resources:
    """`asked` with what these options say of it. What nobody can read for certain changes nothing."""
    if not is_long(native):
        return asked
    try:
        return slurm_options.given(slurm_options.TABLE.read(native), asked)
    except ValueError:  # slurm-drmaa has its own opinion of them
        return asked
