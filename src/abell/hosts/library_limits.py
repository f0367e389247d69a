"""How long a DRM's library may take for what, and how large it may grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from abell.backends.contract import Call
from abell.hosts.local import variables


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one call, and more. Who takes longer is killed and replaced."""

    init_s: float = 60.0  # from the start of the process to an open session
    submit_s: float = 60.0
    look_s: float = 30.0
    end_s: float = 60.0
    close_s: float = 5.0
    heartbeat_s: float = 30.0  # of silence, then an idle process is asked whether it is alive
    pong_s: float = 10.0  # for the answer to that
    memory: int = 1 << 30  # bytes more than after the session was opened
    first_pause_s: float = 1.0  # after a session that could not be opened; doubled each time in a row
    longest_pause_s: float = 60.0

    def of(self, verb: str) -> float:
        return {"submit": self.submit_s, "look": self.look_s, "end": self.end_s}[verb]

    @property
    def tick_s(self) -> float:
        """How soon a call that has just begun is seen."""
        return min(self.submit_s, self.look_s, self.end_s, self.heartbeat_s, self.pong_s) / 4


# What a child gets of the server's variables, beside what every program needs: what DRMs' libraries read.
OF_DRMS = ("SGE_*", "PBS_*", "LSF_*", "DRMAA_*", "SLURM_CONF", "CONDOR_CONFIG", "LD_LIBRARY_PATH")


def environment(server: Mapping[str, str], preload: list[str]) -> dict[str, str]:
    """The variables of a child: never the server's secrets."""
    kept = variables(server, Call(argv=(), keep=OF_DRMS))
    return {**kept, "LD_PRELOAD": ":".join(preload)} if preload else kept
