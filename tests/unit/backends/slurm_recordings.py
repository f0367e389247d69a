"""What the Slurm back end makes of the recordings in tests/recorded/slurm, in one line of text each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from abell.backends import slurm_words
from abell.backends.contract import BackendError, Bound, Later, Learned, Reply, Want
from abell.backends.slurm import PATIENCE_S, Slurm
from abell.backends.slurm_replies import submitted
from abell.job import Sighting, Unknown
from tests.recorded.slurm.commands import commands, submission
from tests.recorded.tape import Recorded, Recording, play, play_submit, recordings

FOLDER = Path(__file__).parents[2] / "recorded" / "slurm"
COMMANDS = commands()
VERSIONS = ("20.11", "22.05", "24.11", "26.05")
NOBODYS = "999999"  # an id that no job ever had

Key = tuple[str, str]  # case, moment
Word = Sighting | Unknown
Told = dict[Key, str]


def all_of(version: str) -> list[Recording]:
    return [recording for recording in recordings(FOLDER) if recording.version.startswith(version)]


def ids_at(recording: Recording, when: str, user: str) -> list[str]:
    """The jobs about which the back end may be asked at that moment: all that it may say then was recorded."""
    calls = recording.at(when, user)
    if not any(call.argv == tuple(COMMANDS["queue"]) for call in calls):
        return []
    shown = [call.argv for call in calls if call.argv[:-1] == ("scontrol", "show", "job")]
    return list(dict.fromkeys(argv[-1] for argv in shown))


def asked(recording: Recording) -> Iterator[tuple[str, str, list[str]]]:
    for when, user in recording.moments():
        if ids := ids_at(recording, when, user):
            yield when, user, ids


class Clock:
    """Seconds; only the test lets them pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


POLLS = 3  # in the last of so many the accounting has had its time


def polls(ids: Sequence[str], answer: Callable[[Want], Reply], times: int = POLLS) -> list[dict[str, Word]]:
    """So many polls one after the other, each with the same answers."""
    clock = Clock()
    backend = Slurm(clock=clock)
    heard = []
    for _ in range(times):
        heard.append(play(backend.poll(ids), answer))
        clock.now += PATIENCE_S / (POLLS - 1)
    return heard


def sightings(recording: Recording) -> Told:
    told = {}
    for when, user, ids in asked(recording):
        try:
            heard = polls(ids, recording.tape(when, user).answer)
            text = " | ".join(first(job, heard) for job in ids)
        except BackendError as error:
            text = f"BackendError: {without_ids(last_clause(str(error)), ids)}"
        told[recording.case, when] = text
    return told


def first(job: str, heard: list[dict[str, Word]]) -> str:
    """The first word of this job, and after how many polls, if it was not the first."""
    found = next(((number, said[job]) for number, said in enumerate(heard, start=1) if job in said), None)
    if found is None:
        return "nothing"
    return told_by(found[1]) + (f", in poll {found[0]}" if found[0] > 1 else "")


def told_by(word: Word) -> str:
    """`WORD: what it means (why)`, without the remedy."""
    if isinstance(word, Unknown):
        return "unknown"
    what = str(word.state or word.cause)
    what += f" {word.exit_code}" if word.exit_code is not None else ""
    what += f" by {word.signal}" if word.signal is not None else ""
    reason = word.reason.partition(":")[0]
    return f"{word.word}: {what}{f' ({reason})' if reason else ''}{f', run {word.restarts}' if word.restarts else ''}"


def without_ids(text: str, ids: list[str]) -> str:
    return re.sub(rf"\b({'|'.join(set(ids) - {NOBODYS}) or NOBODYS})\b", "ID", text)


def last_clause(text: str) -> str:
    return text.rpartition("; ")[2]


def submissions(recording: Recording) -> Told:
    """Each sbatch that has not got its job, and those of which the printed id is not what was bound."""
    told = {}
    for call in recording.calls:
        if call.argv[0] != "sbatch" or "--version" in call.argv:
            continue
        learned = replayed(recording, call)
        when = f"{call.when}, -M" if "--wrap=true" in call.argv and "-M" in call.argv else call.when
        if not isinstance(learned, Bound):
            told[recording.case, when] = outcome_text(learned)
        elif learned.native_id.partition(".")[0] != re.split(r"[;\n]", call.stdout)[0]:
            told[recording.case, when] = f"Bound to {learned.native_id}"
    return told


