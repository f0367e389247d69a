"""Runs the consoles of a page: its blocks of the language `console`, in order, in one shell at a terminal.

A line that begins with `$ ` is a command (`> ` goes on with it), the lines below are what it prints; `...` stands for
any number of lines, `…` for any text. Blocks with a title are files of that name. A block after
`<!-- not run: why -->` is not run. Those after `<!-- needs: slurm -->` are a play of their own, where that is up, with
the page's files in a fresh home.

python -m tests.docs.console PAGE... puts what the commands print now into the pages where it differs; look at it then.
"""

from __future__ import annotations

import errno
import os
import pty
import pwd
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.clusters.slurm.conftest import CONF, down

REPOSITORY = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^>]+ -->\n)?(?:<!-- needs: (?P<needs>\w+) -->\n)?"
    r"^```(?P<lang>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COLUMNS = 96
MARK = "\x02"  # before and after the output of each command

# What differs from one run to the next.
CHANGES = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", "TIME"),
    (r"\S+:[0-9a-f]{8}:a[a-z2-7]{13}", "ID"),
    (r"\b\d+(\.\d+)?s\b", "SECONDS"),
    (r"\b\d+(\.\d+)?[KMG]\b", "SIZE"),
    (r"\bran \d+ s\b", "ran N s"),
    (r"\bused \d+ MiB\b", "used N MiB"),
    (r"\bby [a-z_][\w-]*$", "by USER"),
    (r"\bprocess \d+\b", "process N"),
    (r"/\S*/(?=\.local/state/abell|work\b)", "/HOME/"),
    (r"[ \t]+", " "),
)


@dataclass(frozen=True)
class Need:
    """What blocks may need."""

    missing: Callable[[], str]  # why it cannot be had; '' if it can
    environ: Mapping[str, str] = field(default_factory=dict)


NEEDS: Mapping[str, Need] = {
    "": Need(lambda: ""),
    "slurm": Need(lambda: down("main"), {"SLURM_CONF": CONF.format("main")}),
}


@dataclass
class Command:
    text: str
    expected: list[str] = field(default_factory=list)


def files(page: str) -> dict[str, str]:
    return {m["title"]: m["body"] for m in BLOCK.finditer(page) if m["title"]}


def is_played(block: re.Match[str]) -> bool:
    return block["lang"] == "console" and not block["skip"] and not block["title"]


def needs(page: str) -> list[str]:
    """The plays of a page, by what they need; '' for nothing."""
    return list(dict.fromkeys(block["needs"] or "" for block in BLOCK.finditer(page) if is_played(block)))


def commands(page: str, need: str) -> list[Command]:
    found: list[Command] = []
    for block in BLOCK.finditer(page):
        if not is_played(block) or (block["needs"] or "") != need:
            continue
        for line in block["body"].splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:]))
            elif line.startswith("> ") and found and not found[-1].expected:
                found[-1].text += "\n" + line[2:]
            else:
                found[-1].expected.append(line)
    return found


def play(page: str, need: str, folder: Path) -> list[list[str]]:
    """What each command of the page with that need printed, in a fresh home; the engine that it started is ended."""
    binaries, work = folder / "bin", folder / "work"
    for directory in (binaries, work):
        directory.mkdir()
    abell = binaries / "abell"
    abell.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m abell "$@"\n')
    abell.chmod(0o755)
    python = binaries / "python3"
    python.symlink_to(sys.executable)
    for name, text in files(page).items():
        (work / name).write_text(text)
    environ = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY / "src"),
        "VIRTUAL_ENV": sys.prefix,
        "HOME": str(folder),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "COLUMNS": str(COLUMNS),
        "XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", ""),
        **NEEDS[need].environ,
    }
    script = "\n".join(f"_code=$?; printf '{MARK}'; (exit $_code)\n{command.text}" for command in commands(page, need))
    try:
        return shown(script, work, environ)
    finally:
        for verb in (["cancel", "--all"], ["stop"]):
            subprocess.run([str(abell), *verb], env=environ, cwd=work, capture_output=True, timeout=60, check=False)


def shown(script: str, work: Path, environ: dict[str, str]) -> list[list[str]]:
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "-c", script], cwd=work, env=environ, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    data = b""
    while chunk := _read(ours):
        data += chunk
    os.close(ours)
    shell.wait()
    text = data.decode(errors="replace").replace("\r\n", "\n")
    return [_seen(part) for part in text.split(MARK)[1:]]


def _seen(output: str) -> list[str]:
    """The lines that stay on the screen: without those that said what it waits for, and were erased; no colours."""
    output = re.sub(r"\r\x1b\[K[^\n\r]*(?=\r\x1b\[K)", "", output).replace("\r\x1b[K", "")
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", output).rstrip("\n").split("\n")]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # nobody has the terminal open any more
            return b""
        raise


def plain(line: str) -> str:
    for what, instead in CHANGES:
        line = re.sub(what, instead, line)
    return line.strip()


def agrees(expected: list[str], got: list[str]) -> bool:
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(plain(line)).replace("…", ".*") + r"\n"
        for line in expected
        if line.strip()
    )
    return re.fullmatch(pattern, "".join(plain(line) + "\n" for line in got if line.strip())) is not None


def renewed(page: str) -> str:
    """The page with what its commands print now; names of this machine and user are replaced."""
    printed = {}
    homes = {}
    for need in needs(page):
        if missing := NEEDS[need].missing():
            sys.exit(missing)
        with tempfile.TemporaryDirectory() as home:
            printed[need], homes[need] = iter(play(page, need, Path(home))), home
    account = pwd.getpwuid(os.geteuid()).pw_name

    def block(match: re.Match[str]) -> str:
        if not is_played(match):
            return match[0]
        need = match["needs"] or ""
        lines = []
        for command in commands(match[0], need):
            lines.append("$ " + command.text.replace("\n", "\n> "))
            seen = next(printed[need])
            if agrees(command.expected, seen):
                lines += command.expected
                continue
            got = "\n".join(seen).strip("\n").replace(homes[need], "/home/maria")
            lines += [re.sub(rf"\bby {account}$", "by maria", got, flags=re.MULTILINE)] if got else []
        return match[0].partition("```console\n")[0] + "```console\n" + "\n".join(lines) + "\n```"

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(renewed(Path(name).read_text()))
