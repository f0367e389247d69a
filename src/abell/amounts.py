"""How people write amounts of memory and time, and how Abell writes them back.

Memory is `4G`, `1.5G`, `512M`, `4GiB`; the units are powers of 1024, as for every DRM, also when written `GB`.
Time is `1h30m`, `90m`, `2d`, `1.5h`, or as DRMs show it `H:MM:SS` and `D-HH:MM:SS`.
A bare number is refused: it is seconds to one DRM and minutes to another, megabytes to one and bytes to another.
"""

from __future__ import annotations

import re

from abell.errors import OptionError

MEMORY_REMEDY = "write a number and a unit, for example 512M, 4G or 1.5T"
TIME_REMEDY = "write for example 30m, 1h30m, 2d, or H:MM:SS as in 1:30:00"

_NUMBER = r"([0-9]{1,12})(?:\.([0-9]{1,6}))?"
_MEMORY = re.compile(_NUMBER + r" ?([KMGTP])(?:i?B)?", re.IGNORECASE)
_BYTES = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}

_UNITS = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_TIME = re.compile("".join(rf"(?:{_NUMBER}{unit})?" for unit, _ in _UNITS), re.IGNORECASE)
_CLOCK = re.compile(r"(?:([0-9]{1,5})-)?([0-9]{1,6}):([0-5][0-9]):([0-5][0-9])")
_BARE = re.compile(r"[0-9.]+")


def memory_mb(text: str, option: str = "--mem") -> int:
    """MiB, rounded up, at least 1."""
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        problem = "a unit is missing" if _BARE.fullmatch(text.strip()) else "not an amount of memory"
        raise OptionError(option, text, problem, MEMORY_REMEDY)
    whole, fraction, unit = match.groups()
    amount = _scaled_up(whole, fraction, _BYTES[unit.upper()], 2**20)
    if amount == 0:
        raise OptionError(option, text, "a job needs some memory", "leave the option out to ask for none in particular")
    return amount


def seconds(text: str, option: str = "--time") -> int:
    """Seconds, rounded up, at least 1."""
    written = text.strip()
    if clock := _CLOCK.fullmatch(written):
        days, hours, minutes, secs = (int(part or 0) for part in clock.groups())
        amount = days * 86400 + hours * 3600 + minutes * 60 + secs
    elif written and (match := _TIME.fullmatch(written.replace(" ", ""))):
        parts = match.groups()
        amount = sum(
            _scaled_up(whole, fraction, size, 1)
            for (_, size), whole, fraction in zip(_UNITS, parts[0::2], parts[1::2], strict=True)
            if whole
        )
    else:
        problem = "a unit is missing" if _BARE.fullmatch(written) else "not a time"
        raise OptionError(option, text, problem, TIME_REMEDY)
    if amount == 0:
        raise OptionError(option, text, "a job needs some time", "leave the option out to ask for no limit")
    return amount


def _scaled_up(whole: str, fraction: str | None, size: int, unit: int) -> int:
    """whole.fraction * size / unit, rounded up, in integers: 1.1h is 3960 s and not 3961."""
    digits = fraction or ""
    tenths: int = 10 ** len(digits)
    return -(-int(whole + digits) * size // (unit * tenths))


def show_memory(mb: int) -> str:
    """The shortest exact form, which `memory_mb` reads back: 4096 -> 4G, 1536 -> 1536M."""
    for unit, size in (("P", 2**30), ("T", 2**20), ("G", 2**10)):
        if mb and mb % size == 0:
            return f"{mb // size}{unit}"
    return f"{mb}M"


def show_bytes(count: float) -> str:
    """For people: three digits at most."""
    size = float(count)
    for unit in ("B", "K", "M", "G", "T"):
        if size < 1000:
            return f"{size:.0f}{unit}" if unit == "B" or size >= 10 else f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.0f}P"


def show_seconds(amount: float) -> str:
    """For people; whole seconds read back by `seconds`: 5400 -> 1h30m. Parts of a second only below ten."""
    if 0 < amount < 10 and amount != int(amount):
        return f"{amount:.2g}s"
    left = round(amount)
    parts = []
    for unit, size in _UNITS[1:]:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
