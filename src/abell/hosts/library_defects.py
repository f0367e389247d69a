"""Libraries with known defects, by what they say of themselves."""

from __future__ import annotations

_TORQUE = (
    "this is the libdrmaa that comes with TORQUE itself: it crashes when it writes a job template, and drops native "
    "options; install pbs-drmaa and name its library instead"
)
_SLURM = (
    "slurm-drmaa is known to deadlock unless it was built without optimisation (CFLAGS='-g -O0'): a call that hangs "
    "is ended and its process replaced; Abell's own Slurm runner (load: slurm) needs no library"
)


def defects(drm: str, implementation: str) -> list[str]:
    """What an administrator should know, one line each.

    TORQUE's own says "Torque/PBS" and "… (by DSP Team)" (src/drmaa/src/util.c); pbs-drmaa says "Torque" or "PBS
    Professional" and its address at sourceforge.net; slurm-drmaa says "SLURM" and the version.
    """
    if drm == "Torque/PBS":
        return [_TORQUE]
    if drm.startswith("SLURM"):
        return [_SLURM]
    return []
