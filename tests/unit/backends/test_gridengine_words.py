"""Grid Engine's words: each state, `failed` code and refusal, and replies of its commands."""

from __future__ import annotations

from typing import Any

import pytest

from abell.backends.contract import BackendError, Bound, Doubt, Exited, Later, Refused, TimedOut, Unreachable
from abell.backends.gridengine_accounting import not_found, records, requests
from abell.backends.gridengine_endings import Given, ended, kind, last, lives_again, queue_limits
from abell.backends.gridengine_listings import denied, explained, listed, why_it_waits
from abell.backends.gridengine_replies import deletions, submitted
from abell.backends.gridengine_told import told
from abell.backends.gridengine_words import FAILED, STATES, enforced, meaning
from abell.job import Cause, State

KEY = "a" + "b" * 13


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("qw Rq Rqw t Rt dt", State.QUEUED),
        ("hqw hRwq hRq hRqw", State.HELD),
        ("r hr Rr dr dRr z", State.RUNNING),
        ("s ts S tS T tT Rs Rts RS RtS RT RtT ds dS dT dRs N P", State.SUSPENDED),
        ("Eqw Ehqw EhRqw", Cause.REJECTED),
        ("xyz d R", None),
    ],
)
def test_states(words: str, expected: State | Cause | None) -> None:
    assert {meaning(word) for word in words.split()} == {expected}
    assert meaning("") is None


def test_every_word_of_the_manual_has_a_meaning() -> None:
    assert len(STATES) == 44
    assert {code for code, what in FAILED.items() if what == "lives"} == {24, 25}


# -- the listing ------------------------------------------------------------------------------------------------------

ROW = (
    "<job_list><JB_job_number>{}</JB_job_number><JB_name>{}</JB_name>"
    "<state>{}</state><queue_name>{}</queue_name></job_list>"
)


def listing(*rows: str) -> str:
    return f"<?xml version='1.0'?>\n<job_info  xmlns:xsd=\"http://x\"><queue_info>{''.join(rows)}</queue_info></job_info>\n"


def test_a_listing() -> None:
    [one, two] = listed(listing(ROW.format(7, "a%lt;b&amp;c", "r", "all.q@n1"), ROW.format(8, "\x01é", "hqw", "")))
    assert (one.number, one.word, one.name, one.host) == ("7", "r", "a%lt;b&c", "n1")
    assert (two.word, two.host) == ("hqw", "") and two.name.endswith("é")
    assert list(listed(listing())) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "error: commlib error",
        listing(ROW.format(7, "x", "r", ""))[:-30],
        listing(ROW.format("x", "x", "r", "")),
        listing("<job_list><JB_job_number>7</JB_job_number></job_list>"),
        "<unknown_jobs><ST_name>5</ST_name></unknown_jobs>",
        '<!DOCTYPE job_info [<!ENTITY a SYSTEM "file:///etc/hostname">]><job_info><job_list>'
        "<JB_job_number>1</JB_job_number><state>&a;</state></job_list></job_info>",
    ],
)
def test_what_is_no_whole_listing(text: str) -> None:
    with pytest.raises(BackendError):
        list(listed(text))


EXPLAINED = """\
==============================================================
job_number:                 21
job_name:                   x.{key}
error reason          1:      11/22/2026 22:31:48 [0:21701]: error: can't chdir to /nonexistent: No such file
scheduling info:            queue instance "off.q@vm" dropped because it is disabled
                            (-l never=1) cannot run at host "vm" because it offers only hc:never=0.000000
==============================================================
job_number:                 22
jid_predecessor_list (req): 19
jid_predecessor_list:       19
"""


def test_explanations() -> None:
    said = explained(EXPLAINED.format(key=KEY))
    assert said["21"].errors == ("can't chdir to /nonexistent: No such file",)
    assert why_it_waits(said["21"].waits).startswith("(-l never=1) cannot run at host")
    assert said["22"].after == "19" and said["22"].waits == ()
    assert why_it_waits(said["21"].waits[:1]) == 'queue instance "off.q@vm" dropped because it is disabled'
    assert denied("Following jobs do not exist: \n48, 49\n") == {"48", "49"}
    assert denied("12 13") == frozenset()


