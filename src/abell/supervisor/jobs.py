"""The jobs of one root: taken, queued, started, watched, ended. No sockets here."""

from __future__ import annotations

import errno
import heapq
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence

from abell import faults, machine
from abell.supervisor import facts, tree
from abell.supervisor.cgroup import MIB, Group, Parent
from abell.supervisor.entry import Entry, Report
from abell.supervisor.journal import Fact, Journal
from abell.supervisor.pool import Pool, cores_of
from abell.supervisor.spawn import PASSING, spawn, why_not
from abell.supervisor.spec import Spec, parse
from abell.supervisor.strays import Strays

RETRY_S = 1.0  # a full disk, a full process table
BUSY_S = 0.05  # a script that some process, just forked, still holds open for writing
MEMORY_POLL_S = 0.5  # only for jobs with a limit and no control group
ADOPTED_LOOK_S = 0.5  # for jobs that another supervisor has started: they are not our children
LEFTOVER_GRACE_S = 1.0  # for what outlives its job's main process
SWEEP_S = 0.25
GIVE_UP_S = 30.0  # for a process that even KILL does not end: another user's, or stuck in the kernel

Say = Callable[[str], None]


class Jobs:
    """Every job from `start` to `forget`. `tell` is given a report at each change, after the journal has it."""

    def __init__(
        self,
        journal: Journal,
        parent: Parent | None,
        mark: str,
        tell: Callable[[Report], None],
        say: Say,
    ) -> None:
        """`mark` begins the names of this root's control groups; `say` logs a line."""
        self._journal = journal
        self._parent = parent
        self._mark = mark
        self._tell = tell
        self._say = say
        self._live: dict[str, Entry] = {}  # by key: queued, running, closing
        self._over: dict[str, Report] = {}  # by key, until forgotten
        self._pools: dict[str, Pool] = {}
        self._mains: dict[int, Entry] = {}  # by process id: our children
        self._closing: dict[str, Entry] = {}
        self._strays = Strays()
        self._timers: list[tuple[float, int, Callable[[Entry], None], Entry]] = []
        self._timer_count = 0
        self._untold: list[Report] = []
        self._stuck = ""  # why the journal cannot be written
        self._retry_at = 0.0
        self._origin = f"{machine.host()}:{machine.boot_id()[:8]}"

    # What a client may ask.

    def start(self, specs: Sequence[Spec]) -> dict[str, dict[str, str]]:
        """key -> {"id"}, {"refused": why} or {"later": why}. A key that is known is not started again."""
        answers: dict[str, dict[str, str]] = {}
        taken: dict[str, Entry] = {}
        for spec in specs:
            known = self._id_of(spec.key)
            if known or spec.key in taken:
                answers[spec.key] = {"id": known or taken[spec.key].id}
            elif refusal := self._pool(spec).refusal(spec):
                answers[spec.key] = {"refused": refusal}
            else:
                taken[spec.key] = Entry(spec, f"{self._origin}:{spec.key}")
                self._journal.note(facts.queued(taken[spec.key]))
        why = self._commit() if taken else ""
        if why:
            self._journal.take_back(len(taken))
            return answers | {key: {"later": why} for key in taken}
        faults.point("supervisor.journaled")
        for key, entry in taken.items():
            self._live[key] = entry
            self._pool(entry.spec).put(entry.spec)
            answers[key] = {"id": entry.id}
        return answers

    def status(self, native_id: str) -> Report:
        """What is known of this id; word `unknown` if nothing is."""
        key = native_id.rpartition(":")[2]
        entry, report = self._live.get(key), self._over.get(key)
        if entry is not None and entry.id == native_id:
            return entry.report()
        if report is not None and report["id"] == native_id:
            return report
        told: Report = {"id": native_id, "key": key, "word": "unknown", "reason": "no such job"}
        host, _, boot = native_id.rpartition(":")[0].rpartition(":")
        if host and f"{host}:{boot}" != self._origin:
            told.update(word="node", reason=_elsewhere(host))
        return told

    def find(self, keys: Iterable[str]) -> dict[str, str]:
        """key -> id of those that are known, over or not."""
        return {key: known for key in keys if (known := self._id_of(key))}

    def cancel(self, native_id: str, by: str) -> None:
        """End it, if it is not over. One that waits never starts."""
        entry = self._live.get(native_id.rpartition(":")[2])
        if entry is None or entry.id != native_id or entry.state == "closing":
            return
        self._stop(entry, "cancelled", f"by {by}" if by else "")

    def forget(self, ids: Iterable[str]) -> None:
        """Drop what is known of these, as far as they are over."""
        keys = [key for i in ids if (key := i.rpartition(":")[2]) in self._over and self._over[key]["id"] == i]
        for key in keys:
            del self._over[key]
        if keys:
            self._journal.note({"fact": "forgotten", "keys": keys})

    @property
    def alive(self) -> int:
        """How many are not over."""
        return len(self._live)

    # What the loop drives.

    def patience(self) -> float | None:
        """Seconds until something is due by itself; None: nothing is."""
        due = [self._timers[0][0]] if self._timers else []
        due += [pool.paused_until for pool in self._pools.values() if pool.queue and pool.paused_until]
        if self._journal.owes:
            due.append(self._retry_at)
        return max(0.0, min(due) - machine.uptime()) if due else None

    def turn(self, woken: bool) -> None:
        """Do all that can be done now. `woken`: a child has changed its state."""
        if woken:
            self._reap()
        self._expire()
        if self._closing:
            self._settle()
        self._fill()
        self._publish()

    def recover(self) -> None:
        """Take over what an earlier supervisor of this root has left, then begin a journal of our own."""
        boot, host = "", ""
        for fact in self._journal.facts():
            if fact.get("fact") == "boot":
                boot, host = str(fact.get("boot")), str(fact.get("host"))
                continue
            try:
                self._replay(fact)
            except (KeyError, TypeError, ValueError) as error:
                self._say(f"a line of the journal is damaged and left out: {error!r}: {str(fact)[:200]}")
        same = (host, boot) == (machine.host(), machine.boot_id())
        holders = tree.main_processes() if same and self._live else {}
        try:
            for entry in list(self._live.values()):
                if same:
                    self._adopt(entry, holders)
                elif entry.pid:
                    entry.cause, entry.reason, entry.start = "node", _elsewhere(host), 0
                    self._pool(entry.spec).hold(entry.spec)
                    self._finish(entry)
                else:
                    self._pool(entry.spec).put(entry.spec)
            self._journal.rewrite(self._facts())
        except OSError as error:
            self._say(f"the journal cannot be written anew: {error}")
            self._journal.reopen()
            self._journal.note(facts.boot())  # what follows in the old file is of this boot
        if self._parent is not None:
            used = {entry.group.path for entry in self._live.values() if entry.group}
            for group in self._parent.groups(self._mark):
                if group.path not in used:
                    group.remove()

    # Starting.

    def _fill(self) -> None:
        if self._journal.owes and self._commit():
            return  # nothing starts that could not be remembered
        now = machine.uptime()
        for pool in self._pools.values():
            while (spec := pool.take(now)) is not None:
                entry = self._live[spec.key]
                try:
                    self._begin(entry)
                except OSError as error:
                    before, entry.trouble = entry.trouble, f"it cannot be started: {why_not(spec, error)}"
                    if error.errno in PASSING:
                        if entry.trouble != before and error.errno != errno.ETXTBSY:
                            self._untold.append(entry.report())
                        pool.put_back(spec, now + (BUSY_S if error.errno == errno.ETXTBSY else RETRY_S))
                    else:
                        entry.cause, entry.reason = "rejected", entry.trouble
                        self._finish(entry)

    def _begin(self, entry: Entry) -> None:
        spec = entry.spec
        entry.group = self._group(entry)
        try:
            entry.pid = spawn(spec, entry.id, entry.group)
        except OSError:
            if entry.group is not None:
                entry.group.remove()
            raise
        faults.point("supervisor.spawned")
        process = machine.look(entry.pid)
        assert process is not None
        entry.start, entry.state, entry.trouble = process.start, "running", ""
        self._mains[entry.pid] = entry
        self._journal.note(facts.started(entry))
        self._commit()  # at once: until then, only its environment tells a successor that it has begun
        self._watch_limits(entry)
        self._untold.append(entry.report())

    def _group(self, entry: Entry) -> Group | None:
        if entry.spec.memory_mb is None or self._parent is None:
            return None
        try:
            return self._parent.make(f"{self._mark}{entry.key}", entry.spec.memory_mb)
        except OSError as error:
            self._say(f"{entry.id}: no control group, its memory is watched instead: {error}")
            return None

    def _watch_limits(self, entry: Entry) -> None:
        if entry.spec.walltime_s is not None:
            self._at(entry.began + entry.spec.walltime_s, self._walltime_over, entry)
        if entry.spec.memory_mb is not None and entry.group is None:
            self._at(machine.uptime() + MEMORY_POLL_S, self._measure, entry)

    # Watching.

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            faults.point("supervisor.reaped")
            entry = self._mains.pop(pid, None)
            if entry is not None:
                entry.status = status
                self._close(entry)
            else:
                key = self._strays.reaped(pid)
                entry = self._live.get(key) if key else None
            if entry is not None:
                entry.cpu_s = (entry.cpu_s or 0.0) + usage.ru_utime + usage.ru_stime
                # A child starts with our own peak (posix_spawn shares our memory until exec): no more than that says
                # nothing about the job.
                peak_bytes = usage.ru_maxrss * 1024
                if peak_bytes > machine.own_peak_bytes():
                    entry.peak_bytes = max(entry.peak_bytes or 0, peak_bytes)

    def _close(self, entry: Entry) -> None:
        """Its main process is over."""
        entry.state, entry.ended = "closing", machine.uptime()
        self._closing[entry.key] = entry

    def _look_after(self, entry: Entry) -> None:
        """See whether the main process of an adopted job is over. Its parent, which is not we, learns how it ended."""
        if machine.is_running(entry.pid, entry.start):
            self._at(machine.uptime() + ADOPTED_LOOK_S, self._look_after, entry)
        elif entry.state == "running":
            self._close(entry)

    def _measure(self, entry: Entry) -> None:
        limit = (entry.spec.memory_mb or 0) * MIB
        used = tree.memory(self._processes(entry).values(), limit)
        if used > limit:
            self._stop(entry, "memory", f"{-(-used // MIB)} MiB used of {entry.spec.memory_mb}")
        else:
            self._at(machine.uptime() + MEMORY_POLL_S, self._measure, entry)

    def _walltime_over(self, entry: Entry) -> None:
        if entry.state == "running":
            self._stop(entry, "walltime", f"{entry.spec.walltime_s} s")

    # Ending.

    def _stop(self, entry: Entry, cause: str, reason: str) -> None:
        """End a job that is not over: TERM and later KILL, but KILL at once for one that eats the memory of others."""
        if entry.cause:
            return
        entry.cause, entry.reason = cause, reason
        if entry.state == "queued":
            self._pool(entry.spec).queue.remove(entry.spec)
            self._pool(entry.spec).hold(entry.spec)
            self._finish(entry)
            return
        self._journal.note(facts.stopping(entry))
        self._commit()
        self._untold.append(entry.report())
        if cause == "memory":
            self._force(entry)
        else:
            tree.send(self._processes(entry).values(), signal.SIGTERM)
            self._at(machine.uptime() + entry.spec.kill_grace_s, self._force, entry)

    def _force(self, entry: Entry) -> None:
        """KILL, again and again: who forks faster than it is listed loses in the end, as the forking ones die first."""
        if not entry.forced:
            entry.forced = machine.uptime()
            self._sweep(entry)

    def _sweep(self, entry: Entry) -> None:
        tree.send(self._processes(entry).values(), signal.SIGKILL)
        self._at(machine.uptime() + SWEEP_S, self._sweep, entry)

    def _settle(self) -> None:
        """End what has outlived its job's main process; a job is over when nothing of it is left."""
        for entry in list(self._closing.values()):
            left = self._processes(entry)
            if not left and not self._strays_of(entry):
                if not entry.adopted or self._still_clear(entry):
                    self._finish(entry)
                continue
            entry.clear_since = 0.0
            if entry.forced and machine.uptime() - entry.forced > GIVE_UP_S:
                entry.reason = f"{entry.reason} (not even KILL ends processes {sorted(left)})".strip()
                self._finish(entry)
            elif entry.forced:
                tree.send(left.values(), signal.SIGKILL)
            elif left and not entry.swept:
                entry.swept = len(left)
                tree.send(left.values(), signal.SIGTERM)
                self._at(machine.uptime() + min(entry.spec.kill_grace_s, LEFTOVER_GRACE_S), self._force, entry)

    def _still_clear(self, entry: Entry) -> bool:
        """Whether nothing of it was found for a while. One look at all processes is not enough for those that are not

        our descendants: one that forks or executes just then is easily missed.
        """
        now = machine.uptime()
        if not entry.clear_since:
            entry.clear_since = now
            self._at(now + SWEEP_S, _wake, entry)
        return now - entry.clear_since >= SWEEP_S

    def _finish(self, entry: Entry) -> None:
        entry.state, entry.ended = "over", entry.ended or machine.uptime()
        self._closing.pop(entry.key, None)
        if entry.group is not None:
            entry.peak_bytes = entry.group.peak_bytes() or entry.peak_bytes
            if not entry.cause and entry.group.oom_kills():
                entry.cause, entry.reason = "memory", f"{entry.spec.memory_mb} MiB"
            entry.group.remove()
        self._strays.job_over(entry.key)
        self._pool(entry.spec).release(entry.spec)
        del self._live[entry.key]
        report = self._over[entry.key] = entry.report()
        self._journal.note({"fact": "ended", **report})
        self._untold.append(report)

    # Whose processes.

    def _processes(self, entry: Entry) -> dict[int, machine.Process]:
        """All that run for this job now."""
        roots = [entry.pid] if entry.state == "running" else []
        if entry.adopted:
            roots += [
                p.pid
                for p in tree.everything()
                if (entry.start and p.session == entry.pid) or tree.native_id(p.pid) == entry.id
            ]
        else:
            self._refresh_strays()
            roots += self._strays_of(entry)
        if entry.group is not None:
            roots += entry.group.processes()
        return tree.with_descendants(roots)

    def _strays_of(self, entry: Entry) -> list[int]:
        """Also those that are dead and not yet reaped: what they forked last may have come to us since we looked."""
        return self._strays.of(entry.key, self._closing if entry.state == "closing" else ())

    def _refresh_strays(self) -> None:
        here = [*self._mains.values(), *(e for e in self._closing.values() if not e.adopted)]
        self._strays.refresh(self._mains, {e.pid: e.key for e in here}, {e.id: e.key for e in here})

    # Coming back.

    def _replay(self, fact: Fact) -> None:
        """Take one line of the journal to heart. Raises KeyError, TypeError or ValueError for a damaged one."""
        kind, key = fact["fact"], str(fact.get("key"))
        entry = self._live.get(key)
        if kind == "queued":
            self._live[key] = Entry(parse(fact["spec"]), str(fact["id"]))
        elif kind == "started" and entry is not None:
            entry.pid, entry.start = int(fact["pid"]), int(fact["start"])
            entry.group = Group(str(fact["group"]), int(fact["version"])) if "group" in fact else None
        elif kind == "stopping" and entry is not None:
            entry.cause, entry.reason = str(fact["cause"]), str(fact["reason"])
        elif kind == "ended":
            report = {name: value for name, value in fact.items() if name != "fact"}
            self._over[key] = {**report, "id": str(fact["id"]), "word": str(fact["word"])}
            self._live.pop(key, None)
        elif kind == "forgotten":
            for each in fact["keys"]:
                self._over.pop(each, None)

    def _adopt(self, entry: Entry, holders: dict[str, machine.Process]) -> None:
        """Go on with a job of this boot: one that has begun is watched from outside, one that has not is queued."""
        pool = self._pool(entry.spec)
        holder = holders.get(entry.id)
        if not entry.pid and holder is not None:  # it was started, and the journal was not told any more
            entry.pid, entry.start = holder.pid, holder.start if holder.session == holder.pid else 0
        if not entry.pid:
            pool.put(entry.spec)
            return
        entry.state, entry.adopted = "running", True
        pool.workers, pool.cores = entry.spec.workers, cores_of(entry.spec)
        pool.hold(entry.spec)
        if not machine.is_running(entry.pid, entry.start):
            entry.start = 0  # nobody knows when it ended
            self._close(entry)
            return
        self._look_after(entry)
        self._watch_limits(entry)
        if entry.cause:
            self._at(machine.uptime() + entry.spec.kill_grace_s, self._force, entry)

    def _facts(self) -> Iterator[Fact]:
        """All that a successor has to know."""
        yield facts.boot()
        for report in self._over.values():
            yield {"fact": "ended", **report}
        for entry in self._live.values():
            yield facts.queued(entry)
            if entry.pid:
                yield facts.started(entry)
            if entry.cause:
                yield facts.stopping(entry)

    # Small parts.

    def _pool(self, spec: Spec) -> Pool:
        return self._pools.setdefault(spec.pool, Pool())

    def _id_of(self, key: str) -> str:
        if key in self._live:
            return self._live[key].id
        return str(self._over[key]["id"]) if key in self._over else ""

    def _at(self, when: float, action: Callable[[Entry], None], entry: Entry) -> None:
        if len(self._timers) > 4 * len(self._live) + 64:  # mostly of jobs that ended long before their walltime
            self._timers = [timer for timer in self._timers if timer[3].state != "over"]
            heapq.heapify(self._timers)
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, action, entry))

    def _expire(self) -> None:
        now = machine.uptime()
        while self._timers and self._timers[0][0] <= now:
            _, _, action, entry = heapq.heappop(self._timers)
            if entry.state != "over":
                action(entry)

    def _publish(self) -> None:
        self._commit()
        for report in self._untold:
            self._tell(report)
        self._untold.clear()
        if self._journal.wants_rewriting and not self._journal.owes:
            try:
                self._journal.rewrite(self._facts())
            except OSError as error:
                self._say(f"the journal cannot be written anew: {error}")

    def _commit(self) -> str:
        """Empty, or why the journal cannot be written now."""
        why = self._journal.commit()
        if why and not self._stuck:
            self._say(f"nothing starts until the journal can be written: {why}")
        self._stuck = why
        if why:
            self._retry_at = machine.uptime() + RETRY_S
        return why


def _wake(_entry: Entry) -> None:
    """That time has come is enough: the loop looks at everything that is closing."""


def _elsewhere(host: str) -> str:
    return (
        "the machine restarted" if host == machine.host() else f"it was given to {host}, and this is {machine.host()}"
    )
