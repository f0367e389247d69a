"""What a library cannot get at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from abell.hosts.library import Libraries
from abell.library.confine import allowed
from tests.library.host import Host, job


def can_read(host: Host, *paths: Path | str) -> list[bool]:
    host.order(*(f"run_job * read {path}" for path in paths))
    host.submit(job())
    lines = (host.drm / "read").read_text().splitlines()[-len(paths) :]
    for line in lines:
        assert line.endswith((": can be read", ": Permission denied", ": No such file or directory")), line
    return [line.endswith("can be read") for line in lines]


def test_the_root_is_hidden_and_all_else_is_not(host: Host) -> None:
    database, script = host.root / "abell.sqlite", host.root / "jobs" / "job.sh"
    for file in (database, script, host.folder / "beside"):
        file.write_text("x")
    host.answer("about")
    assert can_read(host, database, host.root / "libraries", script, host.folder / "beside", "/etc/passwd") == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_database_elsewhere_is_hidden_as_well(host: Host, tmp_path: Path) -> None:
    database = tmp_path / "elsewhere" / "abell.sqlite"
    database.parent.mkdir()
    for path in (database, database.with_name("other")):
        path.write_text("x")
    host.libraries = Libraries(host.root, host.environ, host.limits, (str(database),))
    assert can_read(host, database, database.with_name("other")) == [False, True]


def test_the_server_is_hidden(host: Host) -> None:
    """/proc/PID/... is as good as ptrace: its descriptors lead to the database, its environment to secrets."""
    server = f"/proc/{os.getpid()}"
    paths = [f"{server}/environ", f"{server}/mem", f"{server}/fd/0", f"{server}/root/etc/passwd"]
    assert can_read(host, *paths) == [False] * 4


def test_not_confined_where_that_is_asked_for(host: Host) -> None:
    """For libraries that need a set-user-ID program, such as pbs_iff: Landlock rules these out."""
    database = host.root / "abell.sqlite"
    database.write_text("x")
    host.order(f"run_job * read {database}")
    host.answer("submit", confine=False, jobs=[job()])
    assert (host.drm / "read").read_text() == f"{database}: can be read\n"
    assert "NoNewPrivs:\t0" in Path(f"/proc/{host.pid}/status").read_text()


def test_the_environment_has_no_secrets(make_host: Callable[..., Host]) -> None:
    secret = {
        "ABELL_TOKEN": "s",
        "GALAXY_DB": "s",
        "AWS_KEY": "s",
        "LD_PRELOAD": "",
        "SLURM_JOB_ID": "1",
        "DISPLAY": ":0",
    }
    useful = {
        "SGE_ROOT": "/sge",
        "PBS_DEFAULT": "x",
        "LSF_ENVDIR": "y",
        "SLURM_CONF": "/z",
        "HOME": "/h",
        "LC_ALL": "C",
    }
    host = make_host(environ={"PATH": os.environ["PATH"], **secret, **useful})
    host.answer("about")
    words = Path(f"/proc/{host.pid}/environ").read_bytes().decode().split("\0")
    names = {word.partition("=")[0] for word in words if word}
    assert names == {"PATH", "SGE_ROOT", "PBS_DEFAULT", "LSF_ENVDIR", "SLURM_CONF", "HOME", "LANG", "LC_MESSAGES"} | {
        "DRMAA_HOSTILE_DIR"
    }


def test_it_inherits_nothing_else(host: Host, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        host.answer("about")
        open_files = [str(entry.readlink()) for entry in Path(f"/proc/{host.pid}/fd").iterdir()]
    kinds = sorted(target.split(":")[0] for target in open_files)
    journals = [kind for kind in kinds if kind.endswith(("journal.a", "journal.b"))]
    assert len(journals) == 2
    rest = [kind for kind in kinds if kind not in journals]
    assert rest == ["/dev/null", "/memfd", "pipe", "pipe", "socket"], rest
    assert Path(f"/proc/{host.pid}/cwd").readlink() == Path("/")


WITHOUT_LANDLOCK = """
import asyncio, ctypes, struct, sys
from abell.backends.contract import Ask
from abell.hosts.library import Libraries

class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

# seccomp(2): load the number of the system call; 444 (landlock_create_ruleset) fails with ENOSYS, others are allowed
code = b"".join(
    struct.pack("=HBBI", *row)
    for row in ((0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000))
)
buffer = ctypes.create_string_buffer(code)
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
program = Program(4, ctypes.cast(buffer, ctypes.c_void_p))
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0

async def main():
    libraries = Libraries(sys.argv[1])
    reply = await libraries.ask(Ask("drmaa", "about", {"library": sys.argv[2]}))
    await libraries.close()
    print("\\n".join(reply.data["notes"]))

asyncio.run(main())
"""


def test_a_kernel_without_landlock_is_said(host: Host) -> None:
    """It goes on, and the administrator is told."""
    argv = [sys.executable, "-c", WITHOUT_LANDLOCK, str(host.root), str(host.library)]
    ran = subprocess.run(argv, env=host.environ, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == (
        f"the library is not kept from reading {host.root}: this kernel has no Landlock (Function not implemented)\n"
    )


def test_it_is_the_first_to_go_when_memory_is_short(host: Host) -> None:
    host.answer("about")
    assert Path(f"/proc/{host.pid}/oom_score_adj").read_text() == "1000\n"


@pytest.mark.parametrize(
    ("hidden", "kept", "open_", "closed"),
    [
        (["a/b"], [], ["a/c", "a/f", "d"], ["a", "a/b"]),
        (["a/b"], ["a/b/jobs"], ["a/b/jobs", "a/c", "a/f", "d"], ["a", "a/b", "a/b/db"]),
        (["a/f"], [], ["a/b", "a/c", "d"], ["a", "a/f"]),
        (["a/b", "a/b/db"], [], ["a/c", "a/f", "d"], ["a/b", "a/b/db"]),
        (["a/b"], ["d"], ["a/c", "a/f", "d"], ["a/b"]),
        (["nowhere"], [], ["a", "d"], []),
    ],
)
def test_the_paths_around_what_is_hidden(
    tmp_path: Path, hidden: list[str], kept: list[str], open_: list[str], closed: list[str]
) -> None:
    for folder in ("a/b/jobs", "a/c", "d"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("a/f", "a/b/db"):
        (tmp_path / file).write_text("")

    def below(paths: list[str]) -> list[str]:
        return [str(tmp_path / path) for path in paths]

    assert list(allowed(str(tmp_path), below(hidden), below(kept))) == below(open_)
    assert not set(below(closed)) & set(below(open_))