# -- the accounting ---------------------------------------------------------------------------------------------------

LINE = "=" * 62 + "\n"
SON = LINE + (
    "qname        all.q               \nhostname     vm                  \nowner        root                \n"
    "jobname      x.{key}\njobnumber    9                   \ntaskid       undefined\n"
    "start_time   Sun Nov 22 22:31:59 2026\nend_time     Sun Nov 22 22:32:03 2026\nslots        {slots}    \n"
    "failed       {failed}\nexit_status  {exit}                  (Killed)\nru_wallclock {ran}s\n"
    "cpu          0.010s\nmaxvmem      {peak}\ncategory     {category}\n"
)
# Univa's, as its users have published: bare seconds, who deleted it, the command, no category.
UNIVA = LINE + (
    "qname        long\nhostname     n7\nowner        maria\njobname      x.{key}\njobnumber    9\n"
    "taskid       undefined\npe_taskid    NONE\nsubmit_cmd   qsub -terse -pe smp 2 -l {category} /x/job.sh\n"
    "start_time   06/11/2020 13:22:37.680\n"
    "slots        {slots}\nfailed       {failed}\ndeleted_by   {by}\nexit_status  {exit}\n"
    "ru_wallclock {ran}\nwallclock    {ran}.5\n"
    "cpu          3.0\nmaxvmem      {peak}\nmaxrss       0.000\n"
)


def son(**changed: Any) -> str:
    fields = {"key": KEY, "slots": 1, "failed": "0    ", "exit": 0, "ran": 4, "peak": "0.000B", "category": "NONE"}
    return SON.format(**{**fields, **changed})


def univa(**changed: Any) -> str:
    fields = {
        "key": KEY,
        "slots": 1,
        "failed": 0,
        "exit": 0,
        "ran": 4,
        "peak": "1.5G",
        "category": "h_rt=60",
        "by": "NONE",
    }
    return UNIVA.format(**{**fields, **changed})


LIMIT = "37  : qmaster enforced h_rt, h_cpu, or h_vmem limit"
AFTER = "100 : assumedly after job"


@pytest.mark.parametrize(
    ("text", "cause", "reason"),
    [
        (son(), Cause.OK, ""),
        (son(exit=7), Cause.EXIT, ""),
        (son(failed="15  : in epilog", exit=7), Cause.EXIT, ""),
        (son(failed=LIMIT, exit=137, category="-l h_rt=3"), Cause.WALLTIME, "ran 4 s of h_rt=3"),
        (son(failed=LIMIT, exit=137, peak="259.672MB", category="-l h_vmem=100M"), Cause.MEMORY, "seen at 259 MiB of"),
        (son(failed=LIMIT, exit=137, peak="10MB", category="-l h_rt=60,h_vmem=1G"), Cause.MEMORY, "seen at 10 MiB"),
        (son(failed=LIMIT, exit=137, peak="10MB", category="-l h_rt=60,h_vmem=1G,h_cpu=9"), Cause.SIGNAL, "not known"),
        (
            son(failed=LIMIT, exit=137, slots=4, peak="300MB", category="-l h_vmem=100M,h_cpu=9"),
            Cause.SIGNAL,
            "failed 37",
        ),
        (
            son(failed=LIMIT, exit=137, slots=2, peak="300MB", category="-l h_vmem=100M"),
            Cause.MEMORY,
            "each of 2 slots",
        ),
        (son(failed=LIMIT, exit=137), Cause.SIGNAL, "which of them is not known"),
        (son(failed=AFTER, exit=138, category="-l s_rt=3"), Cause.WALLTIME, "ran 4 s of s_rt=3"),
        (son(failed=AFTER, exit=138, category="-l s_rt=30"), Cause.SIGNAL, ""),
        (son(failed=AFTER, exit=152, category="-l s_vmem=3M"), Cause.MEMORY, "s_vmem"),
        (son(failed=AFTER, exit=137), Cause.SIGNAL, ""),
        (son(failed=AFTER, exit=137, category="-l h_rt=4"), Cause.WALLTIME, "ran 4 s"),
        (son(failed=AFTER, exit=0), Cause.EXIT, "failed 100"),
        (son(failed="28  : changing into working directory"), Cause.REJECTED, "failed 28: changing into working dir"),
        (son(failed="8   : in prolog"), Cause.NODE, "failed 8: in prolog"),
        (son(failed="19  : before writing exit_status"), Cause.NODE, "failed 19"),
        (univa(), Cause.OK, ""),
        (univa(failed="44  : execd enforced h_rt limit", exit=137, ran=61), Cause.WALLTIME, "ran 62 s of h_rt=60"),
        (univa(failed="46  : execd enforced h_vmem limit", exit=137, category="h_vmem=1G"), Cause.MEMORY, "h_vmem=1G"),
        (univa(failed=AFTER, exit=137, by="maria@login"), Cause.CANCELLED, "by maria@login"),
        (univa(failed="99  : execd enforced h_cpu limit", exit=137), Cause.WALLTIME, "h_cpu"),
    ],
)
def test_endings(text: str, cause: Cause, reason: str) -> None:
    [record] = records(text)
    seen = ended("9", record)
    assert seen.cause is cause and reason in seen.reason and seen.key == KEY, seen


