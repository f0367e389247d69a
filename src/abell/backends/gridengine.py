"""Grid Engine, by its own commands: qsub(1), qstat(1), qacct(1), qdel(1); Son of Grid Engine, Univa, Altair, Open.

runner       sge_root, sge_cell     which cluster (else $SGE_ROOT and $SGE_CELL of the server)
             sge_qmaster_port, sge_execd_port   where neither services(5) nor the server's variables say them
             sge_bin                directory of the commands, where they are not on PATH
             workers                how many qsub run at once (4)
             asks_per_minute        how many commands that only ask the cluster may get in a minute (12)
destination  native_specification   qsub's options, which win over what a job asks for
             native_template        the same, with what the job asks for filled in: `native_template.py`
             parallel_environment   for jobs that ask for several slots
             memory_resource        what memory is asked for by, for each slot (h_vmem); several with commas
             gpu_resource           what GPUs are asked for by
             requeue                true: Grid Engine may start a job again by itself (-r y)

A job's name ends with its key, so that nobody's job is taken for another's: numbers wrap, and are used again.
All is said on qsub's command line, and the script is started as a program: as a script, Grid Engine would look for
options in every line of it, the user's words included, and would have a login shell read profiles before it.
"""

from __future__ import annotations

import logging
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from abell.backends import gridengine_check as findings
from abell.backends import gridengine_options as native
from abell.backends import gridengine_words as words
from abell.backends.contract import (
    Backend,
    BackendError,
    Bound,
    Call,
    Exited,
    Finding,
    Later,
    Refused,
    Steps,
    Submission,
    SubmitSteps,
)
from abell.backends.gridengine_accounting import Record, not_found, records, resources
from abell.backends.gridengine_endings import EXIT_IN_ERROR, Given, ended, kind, last, lives_again, queue_limits
from abell.backends.gridengine_listings import Explained, Listed, explained, listed, why_it_waits
from abell.backends.gridengine_replies import deletions, submitted, succeeded, why
from abell.backends.gridengine_script import job_name, key_of, path_of, unusable
from abell.backends.gridengine_told import PROGRAM, told
from abell.backends.replies import holds_up
from abell.job import Cause, Resources, Sighting, State, Unknown

log = logging.getLogger(__name__)

# Runner parameter -> the variable that names a cluster to every command. No other variable of the server's is seen.
PARAMETERS = {
    "sge_root": "SGE_ROOT",
    "sge_cell": "SGE_CELL",
    "sge_qmaster_port": "SGE_QMASTER_PORT",
    "sge_execd_port": "SGE_EXECD_PORT",
}
PER_SLOT = "ABELL_MEMORY_MB_PER_SLOT"  # for GALAXY_MEMORY_MB: NSLOTS of a range is known only when the job runs
SUBMIT_S = 180.0  # the client library waits a minute by itself for an answer, and a verifier may be slow
ARGUMENTS = 1000  # job numbers in one command
PATIENCE_S = float(findings.PATIENCE_S)  # for which the accounting may lag; 15 s by default (sge_conf(5), flush_time)
FEW = 4  # qacct reads all of its file for one job: of more jobs it is asked at once
DAYS = 2  # of the accounting, for many
EXPLAINED = 10  # waiting jobs that are explained in a poll
EXPLAIN_AFTER_S, EXPLAIN_EVERY_S = 20.0, 120.0
REMEMBERED_S = 600.0  # limits of a queue; that the files of the cell cannot be read


