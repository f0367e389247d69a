"""Slurm, by its own commands: sbatch(1), squeue(1), sacct(1), scancel(1), scontrol(1); 20.11 to 26.05.

runner       slurm_conf             path of the cluster's slurm.conf (else $SLURM_CONF, else Slurm's own default)
             workers                how many sbatch run at once (4)
             asks_per_minute        how many commands that only ask the cluster may get in a minute (12)
destination  native_specification   sbatch's options, which win over what a job asks for; `-M` names a cluster
             native_template        the same, with what the job asks for filled in: `native_template.py`
             requeue                true: Slurm may start a job again by itself (--requeue)

A job's name ends with its key, so that nobody's job is taken for another's: ids are used again when a cluster is new.
A job's id is Slurm's number, and `NUMBER.CLUSTER` where `-M` says the cluster.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from abell.backends import slurm_options, slurm_words
from abell.backends.contract import (
    Backend,
    BackendError,
    Call,
    Exited,
    Finding,
    Later,
    Steps,
    Submission,
    SubmitSteps,
)
from abell.backends.native_options import one_line
from abell.backends.slurm_endings import ended, is_complete, merged, same_ending, tells_little, was_refused
from abell.backends.slurm_listings import (
    FIELD,
    NO_ACCOUNTING,
    RECORD,
    SACCT,
    SILENT,
    SQUEUE,
    Booked,
    Queued,
    booked,
    exit_and_signal,
    host_name,
    number_of,
    queued,
    requested_bytes,
    seconds,
    seconds_raw,
    shown,
    size_bytes,
    wait_status,
)
from abell.backends.slurm_replies import all_gone, holds_up, native_id, submitted, succeeded, why
from abell.backends.slurm_script import days, job_name, key_of, pattern, quoted, quoted_if_needed
from abell.job import Cause, Resources, Sighting, State, Unknown, Usage

log = logging.getLogger(__name__)

# What of the server's environment the commands see. sbatch hands all that it sees on to the job (--export=ALL), and
# SBATCH_*, SLURM_*, SQUEUE_*, ... are options that win over the script's; a server inside a job has many of them.
KEEP = ("SLURM_CONF",)
CLUSTER = "ABELL_SLURM_CLUSTER"  # what `-M` says, for the job's own id; $SLURM_CLUSTER_NAME is always there
SUBMIT_S = 180.0  # sbatch tries again by itself 15 times, for 120 s in all (src/sbatch/sbatch.c)
ARGUMENTS = 100_000  # bytes of ids in one command; the kernel takes 128 KiB in one argument (execve(2))
PATIENCE_S = 10.0  # for which the accounting may lag behind the controller
CONFIRMED = 10  # jobs that squeue does not list, and of which scontrol is asked, one by one, in a poll
ACCOUNTING_S = 20.0  # a third of settle_s: the controller's own word must still count when the accounting hangs
DISABLED_S = 600.0  # how long it is remembered that a cluster has no accounting


class Slurm(Backend):
    """One instance speaks to the clusters of one slurm.conf."""

    name = "slurm"
    prefix = "#SBATCH"
    tools = ("sbatch", "squeue", "scancel", "scontrol", "sacct")
    own_id = f"${{SLURM_JOB_ID:-}}${{{CLUSTER}:+.${CLUSTER}}}"
    states: ClassVar[Mapping[str, State | Cause]] = slurm_words.STATES
    last_words: ClassVar[Mapping[str, Cause]] = slurm_words.LAST_WORDS
    poll_every_s = 5.0
    settle_s = 60.0
    record_s = 60.0
    at_once = 8
    asks_per_minute = 12.0
    says_cluster = ("slurm_conf",)
    requeues = True

    def __init__(
        self, runner_params: Mapping[str, Any] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(runner_params)
        self._clock = clock
        self._lagging: dict[str, float] = {}  # native id -> since when the accounting has not had the last word
        self._confirmed: dict[str, int] = {}  # native id -> how often scontrol was asked about it
        self._without_accounting: dict[str, float] = {}  # cluster -> until when that is believed
        self._users: dict[str, str] = {}  # uid -> name

    # -- what a job asks for ------------------------------------------------------------------------------------------

    @classmethod
    def check_destination(cls, params: Mapping[str, Any]) -> None:
        slurm_options.check(params)

    def effective(self, asked: Resources, params: Mapping[str, Any], environment: Mapping[str, str]) -> Resources:
        return slurm_options.given(slurm_options.options(asked, params), asked)

    def cluster(self, params: Mapping[str, Any]) -> str:
        try:
            return slurm_options.cluster(slurm_options.read(slurm_options.native(params)))
        except ValueError:  # `effective` says what is wrong
            return ""

    def overlap(self, workers: int) -> int:
        return workers

    def directives(self, submission: Submission) -> Iterator[tuple[str, object]]:
        asked, native = submission.resources, slurm_options.options(submission.resources, submission.params)

        def unless_native(directive: str, value: object) -> Iterator[tuple[str, object]]:
            if value is not None and not slurm_options.says(native, directive):
                yield f"--{directive}", value

        yield "--job-name", quoted(job_name(submission))
        yield "--output", quoted(pattern(submission.stdout))
        yield "--error", quoted(pattern(submission.stderr))
        yield from unless_native("chdir", quoted(submission.directory))  # else the server's, which no node may have
        if submission.requeue:
            yield "--requeue", ""
            yield "--open-mode", "append"  # a second run's messages follow the first one's
        else:
            yield "--no-requeue", ""
        yield from unless_native("nodes", 1)
        yield from unless_native("ntasks", 1)
        yield from unless_native("cpus-per-task", asked.slots)
        yield from unless_native("mem", None if asked.memory_mb is None else f"{asked.memory_mb}M")
        yield from unless_native("time", None if asked.walltime_s is None else days(asked.walltime_s))
        yield from unless_native("gres", f"gpu:{asked.gpus}" if asked.gpus else None)
        yield from unless_native("partition", None if asked.queue is None else quoted(asked.queue))
        yield from unless_native("account", None if asked.account is None else quoted(asked.account))
        if line := one_line([option for option in native if not slurm_options.is_cluster(option)], quoted_if_needed):
            yield line, ""

    # -- submit -------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission]) -> SubmitSteps:
        said_no: list[tuple[Submission, str, Later]] = []
        for job in submissions:
            cluster = self.cluster(job.params)
            if no := next((no for other, there, no in said_no if holds_up(no, other, there, job, cluster)), None):
                yield replace(no, key=job.key)  # the controller is not asked again at once
                continue
            call = self._call("sbatch", "--parsable", *_on(cluster), job.script)
            env = {**call.env, CLUSTER: cluster} if cluster else call.env
            learned = submitted(job.key, cluster, (yield replace(call, timeout_s=SUBMIT_S, env=env)))
            if isinstance(learned, Later):
                said_no.append((job, cluster, learned))
            yield learned

    # -- poll ---------------------------------------------------------------------------------------------------------

    def poll(self, ids: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        seen: dict[str, Sighting | Unknown] = {}
        failed: list[BackendError] = []
        for cluster, numbers in by_cluster(ids).items():
            try:
                seen |= yield from self._poll(cluster, numbers)
            except BackendError as error:  # of one cluster: the others' jobs are answered
                failed.append(error)
        if failed and not seen:
            raise failed[0]
        for trouble in failed:
            log.warning("slurm: %s", trouble)
        return seen

    def _poll(self, cluster: str, numbers: Sequence[str]) -> Steps[dict[str, Sighting | Unknown]]:
        """What the controller says; of what it has forgotten, and why a job was ended, the accounting knows more.

        That squeue does not list a job proves nothing: it leaves out those that are STOPPED (seen in 20.11), and
        its output may have been cut. So the controller has to deny the job by its number. Where it denied all that it
        was asked for, the accounting is believed of the many others that ended long ago.
        """
        rows = yield from self._squeue(cluster)
        missing = [number for number in numbers if number not in rows]
        denied = yield from self._denied(cluster, missing, rows)
        others = set(missing) - set(denied) if len(denied) == CONFIRMED else set()
        listed = {n: self._queued(native_id(n, cluster), rows[n]) for n in numbers if n in rows}
        unclear = [number for number, seen in listed.items() if tells_little(seen)]
        seen: dict[str, Sighting | Unknown] = {native_id(n, cluster): s for n, s in listed.items() if n not in unclear}
        if not denied and not unclear:
            return seen
        open_ = {*denied, *others, *unclear}
        book = yield from self._sacct(cluster, [number for number in numbers if number in open_])
        for number in unclear:
            native, it = native_id(number, cluster), listed[number]
            said = self._booked(native, book, number)
            same = said is not None and same_ending(it, said)
            it = merged(it, said) if said is not None and same else it
            if (
                (same and is_complete(it, number, book))
                or book is NO_ACCOUNTING
                or (book is SILENT and it.cause in (Cause.CANCELLED, Cause.MEMORY))  # only not by whom, or how much
                or self._waited(native)
            ):
                seen[native] = yield from self._with_user(it)
        for number in (*denied, *others):
            native = native_id(number, cluster)
            said = self._booked(native, book, number)
            if said is not None and said.over and (is_complete(said, number, book) or self._waited(native)):
                seen[native] = yield from self._with_user(said)
            elif number in others:
                continue  # its turn with the controller comes
            elif book is NO_ACCOUNTING or (book is not SILENT and self._waited(native)):
                seen[native] = Unknown(native, "Slurm has forgotten this job id")  # or was never told of the end
        return seen

    def _denied(self, cluster: str, numbers: Sequence[str], rows: dict[str, Queued]) -> Steps[list[str]]:
        """Those of these jobs that the controller denies by number; what it says of others goes to `rows`.

        So many in a poll, those first that were asked for least: the others have their turn in a later one.
        """
        denied = []
        waiting = sorted(numbers, key=lambda number: self._confirmed.get(native_id(number, cluster), 0))
        for number in waiting[:CONFIRMED]:
            native = native_id(number, cluster)
            self._confirmed[native] = self._confirmed.get(native, 0) + 1
            reply = yield self._call("scontrol", *_on(cluster), "show", "job", number)
            if isinstance(reply, Exited) and reply.code == 0:
                if (row := shown(reply.out)) is not None and row.number == number:
                    rows[number] = row
            elif isinstance(reply, Exited) and "Invalid job id specified" in reply.err:
                denied.append(number)
            else:
                log.warning("slurm: %s", why(reply, "scontrol show job"))
                break  # the next would fare no better, and each may take minutes
        return denied

    def _waited(self, native: str) -> bool:
        """Whether the accounting had its time to catch up about this job."""
        return self._clock() - self._lagging.setdefault(native, self._clock()) >= PATIENCE_S

    def _squeue(self, cluster: str) -> Steps[dict[str, Queued]]:
        """All jobs of the server's user that the controller remembers, by number. BackendError if it did not say."""
        format_ = ",".join(f"{name}:{FIELD}" for name in SQUEUE[:-1]) + f",{SQUEUE[-1]}:{RECORD}"
        reply = yield self._call("squeue", "--me", "--all", *_on(cluster), "--states=all", "--noheader", "-O", format_)
        return {row.number: row for row in queued(succeeded(reply, "squeue"))}

    def _sacct(self, cluster: str, numbers: Sequence[str]) -> Steps[Mapping[str, Booked]]:
        """The accounting's rows by job and step (`12`, `12.batch`); SILENT if it does not answer."""
        if self._without_accounting.get(cluster, 0.0) > self._clock():
            return NO_ACCOUNTING
        book: dict[str, Booked] = {}
        for some in chunks(numbers):
            call = self._call(
                "sacct", *_on(cluster), "--noheader", "--parsable2", f"--delimiter={FIELD}",
                f"--format={','.join(SACCT)}", f"--jobs={','.join(some)}",
            )  # fmt: skip
            reply = yield replace(call, timeout_s=ACCOUNTING_S)
            if isinstance(reply, Exited) and "accounting storage is disabled" in (reply.out + reply.err).lower():
                self._without_accounting[cluster] = self._clock() + DISABLED_S
                return NO_ACCOUNTING
            if not isinstance(reply, Exited) or reply.code:
                log.warning("slurm: the accounting does not answer: %s", why(reply, "sacct"))
                return SILENT
            try:
                book |= {row.number: row for row in booked(reply.out)}
            except BackendError as error:
                log.warning("slurm: the accounting does not answer: %s", error)
                return SILENT
        return book

    def _queued(self, native: str, row: Queued) -> Sighting:
        meaning = self.meaning(row.word) or State.RUNNING
        code, signal = wait_status(row.exit_code)
        reason = "" if row.reason in ("None", "(null)", "") else row.reason
        sighting = Sighting(
            native, row.word, key=key_of(row.name), host=host_name(row.host), restarts=number_of(row.restarts)
        )
        if isinstance(meaning, Cause):
            usage = Usage(elapsed_s=seconds(row.time_used))
            if meaning is Cause.CANCELLED and reason not in slurm_words.CANCELS:
                reason = ""  # it is why it was waiting
            return ended(replace(sighting, cause=meaning, reason=reason, usage=usage), code, signal)
        if (meaning is State.HELD or row.word == "PENDING") and (remedy := slurm_words.is_held(reason)):
            return replace(sighting, state=State.HELD, reason=f"{reason}: {remedy}")
        waits = slurm_words.WAITS.get(reason.partition(",")[0])
        return replace(sighting, state=meaning, reason=f"{reason}: {waits}" if waits else reason)

    def _booked(self, native: str, book: Mapping[str, Booked], number: str) -> Sighting | None:
        row = book.get(number)
        if row is None:
            return None
        steps = [step for name, step in book.items() if name.startswith(f"{number}.")]
        peak = max((size for step in (row, *steps) if (size := size_bytes(step.peak)) is not None), default=None)
        usage = Usage(seconds_raw(row.elapsed), seconds(row.cpu), peak)
        word, _, by = row.word.partition(" by ")
        meaning = self.meaning(word.rstrip("+")) or State.RUNNING
        sighting = Sighting(native, word.rstrip("+"), usage=usage, key=key_of(row.name), host=host_name(row.host))
        if isinstance(meaning, State):
            return replace(sighting, state=meaning)
        code, signal = exit_and_signal(row.exit_code)
        over = ended(replace(sighting, cause=meaning, reason=f"by uid {by}" if by else ""), code, signal)
        asked = requested_bytes(row.memory, row.processors)
        if over.cause is Cause.SIGNAL and signal == 9 and peak and asked and peak >= asked:
            return replace(over, cause=Cause.MEMORY, reason=f"killed at {peak >> 20} of {asked >> 20} MiB")
        return over

    def _with_user(self, sighting: Sighting) -> Steps[Sighting]:
        """With the name of who cancelled it: by a command, because a name service may hang."""
        by = sighting.reason.removeprefix("by uid ")
        if sighting.cause is not Cause.CANCELLED or by == sighting.reason or not by.isdecimal():
            return sighting
        if by not in self._users:
            reply = yield Call(("id", "-nu", by), timeout_s=10.0)
            self._users[by] = reply.out.strip() if isinstance(reply, Exited) and reply.code == 0 else f"uid {by}"
        return replace(sighting, reason=f"by {self._users[by]}")

    # -- cancel, find, forget, check ----------------------------------------------------------------------------------

    def cancel(self, ids: Sequence[str], by: str) -> Steps[None]:
        for cluster, numbers in by_cluster(ids).items():
            for some in chunks(numbers):
                reply = yield self._call("scancel", *_on(cluster), *some)
                if not (isinstance(reply, Exited) and (reply.code == 0 or all_gone(reply.err))):
                    raise BackendError(why(reply, "scancel"))

    def find(self, keys: Sequence[str]) -> Steps[dict[str, str]]:
        wanted = set(keys)
        queue = yield from self._squeue(self.here)
        return {
            key: native_id(number, self.here)
            for number, row in queue.items()
            if (key := key_of(row.name)) in wanted and not was_refused(row)
        }

    def forget(self, ids: Sequence[str]) -> Steps[None]:
        for native in ids:
            self._lagging.pop(native, None)
            self._confirmed.pop(native, None)
        return
        yield

    def check(self) -> Steps[list[Finding]]:
        version = yield self._call("sbatch", "--version")
        if not isinstance(version, Exited) or version.code:
            return [
                Finding(False, why(version, "sbatch"), "install Slurm's commands and slurm.conf, or set slurm_conf")
            ]
        findings = [Finding(True, version.out.strip())]
        ping = yield self._call("scontrol", *_on(self.here), "ping")
        up = isinstance(ping, Exited) and bool(re.search(r"\bis UP\b", ping.out))
        text = ping.out if isinstance(ping, Exited) and ping.out.strip() else why(ping, "scontrol")
        says = [line.strip() for line in text.splitlines() if "*" not in line and line.strip()]
        remedy = f"start slurmctld, or correct {f'-M {self.here}' if self.here else 'slurm.conf'}"
        findings.append(Finding(up, "; ".join(says), "" if up else remedy))
        if not up:
            return findings  # it would be waited for once more, and could not tell how it is set up
        shown = yield self._call("scontrol", *_on(self.here), "show", "config")
        if isinstance(shown, Exited) and shown.code == 0:
            findings += configured(shown.out)
        return findings

    def _call(self, *argv: str) -> Call:
        conf = self.runner_params.get("slurm_conf")
        return Call(argv, env={"SLURM_CONF": str(conf)} if conf else {}, keep=KEEP)