def test_a_deletion_that_is_known() -> None:
    [killed] = records(son(failed=AFTER, exit=137))
    assert (ended("9", killed, deleted="root").cause, ended("9", killed, deleted="root").reason) == (
        Cause.CANCELLED,
        "by root",
    )
    assert ended("9", killed, deleted="").reason == ""
    [fine] = records(son(exit=3))
    assert ended("9", fine, deleted="root").exit_code == 3  # it was quicker


def test_limits_of_the_queue() -> None:
    limits = queue_limits("qname short.q\nh_rt  0:0:10,[n1=1:0:0]\ns_rt INFINITY\nh_vmem               INFINITY\n")
    assert limits == {"h_rt": "0:0:10"}
    [record] = records(son(failed=LIMIT, exit=137, ran=10))
    assert ended("9", record, Given({}, limits)).cause is Cause.WALLTIME


def test_several_runs_and_numbers_that_are_used_again() -> None:
    text = son(failed="25  : rescheduling", exit=99) + son(exit=3) + son(exit=5, key="a" + "c" * 13)
    book = records(text)
    assert [lives_again(record) for record in book] == [True, False, False]
    mine = last(book, "9", KEY)
    assert mine is not None and mine.exit_status == 3
    newest = last(book, "9")
    assert newest is not None and newest.exit_status == 5
    assert last(book, "8") is None


def test_sums_at_the_end_are_no_record() -> None:
    sums = "OWNER       WALLCLOCK         UTIME\n" + "=" * 80 + "\nroot             66         1.926\n"
    assert len(records(son() + sums)) == 1
    assert records("") == []


@pytest.mark.parametrize("text", [son()[:-1], son()[:120] + "\n", LINE + "what is this\n"])
def test_what_is_no_accounting(text: str) -> None:
    with pytest.raises(BackendError):
        records(text)


def test_requests() -> None:
    assert requests("-u root -l h_rt=3,exclusive -l h_vmem=1G -pe smp 2-4") == {
        "h_rt": "3",
        "exclusive": "TRUE",
        "h_vmem": "1G",
    }
    assert requests("qsub -soft -l a=1 -hard -l b=2 'x y'") == {"b": "2"}
    assert requests("qsub 'unclosed -l a=1") == {"a": "1"}
    assert not_found("error: job id 5 not found\n") and not not_found("error: job id 5 is away")
    assert enforced("execd enforced h_rt limit") == "h_rt" and enforced(LIMIT) == ""
    [odd] = records(son(failed="77  : new words"))
    assert kind(odd) == "ran"


