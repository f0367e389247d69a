"""Reading a native specification: a DRM's own options as its command's getopt_long(3) would read them.

`-n4 -p short --mem=4G --exclusive`: words in the quotes of a shell, long names whole or as a prefix that only one has,
short ones bundled. An option that the table does not have is left as it is: the DRM knows its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Known:
    """An option of the DRM's command."""

    name: str
    letter: str = ""
    takes: Literal["nothing", "value", "perhaps"] = "value"  # perhaps: only in the same word
    refused: str = ""  # why an administrator may not write it, and what to do instead


@dataclass(frozen=True, slots=True)
class Native:
    """One option as written. `name`: its long name, or as written if nobody knows it."""

    name: str
    value: str | None
    words: tuple[str, ...]


class NativeError(ValueError):
    """A native specification that cannot be used; the text names the option and the remedy."""


def shell_words(text: str) -> list[str]:
    """The words of a native specification, in a shell's quotes. NativeError for what cannot be one."""
    for character in text:
        if not (character.isprintable() or character in " \t\r\n"):
            raise NativeError(f"{character!r} cannot stand in it: remove that character")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise NativeError(f"{str(error).lower()}: close the quote, or write a backslash before it") from error
    if any("\n" in word or "\r" in word for word in words):
        raise NativeError("a value goes over several lines: write it in one")
    return words


class Table:
    """The options of one command."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._by_name: Mapping[str, Known] = {option.name: option for option in known}
        self._by_letter: Mapping[str, Known] = {option.letter: option for option in known if option.letter}

    def read(self, text: str) -> tuple[Native, ...]:
        """The options of a native specification. NativeError for what cannot be, or may not be, one."""
        return tuple(self._options(shell_words(text)))

    def _options(self, words: Sequence[str]) -> Iterator[Native]:
        rest = iter(words)
        for word in rest:
            if word.startswith("--") and len(word) > 2:
                yield self._long(word, rest)
            elif word.startswith("-") and len(word) > 1 and word != "--":
                yield from self._short(word, rest)
            else:
                raise NativeError(f"{word!r} is no option: options begin with '-'; write a value as --option=value")

    def _long(self, word: str, rest: Iterator[str]) -> Native:
        written, equals, value = word[2:].partition("=")
        known = self._named(written)
        if known is None:
            return Native(written, value if equals else None, (word,))
        if known.refused:
            raise NativeError(f"--{known.name} cannot be used here: {known.refused}")
        if known.takes != "value" or equals:
            return Native(known.name, value if equals else None, (word,))
        return self._with_next(known, word, rest)

    def _short(self, word: str, rest: Iterator[str]) -> Iterator[Native]:
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            known = self._by_letter.get(letter)
            if known is None:
                yield Native(letter, letters or None, (f"-{letter}{letters}",))
                return
            if known.refused:
                raise NativeError(f"-{letter} (--{known.name}) cannot be used here: {known.refused}")
            if known.takes == "nothing":
                yield Native(known.name, None, (f"-{letter}",))
            elif letters or known.takes == "perhaps":
                yield Native(known.name, letters or None, (f"-{letter}{letters}",))
                return
            else:
                yield self._with_next(known, f"-{letter}", rest)
                return

    def _with_next(self, known: Known, word: str, rest: Iterator[str]) -> Native:
        value = next(rest, None)
        if value is None:
            raise NativeError(f"{word} needs a value")
        return Native(known.name, value, (word, value))

    def _named(self, written: str) -> Known | None:
        """The option of this name, or the only one that begins so; a prefix of a refused one is refused too."""
        if exact := self._by_name.get(written):
            return exact
        near = [known for name, known in self._by_name.items() if name.startswith(written)]
        refused = next((known for known in near if known.refused), None)
        return refused or (near[0] if len(near) == 1 else None)


def one_line(options: Sequence[Native], quote: Callable[[str], str]) -> str:
    """The options as one line of a job script, each word quoted as that DRM's reader wants it."""
    return " ".join(quote(word) for option in options for word in option.words)
