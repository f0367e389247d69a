"""Native specifications of Grid Engine: read as qsub reads them, and what a job gets by them."""

from __future__ import annotations

from typing import Any

import pytest

from abell.backends import gridengine_options as options
from abell.backends.contract import Submission
from abell.backends.gridengine import GridEngine, arguments
from abell.backends.gridengine_amounts import AmountError, size_bytes, time_s
from abell.backends.gridengine_native import OPTIONS, read
from abell.backends.gridengine_script import job_name, key_of, unusable
from abell.backends.native_options import NativeError
from abell.job import Resources

KEY = "a" + "b" * 13


def given(native: str, asked: Resources = Resources(), **params: Any) -> Resources:  # noqa: B008
    said = {"native_specification": native, "parallel_environment": "smp", **params}
    return GridEngine().effective(asked, said, {})


def job(native: str = "", asked: Resources = Resources(), **params: Any) -> Submission:  # noqa: B008
    said = {"native_specification": native, "parallel_environment": "smp", **params}
    return Submission(
        key=KEY, job_id=7, number=1, name="a tool", directory="/d", script="/d/job.sh", stdout="/d/out",
        stderr="/d/err",
        resources=GridEngine().effective(asked, said, {}), params=said, runner_params={}, workers=1,
    )  # fmt: skip


def test_the_example_of_the_documentation() -> None:
    assert [option.words for option in read("-P bignodes -R y -pe threads 8")] == [
        ("-P", "bignodes"),
        ("-R", "y"),
        ("-pe", "threads", "8"),
    ]
    assert given("-P bignodes -R y -pe threads 8") == Resources(slots=8, account="bignodes")


@pytest.mark.parametrize("option", [known for known in OPTIONS if known.refused], ids=lambda known: known.name)
def test_what_is_abells_own_is_refused_with_a_remedy(option: Any) -> None:
    with pytest.raises(NativeError, match=f"native_specification: -{option.name} cannot be used here: .{{15,}}"):
        GridEngine.check_destination({"native_specification": f"-{option.name} x y"})


@pytest.mark.parametrize("option", [known for known in OPTIONS if not known.refused], ids=lambda known: known.name)
def test_each_option_takes_its_values_and_no_more(option: Any) -> None:
    words = [f"-{option.name}", *(["1"] * option.values)]
    assert [native.words for native in read(" ".join((*words, "-R y")))] == [tuple(words), ("-R", "y")]
    if option.values:
        with pytest.raises(NativeError, match="needs"):
            read(" ".join(words[:-1]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-binding linear:2", [("-binding", "linear:2")]),
        ("-binding set linear:2 -V", [("-binding", "set", "linear:2"), ("-V",)]),
        ("-p -100", [("-p", "-100")]),
        ("-ac 'a=b c'", [("-ac", "a=b c")]),
        ("-new 1 2 -V", [("-new", "1", "2"), ("-V",)]),  # of a version that is not known
        ("-soft -l a=1,b=2 -hard", [("-soft",), ("-l", "a=1,b=2"), ("-hard",)]),
    ],
)
def test_words(text: str, words: list[tuple[str, ...]]) -> None:
    assert [option.words for option in read(text)] == words


@pytest.mark.parametrize("text", ["script.sh", "-pe smp", "-l 'a", "-V y", "--", "-", "-V\a"])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(NativeError):
        read(text)


@pytest.mark.parametrize(
    ("native", "asked", "expected"),
    [
        ("-pe smp 2-8", {"slots": 4}, {"slots": 2}),
        ("-pe smp -8", {}, {"slots": 1}),
        ("-pe smp 4-", {}, {"slots": 4}),
        ("-pe smp 8,4,16", {}, {"slots": 4}),
        ("-pe smp 2 -pe threads 3", {}, {"slots": 3}),
        ("-l h_vmem=2G", {"memory_mb": 9}, {"memory_mb": 2048}),
        ("-l h_vmem=2G -pe smp 3", {}, {"memory_mb": 6144, "slots": 3}),
        ("-l mem_free=1.5G,h_rt=1:0:0", {"slots": 2}, {"memory_mb": 3072, "slots": 2, "walltime_s": 3600}),
        ("-l s_vmem=1g -l s_rt=90", {}, {"memory_mb": 954, "walltime_s": 90}),
        ("-l mem_free=1G,h_vmem=2G", {}, {"memory_mb": 2048}),
        ("-l h_rt=::30,s_rt=20", {"walltime_s": 5}, {"walltime_s": 30}),
        ("-l h_rt=INFINITY", {"walltime_s": 5}, {"walltime_s": None}),
        ("-soft -l h_vmem=2G", {"memory_mb": 100}, {"memory_mb": 100}),
        ("-l gpu=2", {"gpus": 1}, {"gpus": None}),
        ("-q a.q,b.q -P x", {"queue": "c.q", "account": "y"}, {"queue": "a.q,b.q", "account": "x"}),
        ("", {"memory_mb": 100, "slots": 3}, {"memory_mb": 102, "slots": 3}),
    ],
)
def test_what_a_job_gets(native: str, asked: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given(native, Resources(**asked)) == Resources(**{**asked, **expected})


def test_gpus_need_a_name() -> None:
    assert given("-l gpu=2", Resources(gpus=1), gpu_resource="gpu").gpus == 2
    assert given("", Resources(gpus=1), gpu_resource="gpu").gpus == 1
    assert GridEngine().unexpressed(Resources(gpus=1), {}) == ("gpus",)
    assert GridEngine().unexpressed(Resources(gpus=1), {"gpu_resource": "gpu"}) == ()


@pytest.mark.parametrize(
    ("native", "asked", "words"),
    [
        ("", {}, []),
        ("", {"slots": 1}, []),
        ("", {"slots": 2}, ["-pe", "smp", "2"]),
        ("", {"slots": 3, "memory_mb": 100, "walltime_s": 60}, ["-pe", "smp", "3", "-l", "h_vmem=34M,h_rt=60"]),
        ("-l h_vmem=1G", {"memory_mb": 100, "walltime_s": 60}, ["-l", "h_rt=60"]),
        ("", {"queue": "a.q", "account": "p"}, ["-q", "a.q", "-P", "p"]),
    ],
)
def test_words_for_what_is_asked_for(native: str, asked: dict[str, Any], words: list[str]) -> None:
    params = {"native_specification": native, "parallel_environment": "smp"}
    resources = Resources(**asked)
    assert options.requested(resources, options.options(resources, params), params) == words


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("", "-pe smp 2 -l h_vmem=512M,h_rt=60 -R y"),
        ("-l s_rt=90", "-pe smp 2 -l h_vmem=512M -R y -l s_rt=90"),
        ("-l mem_free=1G,h_rt=5", "-pe smp 2 -R y -l mem_free=1G,h_rt=5"),
        ("-pe threads 4", "-pe smp 4 -l h_vmem=256M,h_rt=60 -R y -pe threads 4"),
    ],
)
def test_of_what_a_destination_says_its_template_says_nothing_else(own: str, words: str) -> None:
    template = "-pe smp {slots} -l h_vmem={mem_per_slot_mb}M,h_rt={seconds} -R y"
    params = {"native_template": template, "native_specification": own}
    asked = Resources(slots=2, memory_mb=1024, walltime_s=60)
    got = GridEngine().effective(asked, params, {})
    for resources in (asked, got):
        assert [word for option in options.options(resources, params) for word in option.words] == words.split()