# -- replies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "number"),
    [("35\n", "35"), ("17.1-2:1\n", "17"), ("warning: 12 things\n\nof a verifier\n36\n", "36"), ("9\n10\n", "10")],
)
def test_an_id(out: str, number: str) -> None:
    assert submitted(KEY, Exited(0, out, "")) == Bound(KEY, number)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ('Unable to run job: unknown resource "nosuch"\nExiting.\n', Refused),
        ("Unable to run job: error: no suitable queues\nExiting.\n", Refused),
        ('Unable to run job: job rejected: no access to project "bignodes" for user "nobody"\nExiting.\n', Refused),
        ('qsub: invalid option argument "--nosuch"\n', Refused),
        ("Unable to read script file because of error: error opening /x: No such file or directory\n", Refused),
        (
            "Unable to run job: job rejected: Only 1000 jobs are allowed per user (current job count: 1000)\n",
            "destination",
        ),
        ("Unable to run job: job rejected: Only 9 jobs are allowed per cluster\n", "cluster"),
        (
            "error: commlib error: got select error (Connection refused)\nUnable to run job: unable to send message to "
            'qmaster using port 1 on host "vm": got send error\nExiting.\n',
            "cluster",
        ),
        (
            "Unable to initialize environment because of error: Please set the environment variable SGE_ROOT.\n",
            "cluster",
        ),
        ("Unable to run job: Error reading answer list from qmaster\nExiting.\n", Doubt),
        (
            "Unable to run job: failed receiving gdi request response for mid=1 (got sync receive timeout error).\n",
            Doubt,
        ),
        ("something new\n", Doubt),
        ("cut in the midd", Doubt),
    ],
)
def test_what_qsub_says(said: str, what: Any) -> None:
    learned = submitted(KEY, Exited(1, "", said))
    if isinstance(what, str):
        assert isinstance(learned, Later) and learned.holds_up == what
    else:
        assert isinstance(learned, what)
        assert not learned.reason.startswith(("Unable", "error:")) and "Exiting" not in learned.reason


@pytest.mark.parametrize(
    "reply",
    [Exited(0, "", ""), Exited(0, "12", ""), Exited(1, "12\n", "x"), Exited(-9, "", ""), TimedOut(9.0)],
)
def test_doubt(reply: Any) -> None:
    assert isinstance(submitted(KEY, reply), Doubt)


def test_what_was_never_run() -> None:
    assert submitted(KEY, Unreachable("qsub: no such file")) == Later(KEY, "qsub: no such file")
    assert isinstance(submitted(KEY, Unreachable("cut", began=True)), Doubt)


def test_what_qdel_says() -> None:
    said = deletions(
        Exited(
            1,
            "root has registered the job 3 for deletion\nroot has deleted job 5\njob 2 is already in deletion\n",
            'denied: job "9" does not exist\n'
            'gridapp - you do not have the necessary privileges to delete the job "4"\n',
        )
    )
    assert (said.registered, said.deleted) == ({"3": "root"}, {"5": "root"})
    assert said.others == ('gridapp - you do not have the necessary privileges to delete the job "4"',)
    with pytest.raises(BackendError):
        deletions(TimedOut(9.0))


def test_who_deleted_what() -> None:
    head = "1:job_log:1"
    rest = f"vm:0:1024:1:x.{KEY}:root:root::defaultdepartment:sge:job deleted"
    running, waiting = told(
        f"{head}:deleted:3:0:NONE:r:maria:{rest}\n{head}:deleted:5:0:NONE::maria:{rest}\n"
        f"{head}:deleted:9:0:NONE:T:scheduler:{rest}\nodd:line\n"
        "11/22/2026 22:31:41|worker|localhost|I|root has registered the job 2 for deletion\n"
        "11/22/2026 22:31:46|worker|localhost|I|root has deleted job 6\n"
    )
    assert running == {"3": "maria", "2": "root"}
    assert waiting == {"5": "maria", "6": "root"}


def test_a_job_of_a_dead_execd_is_marked_for_deletion() -> None:
    """Seen of 8.1.9, with exit code 1: the job is `dr` until its execd is back."""
    said = deletions(Exited(1, 'root unable to sync state with remote execd for the deletion of job "248"\n', ""))
    assert (said.registered, said.others) == ({"248": "root"}, ())
