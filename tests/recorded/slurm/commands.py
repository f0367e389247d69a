"""The commands that the Slurm back end makes, with words to fill in, as `commands.json` beside this file.

`record` reads that file: it also runs on Pythons that cannot import the back end. After a change to a command:

    python -m tests.recorded.slurm.commands      and record again; see README.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abell.backends.contract import Call, Exited, Reply, Steps, Submission
from abell.backends.slurm import Slurm
from abell.backends.slurm_options import SAID_BY
from abell.job import Resources

FILE = Path(__file__).with_name("commands.json")
NO_SUCH_JOB = Exited(1, "", "slurm_load_jobs error: Invalid job id specified")


def submission(native: str = "", *, requeue: bool = False, **changed: str) -> Submission:
    words = {
        "key": "KEY",
        "name": "NAME",
        "directory": "<DIRECTORY>",
        "script": "<SCRIPT>",
        "stdout": "<STDOUT>",
        "stderr": "<STDERR>",
    }
    return Submission(
        **{**words, **changed},  # type: ignore[arg-type]
        job_id=1,
        number=1,
        resources=Resources(),
        params={"native_specification": native},
        runner_params={},
        workers=1,
        requeue=requeue,
    )


def calls(steps: Any, *replies: Reply) -> Iterator[tuple[str, ...]]:
    """The commands of these steps, given these replies; the later ones are left out."""
    want = next(steps)
    for reply in replies:
        assert isinstance(want, Call)
        yield want.argv
        want = steps.send(reply)
    assert isinstance(want, Call)
    yield want.argv


def poll(native: str) -> Iterator[tuple[str, ...]]:
    steps: Steps[Any] = Slurm().poll([native])
    return calls(steps, Exited(0, "", ""), NO_SUCH_JOB)


def commands() -> dict[str, Any]:
    queue, show, book = poll("<ID>")
    queue_m, show_m, book_m = poll("<ID>.<CLUSTER>")
    version, ping, config = calls(Slurm().check(), Exited(0, "slurm-wlm", ""), Exited(0, "is UP", ""))
    [submit] = calls(Slurm().submit([submission()]))
    [named] = calls(Slurm().submit([submission("-M CLUSTER")]))
    submit_m = [word.replace("CLUSTER", "<CLUSTER>") for word in named]
    [cancel] = calls(Slurm().cancel(["<ID>"], ""))
    [cancel_m] = calls(Slurm().cancel(["<ID>.<CLUSTER>"], ""))
    return {
        "header": Slurm().header(submission()),
        "header, requeue": Slurm().header(submission(requeue=True)),
        "gives way": {f"--{name}": sorted(f"--{other}" for other in others) for name, others in SAID_BY.items()},
        "submit": submit,
        "submit -M": submit_m,
        "queue": queue,
        "queue -M": queue_m,
        "book": book,
        "book -M": book_m,
        "show": show,
        "show -M": show_m,
        "cancel": cancel,
        "cancel -M": cancel_m,
        "version": version,
        "ping": ping,
        "config": config,
    }


def text() -> str:
    return json.dumps(commands(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
