"""What a destination of Grid Engine's says, and what a job with these options gets.

Source: qsub(1) and sge_types(5) of Son of Grid Engine 8.1.9; sge_complex(5) for what is counted by slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from abell.backends import native_template
from abell.backends.gridengine_accounting import resources
from abell.backends.gridengine_amounts import AmountError, mebibytes, size_bytes, time_s
from abell.backends.gridengine_native import read, values
from abell.backends.native_options import Native, NativeError
from abell.job import Resources

NAMES = ("native_specification", "nativeSpecification")  # Abell's and Galaxy's
MEMORY = ("h_vmem", "s_vmem", "mem_free", "m_mem_free", "h_rss", "virtual_free")  # those that say most first
TIME = ("h_rt", "s_rt")
_OBJECT = re.compile(r"[^\s,/:'\"|()@\[\]\\{}=-][^\s,/:'\"|()@\[\]\\{}=]*")  # sge_types(5), object_name


def native(params: Mapping[str, Any]) -> str:
    """The native specification of a destination. NativeError if it has two that differ."""
    found = {name: str(params[name]).strip() for name in NAMES if params.get(name) is not None}
    if len(set(found.values())) > 1:
        raise NativeError(f"{' and '.join(found)} say different things: keep one of them")
    return next(iter(found.values()), "")


def options(asked: Resources, params: Mapping[str, Any]) -> tuple[Native, ...]:
    """The destination's own options for a job that asks for this: the filled template, then the specification.

    ValueError says which parameter is wrong.
    """
    said = next((name for name in reversed(NAMES) if params.get(name) is not None), NAMES[0])
    try:
        own = read(native(params))
        given(own, Resources(), params)  # amounts that are none
        template = params.get("native_template")
        if template is None:
            return own
        said = "native_template"
        made = read(native_template.parse(str(template)).fill(given(own, asked, params)))
        given(made, Resources(), params)
        return (*_without(made, _kinds(own, params)), *own)
    except ValueError as error:
        raise NativeError(f"{said}: {error}") from error


def _kinds(own: Iterable[Native], params: Mapping[str, Any]) -> frozenset[str]:
    """All resources of a kind of which the destination's own options name one: of its s_rt nobody makes an h_rt."""
    said = hard(own)
    kinds = TIME, (*memory_resources(params), *MEMORY)
    return frozenset(name for kind in kinds if not said.keys().isdisjoint(kind) for name in kind)


def _without(options: Iterable[Native], names: frozenset[str]) -> Iterator[Native]:
    for option in options:
        if option.name != "l" or not names:
            yield option
        elif kept := [each for each in (option.value or "").split(",") if each.partition("=")[0] not in names]:
            yield Native("l", ",".join(kept), (option.words[0], ",".join(kept)))


def check(params: Mapping[str, Any]) -> None:
    """ValueError where no job could have these parameters, whatever it asks for."""
    parallel_environment(params)
    memory_resources(params)
    gpu_resource(params)
    options(Resources(1, 1024, 3600, 1, "queue", "account"), params)


def parallel_environment(params: Mapping[str, Any]) -> str:
    """The one for jobs with several slots; '' if the destination names none."""
    return _object(params, "parallel_environment")


def gpu_resource(params: Mapping[str, Any]) -> str:
    """The resource by which GPUs are asked for; '' if the destination names none: every site has its own."""
    return _object(params, "gpu_resource")


