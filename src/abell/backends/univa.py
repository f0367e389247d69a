"""Grid Engine by its DRMAA library and its own commands: qstat(1), qacct(1), qdel(1). Univa's, Altair's and the others.

runner       as in `drmaa.py`, and asks_per_minute
destination  as there; parallel_environment, memory_resource, gpu_resource as in `gridengine.py`: what a job asks for
             becomes Grid Engine's options

Jobs are submitted, watched and ended through the library. Where it does not tell enough, or nothing (a job of another
session, or an ending that it has told before), the commands are asked: `univa_merge.py` has the table. That needs
Grid Engine's qstat: TORQUE, PBS and Slurm's wrapper have one, too. So whose it is is found out first; with another
one, or with a library of another DRM, this is `drmaa.py`, and so it is where native options have two dashes.
"""

from __future__ import annotations

import logging
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

from abell.backends import drmaa_attributes, gridengine_options
from abell.backends.contract import Answered, BackendError, Call, Finding, Steps, Submission, SubmitSteps
from abell.backends.drmaa import ABOUT_S, Drmaa
from abell.backends.drmaa_endings import seen
from abell.backends.drmaa_native import is_long
from abell.backends.gridengine import PER_SLOT, GridEngine
from abell.backends.gridengine_script import unusable
from abell.backends.univa_merge import Word, is_enough, merged
from abell.backends.univa_qstat import is_grid_engine, whose
from abell.job import Resources, Sighting, Unknown

log = logging.getLogger(__name__)

# What a node reports of itself. The library submits with `-w e`, by which a job that asks for them is refused: "no
# suitable queues" (seen in 8.1.9). An own `-w` of the destination's comes later, and wins.
LOADS = re.compile(r"(^|,)(mem_free|swap_free|virtual_free|load_\w+|np_load_\w+|cpu|mem_used|virtual_used|swap_used)\b")
_NATIVE = ("nativeSpecification", "native_specification", "native_template")
AGAIN_S = 600.0  # how long it is remembered that there is no qstat of Grid Engine's


class Commands(GridEngine):
    """Grid Engine's commands, for jobs of everybody."""

    users = "*"

    def command(self, name: str, *argv: str) -> Call:
        """One of them, for this cell."""
        return self._call(name, *argv)


