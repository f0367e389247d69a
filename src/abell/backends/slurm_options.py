"""sbatch's options in a native specification: which are Abell's own, and what the others give a job.

Source: sbatch(1) from 20.11 to 25.05, "OPTIONS", and https://slurm.schedmd.com/sbatch.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from abell.backends import native_template
from abell.backends.native_options import Known, Native, NativeError, Table
from abell.job import Resources

NAMES = ("native_specification", "nativeSpecification")  # Abell's and Galaxy's

_NAME = "Abell finds the job by its name: name it with `abell run --name`, or use --comment"
_STREAMS = "Abell reads them in the job's directory: leave it out"
_ANSWER = "Abell reads sbatch's answer: leave it out"
_SCRIPT = "Abell writes the script: leave it out"
_REQUEUE = "set the destination's parameter `requeue` to true or false"
_USER = "it changes for whom the job runs: let the server run as that user"

OPTIONS: tuple[Known, ...] = (
    # Abell's own.
    Known("array", "a", refused="it makes many jobs of one: submit each"),
    Known("job-name", "J", refused=_NAME),
    Known("output", "o", refused=_STREAMS),
    Known("error", "e", refused=_STREAMS),
    Known("input", "i", refused="a command reads the input that it is given: leave it out"),
    Known("open-mode", refused=_STREAMS),
    Known("requeue", takes="nothing", refused=_REQUEUE),
    Known("no-requeue", takes="nothing", refused=_REQUEUE),
    Known("wrap", refused=_SCRIPT),
    Known("parsable", takes="nothing", refused=_ANSWER),
    Known("quiet", "Q", "nothing", _ANSWER),
    Known("verbose", "v", "nothing", _ANSWER),
    Known("help", "h", "nothing", _ANSWER),
    Known("usage", "u", "nothing", _ANSWER),
    Known("version", "V", "nothing", _ANSWER),
    Known("autocomplete", refused=_ANSWER),
    Known("test-only", takes="nothing", refused="nothing would be submitted: leave it out"),
    Known("wait", "W", "nothing", "sbatch would not return before the job ends: leave it out"),
    Known("wait-for-first-run", takes="nothing", refused="sbatch would not return: leave it out"),
    Known("uid", refused=_USER),
    Known("gid", refused=_USER),
    Known("export-file", refused="use the destination's `env`"),
    Known("ignore-pbs", takes="nothing", refused="Abell's scripts have no such lines: leave it out"),
    # Those that say how much a job gets.
    Known("nodes", "N"),
    Known("ntasks", "n"),
    Known("cpus-per-task", "c"),
    Known("ntasks-per-node"),
    Known("ntasks-per-socket"),
    Known("ntasks-per-core"),
    Known("ntasks-per-gpu"),
    Known("tasks-per-node"),
    Known("mincpus"),
    Known("cpus-per-gpu"),
    Known("tres-per-task"),
    Known("exclusive", takes="perhaps"),
    Known("mem"),
    Known("mem-per-cpu"),
    Known("mem-per-gpu"),
    Known("time", "t"),
    Known("time-min"),
    Known("gres"),
    Known("gpus", "G"),
    Known("gpus-per-node"),
    Known("gpus-per-socket"),
    Known("gpus-per-task"),
    Known("tres-per-job"),
    Known("tres-per-node"),
    Known("tres-per-socket"),
    Known("partition", "p"),
    Known("account", "A"),
    Known("clusters", "M"),
    Known("cluster"),  # an old spelling of --clusters
    # The others, because a value may be the next word.
    Known("acctg-freq"),
    Known("batch"),
    Known("bb"),
    Known("bbf"),
    Known("begin", "b"),
    Known("chdir", "D"),
    Known("workdir"),
    Known("cluster-constraint"),
    Known("comment"),
    Known("consolidate-segments", takes="nothing"),
    Known("constraint", "C"),
    Known("container"),
    Known("container-id"),
    Known("contiguous", takes="nothing"),
    Known("core-spec", "S"),
    Known("cores-per-socket"),
    Known("cpu-freq"),
    Known("deadline"),
    Known("delay-boot"),
    Known("dependency", "d"),
    Known("distribution", "m"),
    Known("exclude", "x"),
    Known("export"),
    Known("extra"),
    Known("extra-node-info", "B"),
    Known("get-user-env", takes="perhaps"),
    Known("gpu-bind"),
    Known("gpu-freq"),
    Known("gres-flags"),
    Known("hint"),
    Known("hold", "H", "nothing"),
    Known("kill-on-invalid-dep"),
    Known("licenses", "L"),
    Known("mail-type"),
    Known("mail-user"),
    Known("mcs-label"),
    Known("mem-bind"),
    Known("network"),
    Known("nice", takes="perhaps"),
    Known("no-kill", "k", "perhaps"),
    Known("nodefile", "F"),
    Known("nodelist", "w"),
    Known("oom-kill-step", takes="perhaps"),
    Known("overcommit", "O", "nothing"),
    Known("oversubscribe", "s", "nothing"),
    Known("share", takes="nothing"),
    Known("power"),
    Known("prefer"),
    Known("priority"),
    Known("profile"),
    Known("propagate", takes="perhaps"),
    Known("qos", "q"),
    Known("reboot", takes="nothing"),
    Known("reservation"),
    Known("resv-ports", takes="perhaps"),
    Known("segment"),
    Known("signal"),
    Known("sockets-per-node"),
    Known("spread-job", takes="nothing"),
    Known("spread-segments", takes="nothing"),
    Known("stepmgr", takes="nothing"),
    Known("switches"),
    Known("thread-spec"),
    Known("threads-per-core"),
    Known("tmp"),
    Known("tmp-mb"),
    Known("use-min-nodes", takes="nothing"),
    Known("wait-all-nodes"),
    Known("wckey"),
    Known("x11", takes="perhaps"),
)
TABLE = Table(OPTIONS)

# A directive of Abell's -> the options that say the same, or that Slurm does not take beside it.
_TASKS = frozenset({"nodes", "ntasks", "ntasks-per-node", "tasks-per-node", "ntasks-per-socket", "ntasks-per-core"})
_TASKS |= {"ntasks-per-gpu", "nodefile", "nodelist"}
_MEMORY = frozenset({"mem", "mem-per-cpu", "mem-per-gpu"})
_GPUS = frozenset({"gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task"})
_CLUSTERS = frozenset({"clusters", "cluster"})
SAID_BY: Mapping[str, frozenset[str]] = {
    "nodes": _TASKS,
    # With one task sbatch would make one node of several: "can't run 1 processes on 2 nodes, setting nnodes to 1".
    "ntasks": _TASKS - {"nodelist"},
    "cpus-per-task": (_TASKS - {"nodes", "nodelist", "nodefile"}) | {"cpus-per-task", "cpus-per-gpu", "tres-per-task"},
    "mem": _MEMORY,
    "time": frozenset({"time"}),
    "gres": _GPUS | {"gres", "tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task"},
    "partition": frozenset({"partition"}),
    "account": frozenset({"account"}),
    "chdir": frozenset({"chdir", "workdir"}),
}


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
    try:
        said = next((name for name in reversed(NAMES) if params.get(name) is not None), NAMES[0])
        own = read(native(params))
        cluster(own)
        template = params.get("native_template")
        if template is None:
            return own
        said = "native_template"
        filled = native_template.parse(str(template)).fill(given(own, asked))
        made = read(filled)
        if any(map(is_cluster, made)):
            raise native_template.TemplateError("--clusters is for native_specification")
        return (*made, *own)
    except ValueError as error:
        raise NativeError(f"{said}: {error}") from error


def check(params: Mapping[str, Any]) -> None:
    """ValueError where no job could have these parameters, whatever it asks for."""
    options(Resources(1, 1024, 3600, 1, "queue", "account"), params)


@lru_cache(maxsize=256)
def read(text: str) -> tuple[Native, ...]:
    """The options in it, read once: every job of a destination has the same.

    NativeError says what is wrong, and what to do.
    """
    options = TABLE.read(text)
    given(options, Resources())  # amounts that are none
    return options


def values(options: Iterable[Native]) -> dict[str, str]:
    """Long name -> value; of several the last one, as sbatch takes them."""
    return {option.name: option.value or "" for option in options}


def cluster(options: Iterable[Native]) -> str:
    """The cluster that `-M` names. NativeError where it names several: a job's id is the id of one cluster."""
    said = [option.value or "" for option in options if option.name in _CLUSTERS]
    if not said:
        return ""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", said[-1]) or said[-1] == "all":
        raise NativeError(f"--clusters={said[-1]}: name one cluster, and make a destination for each")
    return said[-1]


