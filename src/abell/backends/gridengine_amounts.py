"""Times and sizes as Grid Engine writes them. Pure. Source: sge_types(5), time_specifier and memory_specifier."""

from __future__ import annotations

import re
from math import ceil

_UNITS = {
    "": 1,
    "k": 10**3,
    "K": 2**10,
    "m": 10**6,
    "M": 2**20,
    "g": 10**9,
    "G": 2**30,
    "t": 10**12,
    "T": 2**40,
    "p": 10**15,
    "P": 2**50,
}
_NO_LIMIT = ("INFINITY", "NONE", "")


class AmountError(ValueError):
    """An amount that Grid Engine would not take either; the text says what to write."""


def size_bytes(text: str) -> int | None:
    """Of a request: `4G`, `1.5G`, `512m`, `0x100`, `1048576`; small letters are powers of 1000. None: no limit."""
    word = text.strip()
    if word.upper() in _NO_LIMIT:
        return None
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})([kKmMgGtTpP]?)", word, re.ASCII)
    if match is not None:
        return ceil(float(match[1]) * _UNITS[match[2]]) if "." in match[1] else int(match[1]) * _UNITS[match[2]]
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,15}", word, re.ASCII):
        return int(word, 16)
    raise AmountError(f"{text!r} is no amount of memory: write 4G, 512M or bytes")


def time_s(text: str) -> int | None:
    """Of a request, in seconds: `3600`, `1:0:0`, `1::1`, `:30:`. None: no limit."""
    word = text.strip()
    if word.upper() in _NO_LIMIT:
        return None
    if re.fullmatch(r"\d{1,12}", word, re.ASCII):
        return int(word)
    match = re.fullmatch(r"(\d{0,9}):(\d{0,9}):(\d{0,9})", word, re.ASCII)
    if match is None:
        raise AmountError(f"{text!r} is no time: write seconds or H:MM:SS")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + rest


def mebibytes(size: int | None) -> int | None:
    """Rounded up."""
    return None if size is None else -(-size // 2**20)


def seconds(text: str) -> float | None:
    """Of qacct's figures: `4s`, `0.010s`, `314.272`, `1:02:03`; None for what is none."""
    if match := re.fullmatch(r"(\d{1,12}(?:\.\d{1,9})?)s?", text, re.ASCII):
        return float(match[1])
    if match := re.fullmatch(r"(?:(\d{1,6}):)?(\d{1,6}):(\d{1,4}):(\d{1,2}(?:\.\d{1,9})?)", text, re.ASCII):
        return 86400 * int(match[1] or 0) + 3600 * int(match[2]) + 60 * int(match[3]) + float(match[4])
    return None


def usage_bytes(text: str) -> int | None:
    """Of qacct's figures: `259.672MB`, `3.477MB`, `1.656G`, `0.000B`, `0.000`; None for what is none."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)([KMGTP]?)B?", text, re.ASCII)
    return int(float(match[1]) * _UNITS[match[2]]) if match else None


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