class GridEngine(Backend):
    """One instance speaks to one cell."""

    name = "gridengine"
    prefix = "#$"
    tools = ("qsub", "qstat", "qacct", "qdel", "qconf", "qalter")
    own_id = "${JOB_ID:-}"
    states: ClassVar[Mapping[str, State | Cause]] = words.STATES
    poll_every_s = 5.0
    settle_s = 60.0
    record_s = 60.0
    at_once = 8
    asks_per_minute = 12.0
    says_cluster = tuple(PARAMETERS)
    requeues = True
    users = "$user"  # whose jobs are asked for: the server's user, which qstat puts in itself (qstat(1)), or *
    own_codes = frozenset((99, EXIT_IN_ERROR))  # of a script: start it again; put it into the error state

    def __init__(
        self, runner_params: Mapping[str, Any] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(runner_params)
        self._clock = clock
        self._keys: dict[str, str] = {}  # number -> key, of jobs submitted or listed
        self._asked: dict[str, Mapping[str, str]] = {}  # number -> resources asked for, where the accounting has none
        self._lagging: dict[str, float] = {}  # number -> since when it is neither listed nor in the accounting
        self._registered: dict[str, str] = {}  # number -> by whom it is deleted while it runs; '' for nobody knows
        self._deleted: dict[str, str] = {}  # number -> by whom it was deleted while it waited: the accounting has none
        self._in_error: set[str] = set()
        self._waits: dict[str, tuple[float, State | None, str]] = {}  # number -> when to ask why again; what was said
        self._queues: dict[str, tuple[float, Mapping[str, str]]] = {}  # queue -> until when; its limits
        self._untold_until = float("-inf")  # the files that tell who deleted a job cannot be read
        self._owner = ""

    # -- what a job asks for ------------------------------------------------------------------------------------------

    @classmethod
    def check_destination(cls, params: Mapping[str, Any]) -> None:
        native.check(params)

    def effective(self, asked: Resources, params: Mapping[str, Any], environment: Mapping[str, str]) -> Resources:
        options = native.options(asked, params)
        given = native.given(options, asked, params)
        native.requested(given, options, params)  # what it cannot ask for is said before anything is written
        return given

    def unexpressed(self, asked: Resources, params: Mapping[str, Any]) -> tuple[str, ...]:
        said = super().unexpressed(asked, params)
        return (*said, "gpus") if asked.gpus and not native.gpu_resource(params) else said

    def overlap(self, workers: int) -> int:
        return workers

    def meaning(self, word: str) -> State | Cause | None:
        return words.meaning(word)

    # -- submit -------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        said_no: list[tuple[Submission, Later]] = []
        for job in submissions:
            if no := next((no for other, no in said_no if holds_up(no, other, job)), None):
                yield replace(no, key=job.key)  # the qmaster is not asked again at once
                continue
            if reason := unusable(job.stdout):
                yield Refused(job.key, reason)
                continue
            learned = submitted(job.key, (yield replace(self._call("qsub", *arguments(job)), timeout_s=SUBMIT_S)))
            if isinstance(learned, Later):
                said_no.append((job, learned))
            elif isinstance(learned, Bound):
                self.remember(learned.native_id, job)
            yield learned

    def remember(self, number: str, job: Submission) -> None:
        """That this job has that number: the accounting may not know what it asked for."""
        self.forget_number(number)
        self._keys[number] = job.key
        self._asked[number] = asked(job)

    # -- poll ---------------------------------------------------------------------------------------------------------

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        """What the qmaster lists is not over; of all else the accounting tells, in time."""
        rows = yield from self._qstat()
        here = [number for number in ids if number in rows]
        for number in here:
            self._lagging.pop(number, None)
            self._keys[number] = key_of(rows[number].name)
            if words.DELETED in rows[number].word:
                self._registered.setdefault(number, "")
        said = yield from self._explained(here, rows)
        seen: dict[str, Sighting | Unknown] = {}
        for number in here:
            if (sighting := self._listed(rows[number], said.get(number))) is not None:
                seen[number] = sighting
        seen |= yield from self._gone([number for number in ids if number not in rows])
        return seen

    def _qstat(self) -> Steps[dict[str, Listed]]:
        """All jobs of `users`, by number. BackendError if the qmaster did not say."""
        reply = yield self._call("qstat", "-u", self.users, "-s", "prs", "-xml")
        rows: dict[str, Listed] = {}
        for row in listed(succeeded(reply, "qstat")):
            self._owner = self._owner or row.owner
            if row.number not in rows or row.queue:  # of an array, which is none of ours, a task that runs
                rows[row.number] = row
        return rows

    def _listed(self, row: Listed, said: Explained | None) -> Sighting | None:
        """None where a word of the qmaster's is still wanted."""
        meaning = self.meaning(row.word) or State.RUNNING
        seen = Sighting(row.number, row.word, key=key_of(row.name), host=row.host)
        if isinstance(meaning, Cause):
            self._in_error.add(row.number)
            if said is None:
                return None
            if any(f"exit_status of job start = {EXIT_IN_ERROR}" in error for error in said.errors):
                return replace(seen, cause=Cause.EXIT, exit_code=EXIT_IN_ERROR)
            return replace(seen, cause=meaning, reason="; ".join(said.errors) or "it could not be started")
        if words.DELETED in row.word:
            return replace(seen, state=meaning, reason="its end is asked for, and its node has not confirmed it")
        if meaning is State.HELD and said is not None:
            held = f"waits for job {said.after}" if said.after else f"held: `qrls {row.number}` lets it go"
            return replace(seen, state=meaning, reason=held)
        _, state, reason = self._waits.get(row.number, (0.0, None, ""))
        if meaning is State.QUEUED and not row.queue:
            return replace(seen, state=state or meaning, reason=reason)
        return replace(seen, state=meaning)

    def _explained(self, numbers: Sequence[str], rows: Mapping[str, Listed]) -> Steps[dict[str, Explained]]:
        """Why jobs are in error or held, and of some that wait: one `qstat -j` for all."""
        needed, some = [], []
        for number in numbers:
            meaning = self.meaning(rows[number].word)
            if meaning is Cause.REJECTED or meaning is State.HELD:
                needed.append(number)
            elif meaning is State.QUEUED and not rows[number].queue:
                due, _, _ = self._waits.setdefault(number, (self._clock() + EXPLAIN_AFTER_S, None, ""))
                if due <= self._clock():
                    some.append(number)
            else:
                self._waits.pop(number, None)
        some = some[:EXPLAINED]
        if not needed and not some:
            return {}
        reply = yield self._call("qstat", "-j", ",".join((*needed[:ARGUMENTS], *some)))
        if not isinstance(reply, Exited) or reply.code not in (0, 1) or "job_number:" not in reply.out:
            log.warning("gridengine: why jobs wait is not told: %s", why(reply, "qstat -j"))
            return {}
        said = explained(reply.out)
        for number in some:
            reason = why_it_waits(said[number].waits) if number in said else ""
            self._waits[number] = (self._clock() + EXPLAIN_EVERY_S, None, reason)
        if some and (number := some[0]) in said and said[number].waits:
            yield from self._impossible(number)
        return said

    def _impossible(self, number: str) -> Steps[None]:
        """Whether an empty cluster could run it: `-w v` (qalter(1)) changes nothing."""
        reply = yield self._call("qalter", "-w", "v", number)
        if isinstance(reply, Exited) and "no suitable queues" in reply.out + reply.err:
            due, _, reason = self._waits[number]
            remedy = "cancel it, and change the destination's options or what the job asks for"
            self._waits[number] = (due, State.HELD, f"no queue could ever run it: {remedy} ({reason})")

    # -- endings ------------------------------------------------------------------------------------------------------

    def _gone(self, numbers: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        """Of jobs that are no longer listed."""
        seen: dict[str, Sighting | Unknown] = {}
        for number in numbers:
            if number in self._deleted:
                seen[number] = self._was_deleted(number)
        left = [number for number in numbers if number not in seen]
        if not left:
            return seen
        book = yield from self._qacct(left)
        runs = {number: last(book.get(number, ()), number, self._keys.get(number, "")) for number in left}
        over = {number: run for number, run in runs.items() if run is not None and not lives_again(run)}
        untold = {number for number in left if number not in over} | {
            number for number, run in over.items() if self._needs_a_name(number, run)
        }
        if untold:
            yield from self._ask_who(left)
        for number in left:
            if (run := over.get(number)) is not None:
                sighting = yield from self._ended(number, run)
                told_later = number in untold and number not in self._registered and not self._is_settled(number)
                if told_later and sighting.cause is Cause.SIGNAL:
                    continue  # who did that may be on its way to a file
                seen[number] = sighting
            elif number in self._deleted:
                seen[number] = self._was_deleted(number)
            elif number in book and self._waited(number):
                seen[number] = Unknown(number, "Grid Engine has neither the job nor a record of its end")
        return seen

    def _needs_a_name(self, number: str, run: Record) -> bool:
        """Killed, and perhaps by somebody whose name the cell's files have."""
        killed = kind(run) == "signal" and run.exit_status == 128 + signal.SIGKILL
        return killed and not run.deleted_by and not self._registered.get(number)

    def _is_settled(self, number: str) -> bool:
        """Nobody will say who killed it."""
        return self._untold_until > self._clock() or self._waited(number)

    def _was_deleted(self, number: str) -> Sighting:
        by = self._deleted[number]
        return Sighting(
            number, "deleted", cause=Cause.CANCELLED, reason=f"by {by}" if by else "", key=self._keys.get(number, "")
        )

    def _ended(self, number: str, run: Record) -> Steps[Sighting]:
        queue = yield from self._limits(run)
        given = Given(run.requests or self._asked.get(number, {}), queue)
        return ended(number, run, given, self._registered.get(number))

    def _waited(self, number: str) -> bool:
        """Whether the accounting had its time to catch up about this job."""
        return self._clock() - self._lagging.setdefault(number, self._clock()) >= PATIENCE_S

    def _qacct(self, numbers: Sequence[str]) -> Steps[dict[str, list[Record]]]:
        """Number -> its records; none of those of which qacct was not asked now, or did not answer."""
        book: dict[str, list[Record]] = {}
        few = list(numbers)
        if len(few) > FEW:
            if not self._owner and self.users != "*":
                self._owner = succeeded((yield Call(("id", "-un"), timeout_s=10.0)), "id").strip()
            whose = ("-o", self._owner) if self.users != "*" else ()
            reply = yield self._call("qacct", *whose, "-d", str(DAYS), "-j")
            if isinstance(reply, Exited) and reply.code == 0:
                wanted = set(numbers)
                for record in self._records(reply.out):
                    if record.number in wanted:
                        book.setdefault(record.number, []).append(record)
            few = sorted((n for n in few if n not in book), key=lambda n: self._lagging.get(n, float("inf")))[:FEW]
        for number in few:
            reply = yield self._call("qacct", "-j", number)
            if isinstance(reply, Exited) and reply.code == 0:
                book[number] = self._records(reply.out)
            elif isinstance(reply, Exited) and (not_found(reply.err + reply.out) or _unreadable(reply.err)):
                book[number] = []
            else:
                log.warning("gridengine: the accounting does not answer: %s", why(reply, "qacct"))
                break  # the next would fare no better
        return book

    def _records(self, text: str) -> list[Record]:
        try:
            return records(text)
        except BackendError as error:
            log.warning("gridengine: the accounting does not answer: %s", error)
            return []

    def _limits(self, run: Record) -> Steps[Mapping[str, str]]:
        """Limits of the queue that it ran in, where they may have ended it."""
        killed = run.exit_status is not None and run.exit_status > 128
        if not run.queue or not (kind(run) == "limit" or (kind(run) == "signal" and killed)):
            return {}
        until, limits = self._queues.get(run.queue, (float("-inf"), {}))
        if until < self._clock():
            reply = yield self._call("qconf", "-sq", run.queue)
            if isinstance(reply, Exited) and reply.code == 0:
                limits = queue_limits(reply.out)
            self._queues[run.queue] = (self._clock() + REMEMBERED_S, limits)
        return limits

    def _ask_who(self, numbers: Sequence[str]) -> Steps[None]:
        """Who deleted these jobs, if the files of the cell say it."""
        if self._untold_until > self._clock():
            return
        reply = yield replace(self._call("sh"), argv=("sh", "-c", PROGRAM))
        if not isinstance(reply, Exited) or not reply.out.strip():
            self._untold_until = self._clock() + REMEMBERED_S
            return
        running, waiting = told(reply.out)
        for number in numbers:
            if number in running and not self._registered.get(number):
                self._registered[number] = running[number]
            if number in waiting:
                self._deleted[number] = waiting[number]

    # -- cancel, find, forget, check ----------------------------------------------------------------------------------

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        trouble: list[str] = []
        for some in chunks(ids):
            reply = yield self._call("qdel", *some)
            said = deletions(reply)
            self._registered |= {n: who for n, who in said.registered.items() if n in some}
            self._deleted |= {n: who for n, who in said.deleted.items() if n in some}
            trouble += said.others
        if trouble:
            raise BackendError(f"qdel: {'; '.join(dict.fromkeys(trouble))[:500]}")

    def find(self, keys: Sequence[str]) -> Steps[dict[str, str]]:
        wanted = set(keys)
        rows = yield from self._qstat()
        return {key: number for number, row in rows.items() if (key := key_of(row.name)) in wanted}

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        """Jobs in error stay in the queue, and would run if somebody cleared the error: they are taken out."""
        for some in chunks([number for number in ids if number in self._in_error]):
            reply = yield self._call("qdel", *some)
            if not isinstance(reply, Exited) or reply.code < 0:
                log.warning("gridengine: jobs in error are left in the queue: %s", why(reply, "qdel"))
        for number in ids:
            self.forget_number(number)

    def forget_number(self, number: str) -> None:
        """It is used again when numbers have wrapped."""
        for about in (self._keys, self._asked, self._lagging, self._registered, self._deleted, self._waits):
            about.pop(number, None)
        self._in_error.discard(number)

    def check(self) -> Steps[list[Finding]]:
        found = [findings.version((yield self._call("qstat", "-help")))]
        if not found[0].ok:
            return found
        found.append(findings.master((yield self._call("qstat", "-u", "$user", "-xml"))))
        found.append(findings.accounting((yield self._call("qacct", "-j", findings.NO_JOB))))
        if not found[1].ok:
            return found
        found.append(findings.environments((yield self._call("qconf", "-spl"))))
        for option, means in (("-sconf", findings.configured), ("-ssconf", findings.scheduling)):
            reply = yield self._call("qconf", option)
            if isinstance(reply, Exited) and reply.code == 0:
                found += means(reply.out)
        return found

    def _call(self, command: str, *argv: str) -> Call:
        params = self.runner_params
        said = {variable: str(params[name]) for name, variable in PARAMETERS.items() if params.get(name) is not None}
        program = f"{params['sge_bin']}/{command}" if params.get("sge_bin") else command
        if command == "qconf":
            said["SGE_SINGLE_LINE"] = "1"  # it wraps long lines
        return Call((program, *argv), env=said, keep=tuple(PARAMETERS.values()))


# -- qsub's command line ----------------------------------------------------------------------------------------------


def arguments(job: Submission) -> tuple[str, ...]:
    """What follows `qsub`: the administrator's options, then Abell's own, which files of defaults cannot change."""
    options = native.options(job.resources, job.params)
    own = {option.name for option in options}
    per_slot = _per_slot(job)
    return (
        "-terse",
        *("-b", "y", "-shell", "n", "-now", "n", "-sync", "n"),
        *(word for option in options for word in option.words),
        *(("-hard",) if native.is_soft(options) else ()),
        *native.requested(job.resources, options, job.params),
        *(() if own & {"wd", "cwd"} else ("-wd", job.directory)),
        *("-N", job_name(job), "-o", path_of(job.stdout), "-e", path_of(job.stderr), "-j", "n"),
        *("-r", "y" if job.requeue else "n"),
        *(() if per_slot is None else ("-v", f"{PER_SLOT}={per_slot}")),
        job.script,
    )


def _per_slot(job: Submission) -> int | None:
    memory, slots = job.resources.memory_mb, job.resources.slots or 1
    return None if memory is None else -(-memory // slots)


def asked(job: Submission) -> dict[str, str]:
    """Resource -> amount of all that it asks for by -l."""
    options = native.options(job.resources, job.params)
    words_ = native.requested(job.resources, options, job.params)
    own = words_[words_.index("-l") + 1] if "-l" in words_ else ""
    return {**resources(own), **native.hard(options)}


def chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many that one command can be given them."""
    for start in range(0, len(numbers), ARGUMENTS):
        yield numbers[start : start + ARGUMENTS]


def _unreadable(err: str) -> bool:
    """There is no accounting file here, or it is not for this user."""
    return re.search(r"(No such file or directory|Permission denied|can't open)", err) is not None