def is_cluster(option: Native) -> bool:
    """Whether it says the cluster: that goes to every command, not into the script."""
    return option.name in _CLUSTERS


def says(options: Iterable[Native], directive: str) -> bool:
    """Whether these options make Abell's own directive superfluous."""
    names = {option.name for option in options}
    if directive == "gres" and "gres" in names:
        return _gpus_of_gres(values(options)["gres"]) is not None or bool(names & (SAID_BY["gres"] - {"gres"}))
    return bool(names & SAID_BY[directive])


def given(options: Iterable[Native], asked: Resources) -> Resources:
    """What a job gets that asks for `asked` where these options are: they win.

    NativeError for an amount that sbatch would not take either.
    """
    said = values(options)
    nodes = _least(said, "nodes")
    gpus = _gpus(said, nodes or 1, asked.gpus)
    slots = _slots(said, nodes, gpus, asked.slots)
    return Resources(
        slots=slots,
        memory_mb=_memory(said, nodes or 1, slots, gpus, asked.memory_mb),
        walltime_s=walltime(said["time"]) if "time" in said else asked.walltime_s,
        gpus=gpus,
        queue=said.get("partition", asked.queue),
        account=said.get("account", asked.account),
    )


def _slots(said: Mapping[str, str], nodes: int | None, gpus: int | None, asked: int | None) -> int | None:
    per_task, per_gpu = _count(said, "cpus-per-task"), _count(said, "cpus-per-gpu")
    per_node = _count(said, "ntasks-per-node") or _count(said, "tasks-per-node")
    tasks = _count(said, "ntasks")
    if tasks is None and per_node is not None:
        tasks = per_node * (nodes or 1)
    if tasks is None and "ntasks-per-gpu" in said and gpus:
        tasks = (_count(said, "ntasks-per-gpu") or 1) * gpus
    if per_gpu is not None:
        return per_gpu * gpus if gpus else None
    if tasks is not None:
        return tasks * (per_task or 1)
    if per_task is not None:
        return per_task * (nodes or 1)
    if said.keys() & SAID_BY["cpus-per-task"]:
        return None
    return asked * nodes if asked and nodes else asked


