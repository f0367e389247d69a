"""A plan into the files of a job script. Pure: the only thing read are this package's shell fragments, once.

The order is Galaxy's, on which configurations rely: slots before the destination's `env`, which may replace them;
memory after it, keeping what it set.
"""

from __future__ import annotations

import os
import shlex
from functools import cache
from pathlib import Path

from abell.config.model import EnvEntry
from abell.script.bell import is_token
from abell.script.plan import ScriptPlan
from abell.script.quoting import expanding, literal, pattern, variable

INTEGRITY_VARIABLE = "ABC_TEST_JOB_SCRIPT_INTEGRITY_XYZ"  # Galaxy's
INTEGRITY_CODE = 42
_EXPLICIT_TMP = "TEMP= TMP= TMPDIR="  # the destination's `tmp_dir` goes before the node's; its `env` before both
_STREAMS = ">&7 2>&8 7>&- 8>&-"  # opened by run.sh
_BATCH = (
    '    then set -- "$@" "$abell_path"; fi',
    '    if [ "$#" = 64 ]; then abell_measure "$@"; set --; fi',
    '    [ -z "$abell_cut" ] || break',
    "  done",
)
_TRUE = frozenset(("1", "true", "yes", "on", "y", "t"))
_FALSE = frozenset(("", "0", "false", "no", "off", "n", "f", "none"))


def build(plan: ScriptPlan) -> dict[str, bytes]:
    """File name -> content, for `plan.directory`. Run `job.sh` as an executable, or with `plan.shell`.

    They hold the values of the user's environment: give them no wider mode than the job's user needs.
    Raises ValueError for what no script can hold: a NUL byte, a bad variable name, a header line that is no comment.
    """
    files = {"job.sh": _job(plan)}
    if isinstance(plan.command, str):
        files["tool.sh"] = f"{_interpreter(plan)}\n{plan.command}\n"
    if plan.metadata:
        files["metadata.sh"] = f"{_interpreter(plan)}\n{plan.metadata}\n"
    environment = _environment(plan)
    if environment:
        files["environment.sh"] = environment
    for name, text in files.items():
        if "\0" in text:
            raise ValueError(f"{name}: a script cannot contain a NUL byte")
    return {name: os.fsencode(text) for name, text in files.items()}


def _job(plan: ScriptPlan) -> str:
    """The order of a job's life, one part a line."""
    return "".join(
        (
            _shebang(plan),
            _integrity(plan),
            _fragment("prelude"),
            _head(plan),
            _lock(plan),
            _record_more(plan),
            _after_record(plan),
            _fragment("ending"),
            _requeue(plan),
            _slots(plan),
            _galaxy(plan),
            _directories(plan),
            _fragment("environment") if _has_environment(plan) else "",
            _fragment("temp"),
            _exports(plan),
            f"abell_stage=workdir\ncd {literal(plan.workdir or plan.directory + '/working')} || exit 1\n",
            _memory(plan),
            _command(plan),
            _fragment("run"),
            _metadata(plan),
            "abell_end\n",
        )
    )


