"""sbatch's options in a native specification: what they give a job, which are refused, how they are written."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.backends.native_options import NativeError
from abell.backends.slurm import Slurm
from abell.backends.slurm_options import OPTIONS, check, cluster, memory_mb, native, options, read, walltime
from abell.backends.slurm_script import quoted, quoted_if_needed
from abell.job import Resources


def gets(spec: str, **asked: Any) -> dict[str, object]:
    """What a job gets, of what is not None."""
    given = Slurm().effective(Resources(**asked), {"native_specification": spec}, {})
    return {name: value for name in Resources.__dataclass_fields__ if (value := getattr(given, name)) is not None}


@pytest.mark.parametrize(
    ("spec", "asked", "expected"),
    [
        ("", {"slots": 2}, {"slots": 2}),
        ("-c 4", {"slots": 2}, {"slots": 4}),
        ("-c4 -n2", {}, {"slots": 8}),
        ("--ntasks=6 --nodes=1", {"slots": 2}, {"slots": 6}),
        ("-N 2 --ntasks-per-node=4", {}, {"slots": 8}),
        ("-N 2-3 --ntasks-per-node=4 -c 2", {}, {"slots": 16}),
        ("-N2", {"slots": 3}, {"slots": 6}),
        ("--gpus=2 --cpus-per-gpu=5", {"slots": 1}, {"slots": 10, "gpus": 2}),
        ("--ntasks-per-socket=2", {"slots": 3}, {}),  # nobody can say
        ("--mem=4G", {"memory_mb": 1}, {"memory_mb": 4096}),
        ("--mem 4000", {}, {"memory_mb": 4000}),
        ("--mem=2000K", {}, {"memory_mb": 2}),
        ("--mem=0", {"memory_mb": 5}, {}),  # all that the node has
        ("--mem-per-cpu=2G", {"slots": 3, "memory_mb": 1}, {"slots": 3, "memory_mb": 6144}),
        ("--mem-per-cpu=2G", {"memory_mb": 1}, {}),
        ("--mem-per-gpu=1G -G tesla:2", {}, {"memory_mb": 2048, "gpus": 2}),
        ("-N 2 --mem=1G", {}, {"memory_mb": 2048}),
        ("-t 90", {"walltime_s": 5}, {"walltime_s": 5400}),
        ("--time=UNLIMITED", {"walltime_s": 5}, {}),
        ("-p long,short -A phys", {"queue": "q", "account": "a"}, {"queue": "long,short", "account": "phys"}),
        ("--gres=gpu:tesla:2,shard:1", {"gpus": 1}, {"gpus": 2}),
        ("--gres=tmp:10G", {"gpus": 1}, {"gpus": 1}),
        ("--gpus-per-node=2 -N 2", {"slots": 1}, {"slots": 2, "gpus": 4}),
        ("--part=short", {}, {"queue": "short"}),  # getopt_long takes a prefix
        ("-Hp short -n 3", {}, {"slots": 3, "queue": "short"}),  # bundled
        ("--cpus-per-task=2 --cpus-per-task=5", {}, {"slots": 5}),  # the last one counts
    ],
)
def test_what_a_job_gets(spec: str, asked: dict[str, Any], expected: dict[str, object]) -> None:
    assert gets(spec, **asked) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 5400),
        ("1:30", 120),  # rounded up to a minute
        ("1:30:01", 5460),
        ("2-0", 172800),
        ("1-2:3", 86400 + 7200 + 180),
        ("1-02:03:04", 86400 + 7200 + 240),
        ("0", None),
        ("infinite", None),
    ],
)
def test_walltime(text: str, expected: int | None) -> None:
    assert walltime(text) == expected


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.refused], ids=lambda o: o.name)
def test_what_is_abells_own_is_refused(option: Any) -> None:
    """Whole, as a prefix, and by its letter; the message names it and what to do."""
    spellings = [f"--{option.name}=1", f"--{option.name}"] + ([f"-{option.letter}1"] if option.letter else [])
    for spelling in spellings:
        with pytest.raises(NativeError, match=f"--{option.name}\\)? cannot be used here: .*"):
            read(f"--exclusive {spelling}")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("--mem='4G", "no closing quotation: close the quote"),
        ("short", "'short' is no option"),
        ("-p short -- x", "'--' is no option"),
        ("--mem=much", "--mem=much: not an amount of memory; write 4000"),
        ("--time=1h", "--time=1h: not a time; write minutes"),
        ("-n 0", "--ntasks=0: not a number from 1"),
        ("-n", "-n needs a value"),
        ("--outp=x", "--output cannot be used here"),
        ("--job=x", "--job-name cannot be used here"),
        ("--comment='a\nb'", "a value goes over several lines"),
        ("--comment=\x07", r"'\\x07' cannot stand in it"),
        ("-M a,b", "name one cluster"),
        ("--clusters=all", "name one cluster"),
    ],
)
def test_what_cannot_be_used(spec: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"native_specification: .*{said}"):
        check({"native_specification": spec})


def test_two_that_differ() -> None:
    assert native({"native_specification": "-n 1", "nativeSpecification": " -n 1 "}) == "-n 1"
    with pytest.raises(NativeError, match="native_specification and nativeSpecification say different things"):
        native({"native_specification": "-n 1", "nativeSpecification": "-n 2"})


def test_the_cluster() -> None:
    assert cluster(read("-M east --mem=4")) == "east"
    assert Slurm().cluster({"nativeSpecification": "--cluster=east"}) == "east"
    assert Slurm().cluster({}) == ""
    assert Slurm().cluster({"native_specification": "'"}) == ""  # `effective` says what is wrong


def test_a_template() -> None:
    params = {"native_template": "-c {slots} [--mem={mem_mb}] -p {queue:long}", "native_specification": "-p fast"}
    given = Slurm().effective(Resources(slots=3), params, {})
    assert given == Resources(slots=3, queue="fast")
    assert [o.words for o in options(Resources(slots=3), params)] == [("-c", "3"), ("-p", "fast"), ("-p", "fast")]
    assert [o.words for o in options(Resources(slots=3), {**params, "native_specification": "-x n1"})][1] == (
        "-p",
        "long",
    )
    with pytest.raises(ValueError, match=r"native_template: native_template has \{slots\}, and the job asks for none"):
        Slurm().effective(Resources(), params, {})
    with pytest.raises(ValueError, match="native_template: --output cannot be used here"):
        check({"native_template": "-c {slots} --output=x"})
    with pytest.raises(ValueError, match="native_template: --clusters is for native_specification"):
        check({"native_template": "-M east"})


def sbatch_reads(line: str) -> list[str]:
    """Words of a directive line as src/sbatch/opt.c, _get_argument, splits them."""
    words: list[str] = []
    word, quote, escape, begun = "", "", False, False
    for character in line:
        if escape:
            word, escape = word + character, False
        elif character == "\\":
            escape = begun = True
        elif quote:
            word, quote = (word, "") if character == quote else (word + character, quote)
        elif character.isspace():
            words, word, begun = ([*words, word], "", False) if begun else (words, "", False)
        elif character in "\"'":
            quote, begun = character, True
        elif character == "#":
            break
        else:
            word, begun = word + character, True
    return [*words, word] if begun else words


LINE = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Co", "Cn")), max_size=30).filter(
    lambda text: text.isprintable()
)


@given(LINE)
def test_quoting_is_read_back_by_sbatch(word: str) -> None:
    assert sbatch_reads(quoted(word)) == [word]
    assert sbatch_reads(quoted_if_needed(word)) == [word]


@given(st.lists(st.tuples(st.sampled_from(["comment", "constraint", "unheard-of", "dependency"]), LINE), max_size=5))
def test_any_specification_comes_out_as_it_went_in(pairs: list[tuple[str, str]]) -> None:
    words = [f"--{name}={value}" for name, value in pairs]
    made = [word for option in read(shlex.join(words)) for word in option.words]
    assert sbatch_reads(" ".join(map(quoted_if_needed, made))) == words


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except NativeError as error:
        assert str(error)


@given(st.integers(1, 2**40), st.sampled_from(" KMGTP"))
def test_memory_is_never_less_than_written(amount: int, unit: str) -> None:
    size = {"K": 2**-10, "M": 1, " ": 1, "G": 2**10, "T": 2**20, "P": 2**30}[unit]
    assert 0 <= memory_mb("mem", f"{amount}{unit.strip()}") - amount * size < 1
