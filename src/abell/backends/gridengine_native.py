"""Reading a native specification as qsub would: options of one dash, each with so many values in words of their own.

`-P bignodes -R y -pe threads 8 -l h_vmem=2G,h_rt=1:0:0`. An option that the table does not have is left as it is, with
the words up to the next dash as its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from abell.backends.native_options import Native, NativeError, shell_words


@dataclass(frozen=True, slots=True)
class Known:
    """An option of qsub's. `values`: how many words follow it."""

    name: str
    values: int = 1
    refused: str = ""  # why an administrator may not write it, and what to do instead


_NAME = "Abell finds the job by its name: name it with `abell run --name`, or use -ac"
_STREAMS = "Abell reads them in the job's directory: leave it out"
_ANSWER = "Abell reads qsub's answer: leave it out"
_SCRIPT = "Abell writes the script, and says how it is run: leave it out"
_REQUEUE = "set the destination's parameter `requeue` to true or false"
_ARRAY = "it makes many jobs of one: submit each"
_CHECKPOINT = f"a job would go on elsewhere from a checkpoint, which Abell's script cannot: {_REQUEUE}"

# qsub(1) of Son of Grid Engine 8.1.9; those after the second comment are Univa's 8.6 and Altair's.
OPTIONS: tuple[Known, ...] = (
    # Abell's own.
    Known("N", refused=_NAME),
    Known("o", refused=_STREAMS),
    Known("e", refused=_STREAMS),
    Known("i", refused="a command reads the input that it is given: leave it out"),
    Known("j", refused=_STREAMS),
    Known("t", refused=_ARRAY),
    Known("tc", refused=_ARRAY),
    Known("hold_jid_ad", refused=_ARRAY),
    Known("terse", 0, _ANSWER),
    Known("verbose", 0, _ANSWER),
    Known("help", 0, _ANSWER),
    Known("sync", refused="qsub would not return before the job ends: leave it out"),
    Known("now", refused="the job would be dropped if it could not start at once: leave it out"),
    Known("verify", 0, "nothing would be submitted: leave it out"),
    Known("b", refused=_SCRIPT),
    Known("shell", refused=_SCRIPT),
    Known("noshell", 0, _SCRIPT),
    Known("S", refused="set the destination's `shell`"),
    Known("C", refused=_SCRIPT),
    Known("@", refused="write the file's options here"),
    Known("r", refused=_REQUEUE),
    Known("c", refused=_CHECKPOINT),
    Known("ckpt", refused=_CHECKPOINT),
    Known("u", refused="it changes for whom the job runs: let the server run as that user"),
    Known("inherit", 0, "it is qrsh's: leave it out"),
    # The others, because values are words of their own.
    Known("a"),
    Known("ac"),
    Known("ar"),
    Known("A"),
    Known("binding"),  # or two: `env`, `pe` or `set` before the strategy
    Known("clear", 0),
    Known("cwd", 0),
    Known("dc"),
    Known("display"),
    Known("dl"),
    Known("h", 0),
    Known("hard", 0),
    Known("he"),
    Known("hold_jid"),
    Known("js"),
    Known("jsv"),
    Known("l"),
    Known("m"),
    Known("M"),
    Known("masterq"),
    Known("nostdin", 0),
    Known("notify", 0),
    Known("ot"),
    Known("p"),
    Known("P"),
    Known("pe", 2),
    Known("pty"),
    Known("q"),
    Known("R"),
    Known("sc"),
    Known("soft", 0),
    Known("v"),
    Known("V", 0),
    Known("w"),
    Known("wd"),
    # Univa and Altair.
    Known("adds", 3),
    Known("mods", 3),
    Known("clearp"),
    Known("clears", 2),
    Known("bgio"),
    Known("jc"),
    Known("masterl"),
    Known("mbind"),
    Known("par"),
    Known("rdi"),
    Known("rou", refused=_REQUEUE),
    Known("scope"),
    Known("si", refused=_ANSWER),
    Known("suspend_remote"),
    Known("tcon", refused=_ARRAY),
    Known("umask"),
    Known("when"),
    Known("xd"),
    Known("xdv"),
    Known("xd_run_as_image_user"),
    Known("petask"),
)
_KNOWN: Mapping[str, Known] = {option.name: option for option in OPTIONS}
_BINDING = ("env", "pe", "set")


@lru_cache(maxsize=256)
def read(text: str) -> tuple[Native, ...]:
    """The options in it, read once: every job of a destination has the same. NativeError says what to do.

    The `value` of an option with several is their words, with a space between.
    """
    return tuple(_options(shell_words(text)))


def _options(words: list[str]) -> Iterator[Native]:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not re.fullmatch(r"-[A-Za-z@_]\S*", word):
            raise NativeError(f"{word!r} is no option: options begin with '-', and values are words of their own")
        name = word[1:]
        known = _KNOWN.get(name)
        if known is None:
            many = next((n for n, each in enumerate(rest) if each.startswith("-")), len(rest))
        elif known.refused:
            raise NativeError(f"-{name} cannot be used here: {known.refused}")
        else:
            many = known.values + (name == "binding" and rest[:1] != [] and rest[0] in _BINDING)
        if many > len(rest):
            raise NativeError(f"-{name} needs {'a value' if many == 1 else f'{many} values'}")
        values, rest = rest[:many], rest[many:]
        yield Native(name, " ".join(values) if values else None, (word, *values))


def values(options: Iterable[Native]) -> dict[str, str]:
    """Option -> its value; of several the last one, as qsub takes them."""
    return {option.name: option.value or "" for option in options}