@cache
def _fragment(name: str) -> str:
    """A piece of constant shell; lines beginning with `##` are notes to its readers here and are left out."""
    text = (Path(__file__).parent / "fragments" / f"{name}.sh").read_text("utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("##"))


def _shebang(plan: ScriptPlan) -> str:
    """DRMs read directives up to the first command, so they come first."""
    if not plan.shell.startswith("/") or "\n" in plan.shell:
        raise ValueError(f"shell {plan.shell!r} must be one line that begins with an absolute path")
    for line in plan.headers:
        if not line.startswith("#") or "\n" in line or "\r" in line:
            raise ValueError(f"directive {line!r} must be one line that begins with '#'")
    return "\n".join((_interpreter(plan), *plan.headers, f"# Abell job {plan.job_id}, attempt {plan.attempt}", ""))


def _interpreter(plan: ScriptPlan) -> str:
    """The kernel hands on all that follows the program as one argument (execve(2), "Interpreter scripts")."""
    splits = "/usr/bin/env -S " if len(plan.shell.split()) > 2 else ""
    return f"#!{splits}{plan.shell}"


def _integrity(plan: ScriptPlan) -> str:
    if not plan.integrity_check:
        return ""
    return f'if [ -n "${{{INTEGRITY_VARIABLE}:-}}" ]; then exit {INTEGRITY_CODE}; fi\n'


def _head(plan: ScriptPlan) -> str:
    umask = "" if plan.umask is None else f"umask {plan.umask:04o}\n"
    codes = f"abell_own_codes='{' '.join(map(str, plan.own_codes))}'\n" if plan.own_codes else ""
    return (
        f"abell_job={plan.job_id} abell_run={plan.run} abell_code=1\n"
        f"abell_directory={literal(plan.directory)}\n"
        f"abell_control={literal(plan.control)}\n"
        f'abell_native="{plan.own_id}"\n'
        f"abell_patience={plan.record_patience_s} abell_checksums={'1' if plan.checksums else ''}\n"
        f"{codes}{umask}{_fragment('node')}"
    )


def _lock(plan: ScriptPlan) -> str:
    if not plan.use_lock:
        return ""
    if plan.run != 1:
        raise ValueError(f"run {plan.run}: the locks of an attempt are numbered from 1, by the script itself")
    return _fragment("lock") + _fragment("lock_requeue" if plan.requeue else "lock_once")


def _record_more(plan: ScriptPlan) -> str:
    """What this job's record has beyond every job's."""
    functions, calls = "", []
    if plan.watch_cgroup:
        functions += _fragment("cgroup")
        calls.append("abell_record_cgroup")
    if plan.outputs or plan.globs:
        functions += _fragment("outputs") + _record_outputs(plan)
        calls.append("abell_record_outputs")
    return f"{functions}abell_record_more() {{ {' && '.join(calls) or ':'}; }}\n"


def _after_record(plan: ScriptPlan) -> str:
    """What follows the record: the mark that no later run is wanted, and the bell."""
    functions, calls = "", []
    if plan.requeue:
        calls.append('[ "$abell_code$abell_signals" != 0 ] || printf "" >"$abell_control/done.$abell_run"')
    if plan.bell:
        if not is_token(plan.bell.token):
            raise ValueError(f"bell token {plan.bell.token!r} is not of the kind that is listened for")
        functions = _fragment("bell")
        calls.append(f"abell_ring {literal(plan.bell.spool)} {plan.bell.token}")
    return f"{functions}abell_after() {{\n  {'; '.join(calls) or ':'}\n}}\n"


def _record_outputs(plan: ScriptPlan) -> str:
    """The function that goes through the outputs; files of a pattern that are links are not the job's."""
    declared = " ".join(literal(f"{variable(o.name, 'output')}={o.path}") for o in plan.outputs)
    lines = ["abell_record_outputs() {", "  abell_room=60000 abell_cut= abell_failed=", "  set --"]
    if declared:
        lines += [f"  for abell_each in {declared}; do", "    abell_path=${abell_each#*=}", "    if abell_see", *_BATCH]
    for glob in plan.globs:
        lines += [
            f"  for abell_path in {pattern(glob.pattern)}; do",
            f"    abell_each={variable(glob.name, 'output')}=$abell_path",
            '    if [ ! -L "$abell_path" ] && abell_see',
            *_BATCH,
        ]
    return "\n".join((*lines, _fragment("outputs_end")))


def _requeue(plan: ScriptPlan) -> str:
    """Each run begins with what the first one found, declared outputs in other places included."""
    if not plan.requeue:
        return ""
    own = f"{plan.directory}/"  # restored as a whole
    elsewhere = [o for o in plan.outputs if not o.path.startswith(own)]
    words = " ".join(literal(f"{variable(o.name, 'output')}={o.path}") for o in elsewhere)
    outputs = f"abell_elsewhere() {{\n  for abell_each in {words}; do\n{_fragment('requeue_outputs')}" if words else ""
    return _fragment("requeue") + outputs


def _slots(plan: ScriptPlan) -> str:
    asked = plan.slots or 0
    if plan.resources_from == "drm":
        return f"abell_slots_asked={asked}\n{_fragment('slots')}"
    configured = (
        "GALAXY_SLOTS_CONFIGURED=1\nexport GALAXY_SLOTS_CONFIGURED\n" if asked else "unset GALAXY_SLOTS_CONFIGURED\n"
    )
    return f"GALAXY_SLOTS={asked or 1}\nexport GALAXY_SLOTS\n{configured}"


def _galaxy(plan: ScriptPlan) -> str:
    """Galaxy's own variables, only where galaxy.yml names what they are about."""
    lines = []
    if plan.galaxy_virtual_env:
        lines.append(f"GALAXY_VIRTUAL_ENV={literal(plan.galaxy_virtual_env)}\nexport GALAXY_VIRTUAL_ENV\n")
    if plan.galaxy_lib:
        lines.append(
            f"GALAXY_LIB={literal(plan.galaxy_lib)}\nPYTHONWARNINGS=ignore\nexport GALAXY_LIB PYTHONWARNINGS\n"
        )
    return "".join(lines)


def _directories(plan: ScriptPlan) -> str:
    lines = [
        "_GALAXY_JOB_DIR=$abell_directory",
        "_GALAXY_JOB_HOME_DIR=$abell_directory/home",
        "_GALAXY_JOB_TMP_DIR=$abell_directory/tmp",
    ]
    if plan.requeue:
        lines.append('[ "$abell_run" = 1 ] || _GALAXY_JOB_TMP_DIR=$_GALAXY_JOB_TMP_DIR.$abell_run')
    if (plan.tmp_dir or "").strip().lower() in _TRUE:
        lines.append(_EXPLICIT_TMP)
    return "\n".join((*lines, ""))


def _own_tmp_dir(plan: ScriptPlan) -> str:
    """The destination's shell expression for the temporary directory; '' where it is `<directory>/tmp`."""
    value = (plan.tmp_dir or "").strip()
    return "" if value.lower() in _TRUE | _FALSE else value


def _has_environment(plan: ScriptPlan) -> bool:
    return bool(plan.environment_setup_file or plan.env or plan.job_env or _own_tmp_dir(plan))


def _environment(plan: ScriptPlan) -> str:
    """The administrator's and the user's words: a file of its own, so that a mistake in it cannot swallow the rest."""
    if not _has_environment(plan):
        return ""
    lines = []
    if tmp := _own_tmp_dir(plan):
        lines.append(f"_GALAXY_JOB_TMP_DIR={tmp}\n{_EXPLICIT_TMP}")
    if file := plan.environment_setup_file:
        lines.append(f"[ -f {literal(file)} ] && command . {literal(file)}")
    lines.extend(map(_entry, plan.env))
    for name, value in plan.job_env.items():
        variable(name, "environment variable")
        lines.append(f"{name}={literal(value)}; export {name}")
    return "\n".join((*lines, "abell_environment=ready", ""))


def _entry(entry: EnvEntry) -> str:
    if entry.kind == "file":
        return f"command . {expanding(entry.value)}"
    if entry.kind == "execute":
        return entry.value
    name = variable(entry.name, "env")
    return f"{name}={entry.value if entry.raw else expanding(entry.value)}; export {name}"


def _exports(plan: ScriptPlan) -> str:
    return "".join(f"ABELL_OUTPUT_{o.name}={literal(o.path)}\nexport ABELL_OUTPUT_{o.name}\n" for o in plan.outputs)


def _memory(plan: ScriptPlan) -> str:
    source = "memory" if plan.resources_from == "drm" else "memory_plan"
    return f"abell_memory_asked={plan.memory_mb or 0}\n{_fragment(source)}{_fragment('memory_export')}"


def _command(plan: ScriptPlan) -> str:
    """`exec` finds programs only, never a builtin of the same name; the subshell has the default signal actions."""
    if isinstance(plan.command, str):
        return f'abell_command() {{ (exec {_shell_words(plan)} "$abell_directory/tool.sh") {_STREAMS}; }}\n'
    if not plan.command or not plan.command[0] or plan.command[0].startswith("-"):
        raise ValueError(f"{plan.command!r} names no program: give one that is not empty and does not begin with '-'")
    return f"abell_command() {{ (exec {' '.join(map(literal, plan.command))}) {_STREAMS}; }}\n"


def _metadata(plan: ScriptPlan) -> str:
    if not plan.metadata:
        return ""
    return (
        f'abell_metadata() {{ (exec {_shell_words(plan)} "$abell_directory/metadata.sh"); }}\n{_fragment("metadata")}'
    )


def _shell_words(plan: ScriptPlan) -> str:
    return " ".join(map(literal, shlex.split(plan.shell)))
