"""What DRMAA and Grid Engine's own commands say of one job, made one. Pure.

Neither word is the worse or the better one: what counts is which of them is evidence.

| DRMAA                         | Grid Engine's commands       | what counts                                           |
|-------------------------------|------------------------------|-------------------------------------------------------|
| lives                         | (not asked)                  | DRMAA's state                                         |
| ended by itself, exit <= 128  | (not asked)                  | DRMAA's exit code                                     |
| ended otherwise               | lives: `dr`, or put back     | the listing's state: it is not over                   |
| ended otherwise               | a cause of its own           | the accounting's: walltime, memory, node, rejected,   |
|                               |                              | cancelled and by whom                                 |
| ended, as Abell asked         | a signal or exit             | cancelled by whom Abell was asked                     |
| ended otherwise               | a signal or exit             | the accounting's, with what only DRMAA has            |
| FAILED without usage          | does not know it             | cancelled: it was deleted before it was started,      |
|                               |                              | which is the one ending that the accounting leaves out|
| ended otherwise               | does not know it             | DRMAA's                                               |
| ended otherwise               | silent                       | wait; after `PATIENCE_S` DRMAA's                      |
| denies it, or an error        | lives, or an ending          | the commands'                                         |
| denies it                     | does not know it             | unknown: the job's record decides, else it is lost    |
| denies it, or an error        | silent                       | nothing is learned                                    |
| another error                 | does not know it             | nothing is learned: one of them may be mistaken       |

A job that is absent from the listing is never done for that.
"""

from __future__ import annotations

from dataclasses import replace

from abell.job import Cause, Sighting, Unknown, Usage

PATIENCE_S = 45.0  # for Grid Engine's commands, once DRMAA says that a job is over; less than `settle_s`
SHELL_SIGNAL = 128  # a shell's exit code above it is a signal's
NEVER_STARTED = "it was deleted before it was started; by whom is not told"

Word = Sighting | Unknown | None


def is_enough(said: Sighting) -> bool:
    """Whether the accounting could add nothing that matters to what DRMAA has said."""
    if said.cause is None:
        return True
    code = said.exit_code
    return said.cause in (Cause.OK, Cause.EXIT) and code is not None and code <= SHELL_SIGNAL


def merged(said: Sighting | None, denied: Unknown | None, grid: Word, waited_s: float) -> Word:
    """`said` by DRMAA of a job about which it is not enough; `denied`: that it does not know it. Both None: an error.

    `grid`: the commands' word, None if they are silent. `waited_s`: since DRMAA first said that the job is over.
    """
    if said is None:
        if isinstance(grid, Unknown):
            return replace(grid, final=denied.final) if denied else None
        return grid
    if grid is None:
        return said if waited_s >= PATIENCE_S else None
    if isinstance(grid, Unknown):
        return _never_listed(said)
    if grid.cause is None:
        return grid
    if said.cause is Cause.CANCELLED and grid.cause in (Cause.OK, Cause.EXIT, Cause.SIGNAL):
        return replace(said, usage=_figures(grid.usage, said.usage), key=grid.key, host=grid.host)
    return replace(
        grid,
        usage=_figures(grid.usage, said.usage),
        exit_code=said.exit_code if grid.exit_code is None else grid.exit_code,
        signal=grid.signal or said.signal,
    )


def _never_listed(said: Sighting) -> Sighting:
    no_usage = said.word == "FAILED" and said.signal is None and said.exit_code is None and said.usage == Usage()
    if no_usage and said.cause is not Cause.CANCELLED:
        return replace(said, cause=Cause.CANCELLED, reason=NEVER_STARTED)
    return said


def _figures(first: Usage, second: Usage) -> Usage:
    def of(name: str) -> float | int | None:
        value: float | int | None = getattr(first, name)
        return getattr(second, name) if value is None else value

    memory = of("memory_bytes")
    return Usage(of("elapsed_s"), of("cpu_s"), None if memory is None else int(memory))
