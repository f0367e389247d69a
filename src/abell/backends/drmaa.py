"""Any DRM by its DRMAA 1.0 library: drmaa_run_job, drmaa_job_ps, drmaa_wait, drmaa_control (GFD.133).

runner       drmaa_library_path          the library (else $DRMAA_LIBRARY_PATH of the server)
             invalidjobexception_retries how many answers in a row that deny a job are passed over (0)
             invalidjobexception_state   ok: the next one means that the DRM has forgotten it, and the job's own record
                                         says how it ended; error: it ends as lost, without waiting for a record
             internalexception_*         the same for internal errors of the library; without them these mean nothing
             drmaa_library_confined      false: it may read the root, and call programs with set-user-ID (true)
             drmaa_call_timeout          seconds for one call, after which the library's process is replaced
destination  drmaa_library_path          another library
             nativeSpecification, ...    every attribute of a job template: `drmaa_attributes.py`
             native_template             native options with what the job asks for filled in: `native_template.py`

The library runs in a process of its own (`hosts/library.py`), so these steps are questions: about, submit, look, end,
forget. A job's name is its key, so that people can find it in the DRM; DRMAA itself cannot ask by name, nor tell the
name of a job, so that an id that the DRM has given to another job is not noticed here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from abell.backends import drmaa_attributes, drmaa_gridengine, native_template
from abell.backends.contract import (
    Answered,
    Ask,
    Backend,
    BackendError,
    Bound,
    Doubt,
    Finding,
    Later,
    Refused,
    Steps,
    Submission,
    SubmitSteps,
)
from abell.backends.drmaa_endings import seen
from abell.backends.drmaa_missing import Missing
from abell.backends.drmaa_native import dialect
from abell.backends.drmaa_replies import about, submitted, trouble
from abell.backends.drmaa_words import STATES, is_over
from abell.backends.gridengine import PER_SLOT
from abell.job import Cause, Resources, Sighting, State, Unknown

log = logging.getLogger(__name__)

LIBRARY = "drmaa_library_path"
CONFINED = "drmaa_library_confined"
CALL_TIMEOUT = "drmaa_call_timeout"
CALLS = 3  # so many calls that take all their time fit into a question
# A question may wait for the library's process to be started, and for one that hangs to be replaced: seconds.
SUBMIT_S = 300.0
LOOK_S = 60.0
END_S = 180.0
ABOUT_S = 90.0


class Drmaa(Backend):
    """One instance speaks to one library."""

    name: ClassVar[str] = "drmaa"
    # What the job itself is told by the DRMs that have a DRMAA library: Slurm, PBS and TORQUE, LSF, Grid Engine.
    own_id = "${SLURM_JOB_ID:-${PBS_JOBID:-${LSB_JOBID:-${JOB_ID:-}}}}"
    states: ClassVar[Mapping[str, State | Cause]] = STATES
    poll_every_s = 5.0
    settle_s = 15.0  # DRMAA's last word comes at once or never, and names no cause that the record does not
    record_s = 60.0
    at_once = 16
    says_cluster = (LIBRARY,)
    own_codes = frozenset((99, 100))  # Grid Engine's, also of jobs that come by its library
    expresses: ClassVar[frozenset[str]] = frozenset()  # by itself; `unexpressed` knows the destination's template

    def __init__(self, runner_params: Mapping[str, Any] | None = None) -> None:
        super().__init__(runner_params)
        self._missing = Missing(self.runner_params)
        self._cancelled: dict[str, str] = {}  # native id -> for whom its end was asked for, as the library accepted
        self._answered: dict[str, int] = {}  # native id -> the last poll that the library answered for it
        self._polls = 0
        self._warned: set[str] = set()

    # -- what a job asks for ------------------------------------------------------------------------------------------

    @classmethod
    def check_destination(cls, params: Mapping[str, Any]) -> None:
        template(params, asked := Resources(1, 1024, 3600, 1, "queue", "account"))
        drmaa_attributes.given(params, asked)

    def effective(self, asked: Resources, params: Mapping[str, Any], environment: Mapping[str, str]) -> Resources:
        """What has a word in the template, and what the native options say where their DRM is beyond doubt."""
        told = drmaa_attributes.expresses(params)
        names = Resources.__dataclass_fields__
        passed = Resources(**{name: getattr(asked, name) for name in names if name in told})
        attributes = drmaa_attributes.given(params, asked)
        given = dialect(self.native(asked, params), passed)
        limit = attributes.get("hardWallclockTimeLimit")
        if isinstance(limit, str):
            given = drmaa_attributes.with_limit(given, limit)
        return given

    def unexpressed(self, asked: Resources, params: Mapping[str, Any]) -> tuple[str, ...]:
        told = drmaa_attributes.expresses(params)
        names = (name for name in Resources.__dataclass_fields__ if getattr(asked, name) is not None)
        return tuple(name for name in names if name not in told)

    def cluster(self, params: Mapping[str, Any]) -> str:
        """A destination's own library: its jobs have a lane of their own."""
        return str(params.get(LIBRARY) or "")

    def native(self, asked: Resources, params: Mapping[str, Any]) -> str:
        """The native specification: the filled template, then the destination's own options. ValueError."""
        own = drmaa_attributes.given(params, asked).get("nativeSpecification", "")
        return f"{template(params, asked)} {own}".strip()

    def attributes(self, job: Submission) -> dict[str, Any]:
        """The job template. ValueError, `OPTION: why`, for a parameter that cannot be used."""
        given = drmaa_attributes.given(job.params, job.resources)
        own = str(given.get("nativeSpecification", ""))
        if (memory := drmaa_gridengine.per_slot(own)) is not None:
            variables = given.get("jobEnvironment")
            given["jobEnvironment"] = {**(variables if isinstance(variables, dict) else {}), PER_SLOT: str(memory)}
        return {
            "remoteCommand": job.script,
            "jobName": job.key,  # 14 characters: Grid Engine's tables show 10, its accounting all; others keep 15
            "workingDirectory": job.directory,
            "outputPath": f":{job.stdout}",
            "errorPath": f":{job.stderr}",
            **given,
            **({"nativeSpecification": text} if (text := self.native(job.resources, job.params)) else {}),
        }

    # -- submit -------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        said_no: list[tuple[Submission, Later]] = []
        for job in submissions:
            if no := next(
                (no for other, no in said_no if no.holds_up == "cluster" or other.params == job.params), None
            ):
                yield Later(job.key, no.reason, no.holds_up)  # the library is not asked again at once
                continue
            try:
                item = {"item": f"job {job.job_id}", "attributes": self.attributes(job)}
            except ValueError as error:
                yield Refused(job.key, str(error))
                continue
            # A question for each: what the library has taken is known at once, whatever the next one does to it.
            learned = submitted(job.key, (yield self._ask("submit", SUBMIT_S, jobs=[item])))
            if isinstance(learned, Later):
                said_no.append((job, learned))
            elif isinstance(learned, Doubt):  # one is enough: the DRM or its library is in trouble
                said_no.append((job, Later(job.key, learned.reason)))
            elif isinstance(learned, Bound):
                self._missing.forget([learned.native_id])
                self.bound(learned.native_id, job)
            yield learned

    def bound(self, native_id: str, job: Submission) -> None:
        """The library has given this job that id, which may have been another's."""
        self._cancelled.pop(native_id, None)
        self._answered.pop(native_id, None)

    # -- poll ---------------------------------------------------------------------------------------------------------

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        answers = yield from self._look(ids)
        found: dict[str, Sighting | Unknown] = {}
        failed: dict[str, str] = {}
        for native, answer in answers.items():
            if "error" in answer:
                error, text = str(answer["error"]), str(answer.get("text", ""))
                if (word := self._missing.denied(native, error, text)) is not None:
                    found[native] = word
                else:
                    failed[native] = f"{error}: {text}"
            else:
                self._missing.answered(native)
                if (sighting := seen(native, answer, self._cancelled.get(native, ""))) is not None:
                    found[native] = sighting
                else:
                    failed[native] = f"the library cannot tell its state: {answer.get('state')}"
        self._say(failed)
        if failed and len(failed) == len(ids):
            raise BackendError(next(iter(failed.values())))
        return found

    def _look(self, ids: Sequence[str]) -> Steps[Mapping[str, Mapping[str, Any]]]:
        """What the library says of each. Those that it did not come to last time are asked first."""
        self._polls += 1
        ordered = sorted(ids, key=lambda native: self._answered.get(native, 0))
        reply = yield self._ask("look", LOOK_S, ids=ordered)
        if not isinstance(reply, Answered) or not isinstance(answers := reply.data.get("answers"), Mapping):
            raise BackendError(trouble(reply))
        if (text := reply.data.get("trouble")) and len(answers) < len(ids):
            log.warning(
                "%s: %d of %d jobs were not asked about: %s", self.name, len(ids) - len(answers), len(ids), text
            )
        if ids and not answers:
            raise BackendError(str(text or "the library has answered for no job"))
        self._answered |= dict.fromkeys(answers, self._polls)
        return answers

    def _say(self, failed: Mapping[str, str]) -> None:
        """Once for each of a library's complaints."""
        for native, text in failed.items():
            if text not in self._warned:
                self._warned.add(text)
                log.warning("%s: job %s: %s; it is asked again", self.name, native, text)
        if not failed:
            self._warned.clear()

    # -- cancel, forget, check ----------------------------------------------------------------------------------------

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        reply = yield self._ask("end", END_S, ids=list(ids))
        if not isinstance(reply, Answered) or not isinstance(answers := reply.data.get("answers"), Mapping):
            raise BackendError(trouble(reply))
        failed = []
        for native in ids:
            answer = answers.get(native, {"error": "no answer"})
            if "error" in answer and not is_over(str(answer["error"]), str(answer.get("text", ""))):
                failed.append(f"{native}: {answer['error']}: {answer.get('text', '')}")
            else:
                self._cancelled[native] = by
        if failed:
            raise BackendError("; ".join(failed[:3]))

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        self._missing.forget(ids)
        for native in ids:
            self._cancelled.pop(native, None)
            self._answered.pop(native, None)
        yield self._ask("forget", LOOK_S, ids=list(ids))

    def check(self) -> Steps[list[Finding]]:
        return about((yield self._ask("about", ABOUT_S)))

    def _ask(self, verb: str, timeout_s: float, **data: Any) -> Ask:
        library = self.here or self.runner_params.get(LIBRARY) or ""
        if not self.runner_params.get(CONFINED, True):
            data["confine"] = False
        if call_s := float(self.runner_params.get(CALL_TIMEOUT) or 0):
            data["call_s"] = call_s
            timeout_s = max(timeout_s, CALLS * call_s)
        return Ask("drmaa", verb, {"library": str(library), **data}, timeout_s)


def template(params: Mapping[str, Any], asked: Resources) -> str:
    """The destination's native_template, filled. ValueError says what is wrong."""
    text = params.get("native_template")
    if text is None:
        return ""
    try:
        return native_template.parse(drmaa_attributes.plain(text)).fill(asked)
    except ValueError as error:
        raise ValueError(f"native_template: {error}") from error