def replayed(recording: Recording, call: Recorded) -> Learned:
    """By the back end, if the command was its own; else only the reply is read."""
    *options, script = call.argv[1:]
    named = options[2] if options[1:2] == ["-M"] else ""
    if len(options) != (3 if named else 1):
        return submitted("KEY", "", call.reply(180.0))
    job = submission(f"-M {named}" if named else "", script=script)
    [learned] = play_submit(Slurm().submit([job]), recording.tape(call.when, call.user).answer)
    return learned


def outcome_text(learned: Learned) -> str:
    assert not isinstance(learned, Bound)
    kind = type(learned).__name__ + (f" ({learned.holds_up})" if isinstance(learned, Later) else "")
    return f"{kind}: {learned.reason}"


def cancellations(recording: Recording) -> Told:
    """Each scancel that the back end may have run, and how it ended."""
    told = {}
    for call in recording.calls:
        if call.argv[0] != "scancel" or any(word.startswith("--") for word in call.argv):
            continue
        on = f".{call.argv[2]}" if call.argv[1] == "-M" else ""
        ids = list(call.argv[3 if on else 1 :])
        try:
            play(Slurm().cancel([job + on for job in ids], "maria"), recording.tape(call.when, call.user).answer)
            told[recording.case, call.when] = "done"
        except BackendError as error:
            told[recording.case, call.when] = without_ids(last_clause(str(error)), ids)
    return told


def keys(recording: Recording) -> list[str]:
    """Of its jobs, in the order of submission."""
    return re.findall(r'^#SBATCH --job-name ".*\.(a[a-z2-7]{13})"$', "\n".join(recording.scripts.values()), re.M)


FINDING = ("finding", "finding_bare", "impossible", "impossible_bare", "controller_frozen", "stopped", "purged")


def found(recording: Recording) -> Told:
    """Which of the case's submissions are found: numbers from 0. Only in the cases that are about finding."""
    if recording.case not in FINDING:
        return {}
    own = keys(recording)
    told = {}
    for when, user in recording.moments():
        if any(call.argv == tuple(COMMANDS["queue"]) for call in recording.at(when, user)):
            try:
                ids = play(Slurm().find(own), recording.tape(when, user).answer)
                told[recording.case, when] = " ".join(str(own.index(key)) for key in sorted(ids, key=own.index))
            except BackendError:
                told[recording.case, when] = "BackendError"
    return told


def last_words(recording: Recording) -> Told:
    """The causes in a job's own stderr, and in no other words of Slurm's; jobs by number of output."""
    told = {}
    for number, text in enumerate(recording.batch_stderr.values()):
        causes = {c for line in text.splitlines() for w, c in slurm_words.LAST_WORDS.items() if re.search(w, line)}
        told[recording.case, str(number)] = " ".join(sorted(causes))
    return {key: causes for key, causes in told.items() if causes}


def checks(recording: Recording) -> Told:
    told = {}
    for when, user in recording.moments():
        if any(call.argv == tuple(COMMANDS["version"]) for call in recording.at(when, user)):
            findings = play(Slurm().check(), recording.tape(when, user).answer)
            texts = [it.text.replace(recording.version, "VERSION") for it in findings]
            told[recording.case, when] = " | ".join(
                f"{'' if it.ok else 'not '}ok: {text.partition(':')[0]}"
                for it, text in zip(findings, texts, strict=True)
            )
    return told


TABLES: dict[str, Callable[[Recording], Told]] = {
    "SIGHTINGS": sightings,
    "SUBMISSIONS": submissions,
    "CANCELLATIONS": cancellations,
    "FOUND": found,
    "LAST_WORDS": last_words,
    "CHECKS": checks,
}


def table(told_by_recording: Callable[[Recording], Told]) -> dict[Key, str | dict[str, str]]:
    """One text where all versions that have the case say the same, else a text for some versions."""
    by_version = {version: {} for version in VERSIONS}  # type: dict[str, Told]
    for version in VERSIONS:
        for recording in all_of(version):
            by_version[version] |= told_by_recording(recording)
    rows: dict[Key, str | dict[str, str]] = {}
    for key in dict.fromkeys(key for told in by_version.values() for key in told):
        texts: dict[str, list[str]] = {}
        for version in VERSIONS:
            if key in by_version[version]:
                texts.setdefault(by_version[version][key], []).append(version)
        same = len(texts) == 1 and len(next(iter(texts.values()))) == len(VERSIONS)
        rows[key] = next(iter(texts)) if same else {" ".join(versions): text for text, versions in texts.items()}
    return rows


if __name__ == "__main__":  # what they say now; to be judged before it is what is expected
    for name, tell in TABLES.items():
        print(f"{name}: Table = {table(tell)!r}\n")