class Univa(Drmaa):
    """One instance speaks to one library, and to the cell of the server's environment."""

    name: ClassVar[str] = "univa"
    settle_s = 60.0  # the accounting lags
    asks_per_minute = 12.0

    def __init__(
        self, runner_params: Mapping[str, Any] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(runner_params)
        self._clock = clock
        self._grid = Commands(runner_params, clock)
        self._drm = ""  # what the library calls it; '' as long as it has not been asked
        self._is_grid = False
        self._ask_whose = 0.0  # on the clock; until then the answer is believed
        self._over: dict[str, float] = {}  # native id -> since when DRMAA says that it is over

    # -- what a job asks for ------------------------------------------------------------------------------------------

    @classmethod
    def check_destination(cls, params: Mapping[str, Any]) -> None:
        super().check_destination(params)
        if not _is_foreign(params):
            gridengine_options.check(params)

    def effective(self, asked: Resources, params: Mapping[str, Any], environment: Mapping[str, str]) -> Resources:
        if _is_foreign(params):
            return super().effective(asked, params, environment)
        given = gridengine_options.given(gridengine_options.options(asked, params), asked, params)
        limit = drmaa_attributes.given(params, asked).get("hardWallclockTimeLimit")
        return drmaa_attributes.with_limit(given, limit) if isinstance(limit, str) else given

    def unexpressed(self, asked: Resources, params: Mapping[str, Any]) -> tuple[str, ...]:
        if _is_foreign(params):
            return super().unexpressed(asked, params)
        has_gpus = gridengine_options.gpu_resource(params) or "gpus" in drmaa_attributes.expresses(params)
        return () if asked.gpus is None or has_gpus else ("gpus",)

    def native(self, asked: Resources, params: Mapping[str, Any]) -> str:
        """What is asked for in Grid Engine's words, then the destination's own options. ValueError.

        To a library of another DRM only the destination's own are given.
        """
        if _is_foreign(params):
            return super().native(asked, params)
        options = gridengine_options.options(asked, params)
        words = gridengine_options.requested(asked, options, params)
        if self._drm and not is_grid_engine(self._drm):
            if words:
                raise ValueError(
                    f"the library is of {self._drm}, whose words for what this job asks for nobody has said (in Grid "
                    f"Engine's: {shlex.join(words)}): write a native_template"
                )
            return super().native(asked, params)
        if _asks_for_loads((*words, *(word for option in options for word in option.words))):
            words = ["-w", "n", *words]
        return shlex.join(("-r", "n", *words, *(word for option in options for word in option.words)))

    def attributes(self, job: Submission) -> dict[str, Any]:
        if is_grid_engine(self._drm) and (why := unusable(job.stdout)):
            raise ValueError(why)
        found = super().attributes(job)
        if (memory := job.resources.memory_mb) is not None:
            variables = found.get("jobEnvironment", {})
            found["jobEnvironment"] = {**variables, PER_SLOT: str(-(-memory // (job.resources.slots or 1)))}
        return found

    # -- submit -------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        yield from self._ask_drm()
        yield from super().submit(submissions)

    def _ask_drm(self) -> Steps[None]:
        """Whose library it is. If it does not answer now, what it is asked next says why."""
        if not self._drm:
            about = yield self._ask("about", ABOUT_S)
            self._drm = str(about.data.get("drm", "")) if isinstance(about, Answered) else ""

    def bound(self, native_id: str, job: Submission) -> None:
        super().bound(native_id, job)
        self._over.pop(native_id, None)
        if is_grid_engine(self._drm):
            self._grid.remember(native_id, job)

    # -- poll ---------------------------------------------------------------------------------------------------------

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        if not (yield from self._has_commands()):
            return (yield from super().poll(ids))
        try:
            answers = yield from self._look(ids)
            trouble = ""
        except BackendError as error:
            answers, trouble = {}, str(error)
        said, denied = self._read(answers)
        found: dict[str, Sighting | Unknown] = {native: word for native, word in said.items() if is_enough(word)}
        if unclear := [native for native in ids if native not in found]:
            words = yield from self._commands(unclear, trouble)
            for native in unclear:
                first, no = said.get(native), denied.get(native)
                waited_s = self._clock() - self._over.setdefault(native, self._clock()) if first else 0.0
                if (word := merged(first, no, words.get(native), waited_s)) is not None:
                    found[native] = word
        if trouble and ids and not found:
            raise BackendError(trouble)
        return found

    def _read(self, answers: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Sighting], dict[str, Unknown]]:
        """What the library says of each, and of which it denies that it knows them."""
        said: dict[str, Sighting] = {}
        denied: dict[str, Unknown] = {}
        for native, answer in answers.items():
            if "error" in answer:
                word = self._missing.denied(native, str(answer["error"]), str(answer.get("text", "")))
                if word is not None:
                    denied[native] = word
            else:
                self._missing.answered(native)
                if (sighting := seen(native, answer, self._cancelled.get(native, ""))) is not None:
                    said[native] = sighting
        return said, denied

    def _commands(self, ids: Sequence[str], trouble: str) -> Steps[Mapping[str, Word]]:
        """What qstat and qacct say; nothing where they fail."""
        try:
            return (yield from self._grid.poll(ids))
        except BackendError as error:
            if trouble:  # neither the library nor they
                raise BackendError(f"{trouble}; {error}") from error
            log.warning("univa: %s", error)
            return {}

    def _has_commands(self) -> Steps[bool]:
        """Whether qstat is Grid Engine's, and the library is, too."""
        if self._is_grid or self._ask_whose > self._clock():
            return self._is_grid
        yield from self._ask_drm()
        its = whose((yield replace(self._grid.command("qstat", "-help"), timeout_s=20.0)))
        self._is_grid = is_grid_engine(self._drm) and its == "gridengine"
        if not self._is_grid and self._drm and its:
            self._ask_whose = self._clock() + AGAIN_S
            why = "there is no qstat" if its == "none" else "qstat is not Grid Engine's"
            log.warning(
                "univa: only DRMAA is used: %s", why if is_grid_engine(self._drm) else f"the library is of {self._drm}"
            )
        return self._is_grid

    # -- cancel, find, forget, check ----------------------------------------------------------------------------------

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        """By the library; what it does not end, by qdel: an operator of Grid Engine's may end jobs of others."""
        try:
            yield from super().cancel(ids, by)
        except BackendError as error:
            left = [native for native in ids if native not in self._cancelled]
            if not (yield from self._has_commands()):
                raise
            log.info("univa: %s; qdel is asked", error)
            yield from self._grid.cancel(left, by)
            self._cancelled |= dict.fromkeys(left, by)

    def find(self, keys: Sequence[str]) -> Steps[dict[str, str]]:
        if not (yield from self._has_commands()):
            return {}
        return (yield from self._grid.find(keys))

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        for native in ids:
            self._over.pop(native, None)
        yield from self._grid.forget(ids)
        yield from super().forget(ids)

    def check(self) -> Steps[list[Finding]]:
        findings = yield from super().check()
        if not (yield from self._has_commands()):
            without = "Grid Engine's qstat and qacct cannot be asked: only what DRMAA tells is known of an ending"
            return [*findings, Finding(False, without, "put Grid Engine's commands first in the server's PATH")]
        return [*findings, *(yield from self._grid.check())]


def _is_foreign(params: Mapping[str, Any]) -> bool:
    """Whether the destination's options cannot be Grid Engine's."""
    return any(is_long(str(params[name])) for name in _NATIVE if params.get(name) is not None)


def _asks_for_loads(words: Sequence[str]) -> bool:
    return any(option == "-l" and LOADS.search(value) for option, value in pairwise(words))
