"""Macros of job_conf.xml: tokens, imports, yields; circles and growth are errors."""

from __future__ import annotations

from pathlib import Path

FRAME = """\
<job_conf>
  <plugins><plugin id="local" load="local"/></plugins>
  <destinations default="a">
    {0}
  </destinations>
  <macros>
    {1}
  </macros>
</job_conf>
"""


def destinations(load_text, uses: str, macros: str):
    return load_text(FRAME.format(uses, macros), "job_conf.xml").configuration.destinations


def test_arguments_defaults_and_quotes(load_text) -> None:
    found = destinations(
        load_text,
        '<expand macro="m" id="a" n="2"/><expand macro="m" id="b" n="3" word="other"/>',
        '<xml name="m" tokens="id,n" token_word="usual" token_quote="$">'
        '<destination id="$ID$" runner="local"><param id="local_slots">$N$</param><param id="w">$WORD$</param>'
        "</destination></xml>",
    )
    assert found["a"].params == {"local_slots": 2, "w": "usual"}
    assert found["b"].params == {"local_slots": 3, "w": "other"}


def test_global_tokens_name_others(load_text) -> None:
    found = destinations(
        load_text,
        '<destination id="a" runner="@R@"><param id="x">@BOTH@</param></destination>',
        '<token name="@R@">local</token><token name="@BOTH@">@R@ and @R@</token>',
    )
    assert found["a"].runner == "local"
    assert found["a"].params["x"] == "local and local"


def test_macros_in_macros_and_yields(load_text) -> None:
    found = destinations(
        load_text,
        '<expand macro="outer" id="a"><token name="env"><env id="A">1</env></token><param id="y">2</param></expand>',
        '<macro type="xml" name="outer" tokens="id"><destination id="@ID@" runner="local">'
        '<expand macro="inner"><yield/></expand><yield name="env"/></destination></macro>'
        '<xml name="inner"><param id="x">1</param><yield/></xml>',
    )
    assert found["a"].params == {"x": "1", "y": "2"}
    assert [(e.name, e.value) for e in found["a"].env] == [("A", "1")]


def test_imports_are_relative_to_the_file_that_names_them(load_text, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.xml").write_text("<macros><import>two.xml</import><token name='@N@'>5</token></macros>")
    (tmp_path / "sub" / "two.xml").write_text(
        "<macros><token name='@N@'>4</token><xml name='m'>\n<destination id='a' runner='local'>"
        "<param id='local_slots'>@N@</param></destination></xml></macros>"
    )
    loaded = load_text(FRAME.format('<expand macro="m"/>', "<import>sub/one.xml</import>"), "job_conf.xml")
    destination = loaded.configuration.destinations["a"]
    assert destination.params["local_slots"] == 5  # the importing file wins
    assert destination.place.file.endswith("sub/two.xml")
    assert destination.place.line == 2
    assert [Path(f).name for f in loaded.configuration.files] == ["job_conf.xml", "one.xml", "two.xml"]


def test_what_is_wrong_with_macros(errors_of, tmp_path: Path) -> None:
    (tmp_path / "self.xml").write_text("<macros><import>self.xml</import></macros>")
    errors = errors_of(
        FRAME.format(
            '<destination id="a" runner="local"/><expand macro="loop"/><expand macro="lop"/>\n<expand macro="need"/>',
            '<xml name="loop"><expand macro="pool"/></xml><xml name="pool"><expand macro="loop"/></xml>\n'
            '<xml name="need" tokens="id"/><xml/><token name="@A@">@B@</token><token name="@B@">@A@</token>\n'
            "<import>self.xml</import><import>missing.xml</import>",
        ),
        "job_conf.xml",
    )
    assert len(errors) == 7
    text = "\n".join(errors)
    assert "circular macro: loop expands pool expands loop (a macro cannot contain itself)" in text
    assert ":4: no macro is named 'lop' (did you mean 'loop'?)" in text
    assert ":5: the macro 'need' needs 'id' (add id=\"...\" to this <expand>)" in text
    assert ":9: a macro of type xml without a name" in text
    assert "circular token" in text
    assert "self.xml:1: circular import of macros: self.xml imports self.xml" in text
    assert ":10: cannot read" in text


def test_growth_is_bounded(errors_of) -> None:
    bomb = "".join(
        f'<xml name="m{i}">' + f'<expand macro="m{i - 1}"/>' * 10 + "</xml>" if i else '<xml name="m0"><param/></xml>'
        for i in range(12)
    )
    errors = errors_of(FRAME.format('<destination id="a" runner="local"/><expand macro="m11"/>', bomb), "job_conf.xml")
    assert errors == [
        "job_conf.xml:7: the macros expand to more than 100000 elements (macros that multiply one another grow without "
        "bound)"
    ]


def test_tokens_are_bounded(errors_of) -> None:
    tokens = "".join(f'<token name="@{i}@">' + f"@{i - 1}@" * 10 + "</token>" for i in range(1, 12))
    errors = errors_of(
        FRAME.format('<destination id="a" runner="local"/>', '<token name="@0@">xxxxxxxxxx</token>' + tokens),
        "job_conf.xml",
    )
    assert [e.split(": ", 1)[1] for e in errors] == [
        "the tokens grow without bound (tokens multiply one another: use fewer)"
    ]
    many = "".join(f'<token name="@{i}@"/>' for i in range(300))
    assert "more than 200 tokens" in errors_of(FRAME.format("", many), "job_conf.xml")[0]
    wide = f'<token name="@A@">{"x" * 100_000}</token>'
    uses = f'<destination id="a" runner="local"><param id="p">{"@A@" * 100_000}</param></destination>'
    assert "the tokens grow without bound" in errors_of(FRAME.format(uses, wide), "job_conf.xml")[0]


def test_depth_is_bounded(errors_of, tmp_path: Path) -> None:
    chain = '<xml name="m0"/>' + "".join(f'<xml name="m{i}"><expand macro="m{i - 1}"/></xml>' for i in range(1, 3000))
    errors = errors_of(
        FRAME.format('<destination id="a" runner="local"/><expand macro="m2999"/>', chain), "job_conf.xml"
    )
    assert "the macros nest deeper than 128 levels" in errors[0]
    for i in range(30):
        (tmp_path / f"i{i}.xml").write_text(f"<macros><import>i{i + 1}.xml</import></macros>")
    errors = errors_of(FRAME.format('<destination id="a" runner="local"/>', "<import>i0.xml</import>"), "job_conf.xml")
    assert "imports of macros nested deeper than 16 files" in errors[0]
    loop = '<token name="@A@">@B@</token><token name="@B@">@A@</token>'
    errors = errors_of(FRAME.format('<destination id="a" runner="local"/>', loop), "job_conf.xml")
    assert all("circular token" in e for e in errors)