# -- ids and commands -------------------------------------------------------------------------------------------------


def by_cluster(ids: Iterable[str]) -> dict[str, list[str]]:
    """Cluster -> the job numbers there, of ids such as `12` and `12.cluster`."""
    found: dict[str, list[str]] = {}
    for native in ids:
        number, _, cluster = native.partition(".")
        found.setdefault(cluster, []).append(number)
    return found


def chunks(numbers: Sequence[str]) -> Iterator[list[str]]:
    """So many that one command can be given them."""
    some: list[str] = []
    size = 0
    for number in numbers:
        if some and size + len(number) + 1 > ARGUMENTS:
            yield some
            some, size = [], 0
        some.append(number)
        size += len(number) + 1
    if some:
        yield some


def _on(cluster: str) -> tuple[str, ...]:
    return ("-M", cluster) if cluster else ()


# -- check ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Config:
    text: str

    def value(self, name: str) -> str:
        found = re.search(rf"^{name}\s*=\s*(.*?)\s*$", self.text, re.MULTILINE)
        return found[1] if found else ""


def configured(text: str) -> Iterator[Finding]:
    """What `scontrol show config` means for Abell."""
    config = _Config(text)
    storage = config.value("AccountingStorageType").replace("(null)", "")  # 24.11
    if "slurmdbd" in storage:
        yield Finding(True, "accounting is on: who cancelled a job, and how much memory it took, can be told")
    else:
        yield Finding(
            True,
            f"accounting is off ({storage or 'AccountingStorageType is not set'}): a job that slurmctld has forgotten "
            "(MinJobAge), and who cancelled a job, cannot be asked for",
            "use slurmdbd if you want to know",
        )
    age = re.match(r"\d+", config.value("MinJobAge"))
    if age and int(age[0]) < 30:
        yield Finding(
            "slurmdbd" in storage,
            f"slurmctld forgets ended jobs after {age[0]} s (MinJobAge)",
            "set MinJobAge to 300 in slurm.conf, so that the endings of jobs can be asked for",
        )
