from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abell.cli.options import request_of
from abell.client.request import Asked, make_request
from abell.errors import OptionError
from abell.job import Output, Request, Resources
from abell.request_json import from_json, to_json

NOTHING = {"params": (), "env": (), "outputs": (), "output_globs": (), "workdir": None, "own_workdir": False}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))


def test_a_request_in_full(tmp_path: Path) -> None:
    (tmp_path / "in.txt").touch()
    request = make_request(
        ["sort", "-u", "in.txt"],
        name="sorting",
        user="maria@example.org",
        username="maria",
        tool="sort1",
        tool_version="9.1",
        tool_classes=["local"],
        to="long_jobs",
        slots=2,
        mem="4G",
        time="1h30m",
        gpus=1,
        queue="long",
        account="lab",
        env={"LC_ALL": "C"},
        params={"size": "big"},
        inputs=["in.txt"],
        outputs={"sorted": "out/sorted.txt"},
        output_globs=["*.log", ("*.bam", "bams")],
        metadata="md5sum out",
        search_path="/bin",
    )
    assert request == Request(
        command=("sort", "-u", "in.txt"),
        workdir=str(tmp_path),
        name="sorting",
        user="maria@example.org",
        username="maria",
        tool_id="sort1",
        tool_version="9.1",
        tool_classes=("local",),
        destination="long_jobs",
        resources=Resources(2, 4096, 5400, 1, "long", "lab"),
        env={"LC_ALL": "C"},
        search_path="/bin",
        params={"size": "big"},
        inputs=(str(tmp_path / "in.txt"),),
        outputs=(
            Output("sorted", str(tmp_path / "out/sorted.txt")),
            Output("glob1", str(tmp_path), "*.log"),
            Output("glob2", str(tmp_path / "bams"), "*.bam"),
        ),
        metadata="md5sum out",
    )


def test_one_string_is_a_shell_line_and_several_are_an_argv() -> None:
    assert request_of(("sort -u x | head",), **NOTHING).command == "sort -u x | head"
    assert request_of(("sort", "-u"), **NOTHING).command == ("sort", "-u")
    assert make_request(["sort"]).command == ("sort",)


@given(st.lists(st.text(st.characters(codec=None, exclude_characters="\0"), min_size=1), min_size=2, max_size=5))
def test_any_argument_survives_the_way_to_the_engine(words: list[str]) -> None:
    import json

    request = make_request(words, name=words[0], env={"X": words[1]})
    assert from_json(json.loads(json.dumps(to_json(request)))) == request


def test_paths_are_named_as_the_shell_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "link")
    monkeypatch.setenv("PWD", str(tmp_path / "link"))
    assert make_request("x").workdir == str(tmp_path / "link")
    assert make_request("x", outputs={"a": "../a"}).outputs[0].path == str(tmp_path / "link" / ".." / "a")
    monkeypatch.setenv("PWD", "/")  # not true: the shell's word is checked
    assert make_request("x").workdir == str(tmp_path / "real")


def test_a_directory_of_its_own() -> None:
    assert request_of(("x",), **{**NOTHING, "own_workdir": True}).workdir is None


def test_the_last_equals_sign_of_a_glob_names_the_directory(tmp_path: Path) -> None:
    request = request_of(("x",), **{**NOTHING, "output_globs": ("a=*.txt=out", "*.log")})
    assert request.outputs == (
        Output("glob1", str(tmp_path / "out"), "a=*.txt"),
        Output("glob2", str(tmp_path), "*.log"),
    )


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--slots", {"slots": 0}),
        ("--slots", {"slots": "2"}),
        ("--gpus", {"gpus": -1}),
        ("--mem", {"mem": "lots"}),
        ("--time", {"time": "5"}),
        ("--workdir", {"workdir": "absent"}),
        ("--workdir", {"workdir": "."} | {"own_workdir": True}),
        ("--input", {"inputs": ("absent",)}),
        ("--env", {"env": ("NOVALUE",)}),
        ("--env", {"env": ("a b=c",)}),
        ("--env", {"env": ("$(id)=c",)}),
        ("--env", {"env": ("A=1", "A=2")}),
        ("--param", {"params": ("=x",)}),
        ("--output", {"outputs": ("a-b=c",)}),
        ("--output", {"outputs": ("a=",)}),
        ("--output", {"outputs": ("PATH",)}),
        ("--output-glob", {"output_globs": ("/etc/*",)}),
        ("--output-glob", {"output_globs": ("../*=x",)}),
        ("--output-glob", {"output_globs": ("a/../../*",)}),
        ("--output-glob", {"output_globs": ("",)}),
        ("command", {"command": ("",)}),
        ("command", {"command": ("", "x")}),
        ("COMMAND", {"command": ()}),
    ],
)
def test_what_cannot_be_meant_names_its_option(option: str, given: dict[str, object]) -> None:
    asked = {**NOTHING, "command": ("x",), **given}
    with pytest.raises(OptionError) as caught:
        request_of(**asked)  # type: ignore[arg-type]
    assert str(caught.value).startswith(option)


def test_a_programs_slips_are_told_as_a_persons_are() -> None:
    for asked, said in (
        ({"mem": 4}, "--mem '4': a unit is missing"),
        ({"time": 30}, "--time '30': a unit is missing"),
        ({"slots": 1.5}, "--slots 1.5: not a whole number"),
        ({"env": {"THREADS": 4}}, "--env 'THREADS': its value 4 is not text (write '4')"),
    ):
        with pytest.raises(OptionError) as caught:
            make_request("true", **asked)  # type: ignore[arg-type]
        assert str(caught.value).startswith(said)


def test_both_lists_of_options_agree() -> None:
    assert {"command", *Asked.__annotations__} == set(inspect.signature(make_request).parameters)


def test_a_variable_without_a_value_takes_the_one_it_has_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a secret is in no argument of ours."""
    monkeypatch.setenv("TOKEN", "s=cret")
    monkeypatch.delenv("ABSENT", raising=False)
    request = request_of(("x",), **{**NOTHING, "env": ("TOKEN", "A=1", "EMPTY=")})
    assert request.env == {"TOKEN": "s=cret", "A": "1", "EMPTY": ""}
    with pytest.raises(OptionError, match=r"--env 'ABSENT'.*is not set here"):
        request_of(("x",), **{**NOTHING, "env": ("ABSENT",)})