def test_several_slots_need_a_parallel_environment() -> None:
    with pytest.raises(NativeError, match=r"^parallel_environment: the job asks for 2 slots, .*qconf -spl"):
        GridEngine().effective(Resources(slots=2), {}, {})


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"native_specification": "-l h_vmem=plenty"},
            "native_specification: -l h_vmem='plenty' is no amount of memory",
        ),
        ({"native_specification": "-l h_rt=1:2"}, "native_specification: -l h_rt='1:2' is no time"),
        ({"native_specification": "-pe smp 0"}, "native_specification: -pe: '0' is no number of slots"),
        ({"native_specification": "-V", "nativeSpecification": "-R y"}, "say different things"),
        ({"native_template": "-pe smp {slot}"}, "native_template: no placeholder is named 'slot'"),
        ({"native_template": "-N x"}, "native_template: -N cannot be used here"),
        ({"parallel_environment": "a b"}, "parallel_environment: 'a b' is no name"),
        ({"memory_resource": "h_vmem;"}, None),
        ({"memory_resource": "h vmem"}, "memory_resource: 'h vmem' is no name"),
        ({"gpu_resource": "a=1"}, "gpu_resource: 'a=1' is no name"),
    ],
)
def test_parameters_that_no_job_could_have(params: dict[str, str], said: str | None) -> None:
    if said is None:
        GridEngine.check_destination(params)
        return
    with pytest.raises(NativeError) as error:
        GridEngine.check_destination(params)
    assert said in str(error.value)


def test_the_command_line() -> None:
    words = arguments(job("-soft -l fast=1", Resources(slots=2, memory_mb=64)))
    assert words == (
        "-terse", "-b", "y", "-shell", "n", "-now", "n", "-sync", "n",
        "-soft", "-l", "fast=1", "-hard", "-pe", "smp", "2", "-l", "h_vmem=32M",
        "-wd", "/d", "-N", f"a_tool.{KEY}", "-o", ":/d/out", "-e", ":/d/err", "-j", "n", "-r", "n",
        "-v", "ABELL_MEMORY_MB_PER_SLOT=32", "/d/job.sh",
    )  # fmt: skip
    assert "-wd" not in arguments(job("-cwd"))


def test_a_users_queue_brings_no_options_along() -> None:
    with pytest.raises(NativeError, match="queue '-sync y' is no name"):
        job("", Resources(queue="-sync y"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("bwa mem", "bwa_mem"), ("1st", "j1st"), ("a/b:c@d*?", "a_b_c_d"), ("...", "abell-7"), ("ü", "abell-7")],
)
def test_names(name: str, expected: str) -> None:
    from dataclasses import replace

    made = job_name(replace(job(), name=name))
    assert made == f"{expected}.{KEY}" and key_of(made) == KEY


def test_keys() -> None:
    assert key_of(KEY) == KEY  # where a name has 15 characters
    assert key_of("sleep") == key_of(f"x{KEY}") == ""


@pytest.mark.parametrize("path", ["/a,b/x", "/a/$JOB_ID/x", "/$HOME"])
def test_paths_that_it_would_read_otherwise(path: str) -> None:
    assert path in unusable(path)
    assert unusable("/a b/$X:c") == ""


@pytest.mark.parametrize(
    ("text", "size"),
    [("1K", 1024), ("1k", 1000), ("2g", 2 * 10**9), ("1.5G", 3 << 29), ("0x10", 16), ("7", 7), ("INFINITY", None)],
)
def test_sizes(text: str, size: int | None) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1:2:3", 3723), ("1::1", 3601), (":2:", 120), ("NONE", None)]
)
def test_times(text: str, seconds: int | None) -> None:
    assert time_s(text) == seconds


@pytest.mark.parametrize("text", ["1:2", "-1", "1.5", "x"])
def test_no_times(text: str) -> None:
    with pytest.raises(AmountError):
        time_s(text)
