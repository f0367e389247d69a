"""How Abell's directives stand in a job script: quoting, paths, names, times. Pure."""

from __future__ import annotations

import re

from abell.backends.contract import Submission

KEY = re.compile(r"\.(a[a-z2-7]{13})$")


def quoted(word: str) -> str:
    """As sbatch reads a directive: a backslash escapes also inside quotes (src/sbatch/opt.c, _get_argument)."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted_if_needed(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_@%+=,./-][A-Za-z0-9_@%+=:,./-]*", word, re.ASCII) else quoted(word)


def pattern(path: str) -> str:
    """A path as sbatch's "filename pattern" for just that file: with any backslash, `%` stands for itself."""
    return path.replace("\\", "\\\\") if "\\" in path else path.replace("%", "%%")


def job_name(submission: Submission) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9_.+-]+", "_", submission.name, flags=re.ASCII)[:40].strip("_.-")
    return f"{cleaned or f'abell-{submission.job_id}'}.{submission.key}"


def key_of(name: str) -> str:
    """The key at the end of a job's name; '' for a name that is not ours."""
    found = KEY.search(name)
    return found[1] if found else ""


def days(seconds: int) -> str:
    """D-HH:MM:SS; Slurm rounds up to minutes."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours // 24}-{hours % 24:02}:{minute:02}:{second:02}"