def _memory(said: Mapping[str, str], nodes: int, slots: int | None, gpus: int | None, asked: int | None) -> int | None:
    """For the whole job. `--mem` is for each node; 0 is all that the node has."""
    if "mem-per-cpu" in said:
        return memory_mb("mem-per-cpu", said["mem-per-cpu"]) * slots if slots else None
    if "mem-per-gpu" in said:
        return memory_mb("mem-per-gpu", said["mem-per-gpu"]) * gpus if gpus else None
    if "mem" in said:
        return memory_mb("mem", said["mem"]) * nodes or None
    return asked


def _gpus(said: Mapping[str, str], nodes: int, asked: int | None) -> int | None:
    if "gpus" in said:
        return _typed_count("gpus", said["gpus"])
    if "gpus-per-node" in said:
        return _typed_count("gpus-per-node", said["gpus-per-node"]) * nodes
    if "gpus-per-task" in said:
        return _typed_count("gpus-per-task", said["gpus-per-task"]) * (_count(said, "ntasks") or 1)
    in_gres = _gpus_of_gres(said["gres"]) if "gres" in said else None
    return in_gres * nodes if in_gres is not None else asked


def _gpus_of_gres(text: str) -> int | None:
    """`gpu`, `gpu:2`, `gpu:tesla:2`, `gres/gpu:2`, `gpu=2`, several with commas; None without any."""
    found = [re.split(r"[:=]", part.strip().removeprefix("gres/").removeprefix("gres:")) for part in text.split(",")]
    counts = [int(part[-1]) if part[-1].isdecimal() else 1 for part in found if part[0] == "gpu"]
    return sum(counts) if counts else None


def _typed_count(name: str, text: str) -> int:
    """`2`, `tesla:2`, `tesla:1,kepler:1`."""
    parts = [part.rpartition(":")[2] for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise NativeError(f"--{name}={text}: not a number of GPUs; write 2 or TYPE:2")
    return sum(int(part) for part in parts)


def _count(said: Mapping[str, str], name: str) -> int | None:
    if name not in said:
        return None
    text = said[name]
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise NativeError(f"--{name}={text}: not a number from 1")
    return int(text)


def _least(said: Mapping[str, str], name: str) -> int | None:
    """`2`, `2-4`, and `1,3,5` (23.02): the least that it may be."""
    if name not in said:
        return None
    match = re.fullmatch(r"(\d{1,9})[kKmM]?([-,:]\S*)?", said[name], re.ASCII)
    if match is None:
        raise NativeError(f"--{name}={said[name]}: not a number; write 2 or 2-4")
    return int(match[1])


_SUFFIX = {"": 1, "M": 1, "G": 1024, "T": 1024**2, "P": 1024**3}


def memory_mb(name: str, text: str) -> int:
    """MiB, rounded up: `4000`, `4G`; the default unit is the MiB (sbatch(1), --mem)."""
    match = re.fullmatch(r"(\d{1,15})([KMGTP]?)(i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if match is None:
        raise NativeError(f"--{name}={text}: not an amount of memory; write 4000 (in MiB) or 4G")
    unit = match[2].upper()
    return -(-int(match[1]) // 1024) if unit == "K" else int(match[1]) * _SUFFIX[unit]


_TIME = re.compile(
    r"(?:(?P<d>\d{1,6})-(?P<dh>\d{1,6})(?::(?P<dm>\d{1,6})(?::(?P<ds>\d{1,6}))?)?)"
    r"|(?:(?P<h>\d{1,6}):(?P<hm>\d{1,6}):(?P<hs>\d{1,6}))"
    r"|(?:(?P<m>\d{1,9})(?::(?P<s>\d{1,6}))?)",
    re.ASCII,
)


def walltime(text: str) -> int | None:
    """Seconds of sbatch's --time: minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S; None: no limit (0, UNLIMITED, INFINITE).

    Slurm rounds seconds up to whole minutes (sbatch(1), --time).
    """
    if text.strip().upper() in ("0", "UNLIMITED", "INFINITE", "-1"):
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise NativeError(f"--time={text}: not a time; write minutes, H:MM:SS or D-HH:MM:SS")
    part = {name: int(value) for name, value in match.groupdict(default="0").items()}
    minutes = part["m"] + part["hm"] + part["dm"] + 60 * (part["h"] + part["dh"] + 24 * part["d"])
    return -(-(60 * minutes + part["s"] + part["hs"] + part["ds"]) // 60) * 60 or None
