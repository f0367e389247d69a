"""Whatever the text, it reaches the command as it is, in each shell."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abell.config.model import EnvEntry
from abell.script.plan import PlannedGlob, PlannedOutput
from abell.script.quoting import expanding, literal, pattern, variable

any_bytes = st.binary(max_size=20).map(lambda b: b.replace(b"\0", b"?"))
nasty = st.text(alphabet="'\"\\$`\n\r\t !*?[](){}<>|&;#~=%-ab\x7f\x01é\u2028\U0001f600", max_size=20).map(str.encode)
texts = st.one_of(any_bytes, nasty).map(os.fsdecode)
slow = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(args=st.lists(texts, min_size=60, max_size=60))
@slow
def test_arguments(workshop, args):
    job = workshop.make(("/usr/bin/printf", "%s\\0", *args))
    assert job.run().returncode == 0
    assert job.stdout.split(b"\0")[:-1] == [os.fsencode(a) for a in args]


@given(values=st.lists(texts, min_size=60, max_size=60))
@slow
def test_the_users_environment(workshop, values):
    job = workshop.make(("/usr/bin/env", "-0"), job_env={f"V{n}": v for n, v in enumerate(values)})
    assert job.run().returncode == 0
    seen = dict(item.split(b"=", 1) for item in job.stdout.split(b"\0")[:-1])
    assert [seen[f"V{n}".encode()] for n in range(len(values))] == [os.fsencode(v) for v in values]


@given(values=st.lists(texts.filter(lambda t: not set("$`\\") & set(t)), min_size=60, max_size=60))
@slow
def test_the_destinations_environment_without_expansions(workshop, values):
    env = tuple(EnvEntry("variable", v, name=f"V{n}") for n, v in enumerate(values))
    job = workshop.make(("/usr/bin/env", "-0"), env=env)
    assert job.run().returncode == 0
    seen = dict(item.split(b"=", 1) for item in job.stdout.split(b"\0")[:-1])
    assert [seen[f"V{n}".encode()] for n in range(len(values))] == [os.fsencode(v) for v in values]


backslashes = st.text(alphabet='\\"\n a', max_size=12)


@given(values=st.lists(backslashes, min_size=60, max_size=60))
@slow
def test_no_value_leaves_its_quotes(workshop, values):
    env = tuple(EnvEntry("variable", v, name=f"V{n}") for n, v in enumerate(values))
    job = workshop.make(("/usr/bin/env", "-0"), env=env)
    done = job.run()
    assert (done.returncode, done.stderr) == (0, b"")
    seen = dict(item.split(b"=", 1) for item in job.stdout.split(b"\0")[:-1])
    for n, value in enumerate(values):
        meant = re.sub(r'\\([$`\\\n])|(\\)(?=")', lambda m: m[2] or m[1].replace("\n", ""), value)
        assert seen[f"V{n}".encode()].decode() == meant


names = st.one_of(any_bytes, nasty).map(lambda b: os.fsdecode(b.replace(b"/", b"_"))).filter(lambda t: t.strip(". "))


@given(name=names)
@slow
def test_directories_and_outputs(workshop, name):
    job = workshop.make(
        'printf abc > "$ABELL_OUTPUT_A"; touch made',
        directory=f"{workshop.count}{name}",
        outputs=(PlannedOutput("A", f"{workshop.base}/out{workshop.count}{name}"),),
    )
    assert job.run().returncode == 0
    assert [(o.name, o.path, o.size) for o in job.ending().outputs] == [("A", job.plan.outputs[0].path, 3)]
    assert (job.base / "working" / "made").exists()


@given(texts=st.lists(names, min_size=5, max_size=20, unique=True))
@slow
def test_a_pattern_takes_what_python_says_it_takes(workshop, texts):
    """Patterns with quoted specials: a name's own text, its glob characters taken literally, then a star."""
    job = workshop.make(("true",), globs=tuple(PlannedGlob(f"G{n}", _escape(t) + "*") for n, t in enumerate(texts)))
    for text in texts:
        (job.base / "working" / text).touch()
        (job.base / "working" / f"{text}.x").touch()
    assert job.run().returncode == 0
    for n, text in enumerate(texts):
        seen = {o.path for o in job.ending().outputs if o.name == f"G{n}"}
        hidden = text.startswith(".")
        expected = {
            f"./{t}{x}" for t in texts for x in ("", ".x") if os.fsencode(f"{t}{x}").startswith(os.fsencode(text))
        }
        assert seen == {e for e in expected if hidden or not e.startswith("./.")}


def _escape(text: str) -> str:
    return re.sub(r"[*?\[]", lambda m: f"[{m[0]}]", text)


@pytest.mark.parametrize(
    ("text", "names", "taken"),
    [
        ("*.txt", ["a.txt", "b c.txt", "c.dat"], ["./a.txt", "./b c.txt"]),
        ("?[0-9]", ["a1", "b2", "ab"], ["./a1", "./b2"]),
        ("[!a]x", ["ax", "bx"], ["./bx"]),
        ("a [b c]d", ["a bd", "a  d", "a xd"], ["./a  d", "./a bd"]),
        ("[", ["[", "x"], ["./["]),
        ("$(touch owned)*", ["$(touch owned)1"], ["./$(touch owned)1"]),
        ("~", ["~"], ["./~"]),
        ("{a,b}", ["a", "{a,b}"], ["./{a,b}"]),
        ("-*", ["-rf"], ["./-rf"]),
        ("nothing*", ["a"], []),
    ],
)
def test_patterns(workshop, text, names, taken):
    job = workshop.make(("true",), globs=(PlannedGlob("G", text),))
    for name in names:
        (job.base / "working" / name).touch()
    assert job.run().returncode == 0
    assert sorted(o.path for o in job.ending().outputs) == taken
    assert not (job.base / "working" / "owned").exists()


def test_expanding_means_what_galaxy_means():
    words = " ".join(map(expanding, ("$A", "${A}x", "$(echo 2)", "\\$A")))
    script = f"A=1; printf '%s|' {words}"
    assert subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout == b"1|1x|2|$A|"


@pytest.mark.parametrize("bad", ["", "/x", "a/../b", "..", "x\0"])
def test_bad_patterns(bad):
    with pytest.raises(ValueError, match=r"pattern|NUL"):
        pattern(bad)


@pytest.mark.parametrize("bad", ["", "1a", "a-b", "a b", "a\n", "é", "abell_x", "a=b"])
def test_bad_names(bad):
    with pytest.raises(ValueError, match=r"name"):
        variable(bad, "thing")


@pytest.mark.parametrize("quoted", [literal, expanding])
def test_nul(quoted):
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b")
