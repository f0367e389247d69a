from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from abell.printable import printable, printable_lines

ANY_TEXT = st.text(st.characters(codec=None))  # lone surrogates too: that is how odd bytes in argv arrive


@given(ANY_TEXT)
def test_nothing_that_a_terminal_obeys_gets_through(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown


@given(ANY_TEXT)
def test_lines_and_tabs_stay(text: str) -> None:
    shown = printable_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.count("\t") == text.count("\t")
    assert shown.replace("\n", "").replace("\t", "").isprintable()


def test_escapes_are_those_of_python() -> None:
    assert printable("a\x1b[31m\n\x9b\u202e\udc80é") == r"a\x1b[31m\n\x9b\u202e\udc80é"