def memory_resources(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Those by which memory is asked for, each for one slot."""
    text = str(params.get("memory_resource") or MEMORY[0])
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        if not _OBJECT.fullmatch(name):
            raise NativeError(f"memory_resource: {name!r} is no name of a resource: write h_vmem, or h_vmem,mem_free")
    return names


def _object(params: Mapping[str, Any], name: str) -> str:
    text = str(params.get(name) or "").strip()
    if text and not _OBJECT.fullmatch(text):
        raise NativeError(f"{name}: {text!r} is no name that Grid Engine could have: write one name")
    return text


def hard(options: Iterable[Native]) -> dict[str, str]:
    """Resource -> amount of all `-l` that are no wishes (after -soft)."""
    found: dict[str, str] = {}
    soft = False
    for option in options:
        if option.name in ("soft", "hard"):
            soft = option.name == "soft"
        elif option.name == "l" and not soft:
            found |= resources(option.value or "")
    return found


def is_soft(options: Iterable[Native]) -> bool:
    """Whether requests that follow these would be wishes."""
    return next(
        (option.name == "soft" for option in reversed(tuple(options)) if option.name in ("soft", "hard")), False
    )


def given(options: Iterable[Native], asked: Resources, params: Mapping[str, Any]) -> Resources:
    """What a job gets that asks for `asked` where these options are: they win.

    Of a range of slots it is the least. NativeError for an amount that qsub would not take either.
    """
    options = tuple(options)
    said, amounts = values(options), hard(options)
    slots = least(said["pe"].partition(" ")[2]) if "pe" in said else asked.slots
    per_slot = memory_per_slot(amounts, params)
    memory = asked.memory_mb if per_slot is None else per_slot * (slots or 1)
    if per_slot is None and memory is not None and slots:
        memory = -(-memory // slots) * slots  # it is asked for by slot
    gpu = gpu_resource(params)
    return Resources(
        slots=slots,
        memory_mb=memory,
        walltime_s=_time(amounts, asked.walltime_s),
        gpus=_count(gpu, amounts[gpu]) if gpu in amounts else asked.gpus if gpu else None,
        queue=said.get("q", asked.queue),
        account=said.get("P", asked.account),
    )


def memory_per_slot(amounts: Mapping[str, str], params: Mapping[str, Any]) -> int | None:
    """MiB for one slot by these requests, rounded up; None if they say nothing of memory."""
    for name in dict.fromkeys((*memory_resources(params), *MEMORY)):
        if name in amounts:
            try:
                return mebibytes(size_bytes(amounts[name]))
            except AmountError as error:
                raise NativeError(f"-l {name}={error}") from error
    return None


def _time(amounts: Mapping[str, str], asked: int | None) -> int | None:
    for name in TIME:
        if name in amounts:
            try:
                return time_s(amounts[name])
            except AmountError as error:
                raise NativeError(f"-l {name}={error}") from error
    return asked


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise NativeError(f"-l {name}={text}: not a number of GPUs")
    return int(text)


_PART = re.compile(r"(?P<from>\d{1,7})?(?P<to>-(?:\d{1,7})?)?(?::\d{1,7})?", re.ASCII)


def least(text: str) -> int:
    """Of the slots in `-pe NAME RANGE`: `8`, `2-8`, `4-`, `-8`, and several with commas (sge_types(5), range)."""
    found = []
    for part in text.replace(" ", "").split(","):
        match = _PART.fullmatch(part)
        if not part or match is None or (match["from"] or match["to"] or "-") == "-":
            raise NativeError(f"-pe: {text!r} is no number of slots; write 8 or 2-8")
        found.append(int(match["from"] or 1))
    if min(found) < 1:
        raise NativeError(f"-pe: {text!r} is no number of slots; write 8 or 2-8")
    return min(found)


def says(options: Iterable[Native], request: str, params: Mapping[str, Any]) -> bool:
    """Whether these options say already what a request of the job would."""
    options = tuple(options)
    names, amounts = {option.name for option in options}, hard(options)
    match request:
        case "slots":
            return "pe" in names
        case "memory_mb":
            return memory_per_slot(amounts, params) is not None
        case "walltime_s":
            return any(name in amounts for name in TIME)
        case "gpus":
            return gpu_resource(params) in amounts
        case "queue":
            return "q" in names
        case "account":
            return "P" in names
    raise ValueError(request)


def requested(resources: Resources, options: Iterable[Native], params: Mapping[str, Any]) -> list[str]:
    """qsub's words for what a job asks for and these options do not say.

    ValueError where the destination lacks the word for it, with the remedy.
    """
    options = tuple(options)
    words: list[str] = []

    def wanted(request: str) -> bool:
        return getattr(resources, request) is not None and not says(options, request, params)

    if wanted("slots") and (resources.slots or 1) > 1:
        environment = parallel_environment(params)
        if not environment:
            raise NativeError(
                f"parallel_environment: the job asks for {resources.slots} slots, which Grid Engine gives only in a "
                "parallel environment: name one in the destination (`qconf -spl` lists them), or write -pe in "
                "native_specification"
            )
        words += ["-pe", environment, str(resources.slots)]
    amounts = []
    if wanted("memory_mb"):
        per_slot = -(-(resources.memory_mb or 0) // (resources.slots or 1))
        amounts += [f"{name}={per_slot}M" for name in memory_resources(params)]
    if wanted("walltime_s"):
        amounts.append(f"h_rt={resources.walltime_s}")
    if wanted("gpus") and gpu_resource(params):
        amounts.append(f"{gpu_resource(params)}={resources.gpus}")
    if amounts:
        words += ["-l", ",".join(amounts)]
    for request, option in (("queue", "-q"), ("account", "-P")):
        if wanted(request):
            words += [option, _plain(request, str(getattr(resources, request)))]
    return words


def _plain(request: str, text: str) -> str:
    if not re.fullmatch(r"[^\s-]\S*", text):
        raise NativeError(f"{request} {text!r} is no name that Grid Engine could have")
    return text
