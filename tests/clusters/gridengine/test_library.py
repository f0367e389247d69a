"""The library host with Grid Engine's own libdrmaa, as its package has it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from abell.backends.contract import Answered
from abell.hosts.library_limits import Limits
from tests.clusters.gridengine.clusters import FRAIL, accounted, environ, grid, using, why_down, without
from tests.library.host import Host, eventually, job

pytestmark = pytest.mark.timeout(300, func_only=True)
Submit = Callable[..., str]


class GridHost(Host):
    """A host with the library of a cell."""

    def __init__(self, folder: Path, cell: str) -> None:
        self.cell = cell
        library = Path(environ(cell)["DRMAA_LIBRARY_PATH"])
        super().__init__(folder, library, Limits(first_pause_s=0.2), {**os.environ, **environ(cell)})
        self.ids: list[str] = []

    @property
    def process(self) -> int:
        [session] = self.libraries._sessions.values()
        assert session._process is not None
        return session._process.pid

    def run(self, command: str, **more: Any) -> str:
        """The job's id."""
        [answer] = self.submit(job("ajob", command, **{"outputPath": ":/dev/null", "joinFiles": True, **more}))
        assert "id" in answer, answer
        self.ids.append(answer["id"])
        return str(answer["id"])

    def ending(self, native_id: str) -> Any:
        return eventually(lambda: self.look(native_id).get(native_id, {}).get("ended"), f"job {native_id} ends")


@pytest.fixture
def main(tmp_path: Path) -> Iterator[GridHost]:
    if why := why_down("main"):
        pytest.skip(why)
    with using("main"):
        host = GridHost(tmp_path, "main")
        yield host
        _clear(host)


@pytest.fixture
def frail(tmp_path: Path) -> Iterator[GridHost]:
    if why := why_down(FRAIL):
        pytest.skip(why)
    with using(alone=[FRAIL]):
        host = GridHost(tmp_path, FRAIL)
        yield host
        _clear(host)


def _clear(host: GridHost) -> None:
    host.stop()
    if host.ids:
        grid(host.cell, "qdel", *host.ids, ok=False)


def test_it_is_loaded_though_jemalloc_has_to_come_first(main: GridHost) -> None:
    about = main.answer("about")
    assert about["drm"].startswith("SGE ") and about["contact"].startswith("session=")
    [note] = about["notes"]
    assert "libjemalloc.so.2 had to be loaded before this library (LD_PRELOAD)" in note


def test_the_native_specification_of_the_documentation(main: GridHost) -> None:
    out = main.root / "jobs" / "out"
    more = {"nativeSpecification": "-P bignodes -R y -pe threads 8", "jobEnvironment": {"COLOUR": "sky blue"}}
    number = main.run('echo "$NSLOTS $COLOUR $LD_PRELOAD"; exit 3', outputPath=f":{out}", **more)
    ending = main.ending(number)
    assert (ending["exited"], ending["exit_code"], ending["signal"]) == (True, 3, None)
    assert ending["usage"]["exit_status"] == "3.0000"
    assert eventually(out.read_text) == "8 sky blue \n"


def test_words_of_refusal(main: GridHost) -> None:
    [refused, unknown] = main.submit(job("a", nativeSpecification="-l nosuch=1"), job("b", softWallclockTimeLimit=60))
    assert refused == {"error": "DENIED_BY_DRM", "text": 'unknown resource "nosuch"'}
    assert unknown["error"] == "INVALID_ATTRIBUTE_VALUE" and "has no drmaa_wct_slimit" in unknown["text"]
    assert main.look("99999999")["99999999"]["error"] == "INVALID_JOB"


def test_a_job_that_is_ended_while_it_runs_and_one_that_never_ran(main: GridHost) -> None:
    running, held = main.run("sleep 1000"), main.run("true", jobSubmissionState="drmaa_hold")
    eventually(lambda: main.look(running)[running]["state"] == "RUNNING")
    assert main.look(held)[held] == {"state": "USER_ON_HOLD"}
    assert main.answer("end", ids=[running, held])["answers"] == {running: {"ok": True}, held: {"ok": True}}
    ending = main.ending(running)
    assert ending["aborted"] or ending["signal"] == "SIGKILL"
    told = eventually(lambda: main.look(held)[held].get("ended_error"))
    assert told["error"] == "NO_RUSAGE"
    assert main.look(held)[held]["ended_error"] == told  # though the library has forgotten it


@pytest.mark.parametrize("action", ["kill", "restart"])
def test_a_session_is_taken_up_again_and_tells_of_jobs_that_still_run(main: GridHost, action: str) -> None:
    number = main.run("sleep 5; exit 4")
    contact = main.answer("about")["contact"]
    if action == "restart":
        main.restart()
    else:
        os.kill(main.process, signal.SIGKILL)
    assert main.look(number)[number]["state"] in ("QUEUED_ACTIVE", "RUNNING")
    assert main.answer("about")["contact"] == contact
    assert main.ending(number)["exit_code"] == 4


def test_an_ending_that_was_told_is_told_again_to_the_next_server(main: GridHost) -> None:
    number = main.run("exit 5")
    ending = main.ending(number)
    main.restart()
    assert main.ending(number) == ending


def test_the_qmaster_is_away(frail: GridHost) -> None:
    """The library's word for it, no harm done, and the same session afterwards."""
    number = frail.run("sleep 1")
    with without("stop", "qmaster", FRAIL):
        [answer] = frail.submit(job("meanwhile"))
        assert answer["error"] in ("DRM_COMMUNICATION_FAILURE", "TRY_LATER", "INTERNAL_ERROR"), answer
        state = frail.look(number)
        assert state.get(number, {}).get("error", "") != "INVALID_JOB"
    eventually(lambda: "id" in frail.submit(job("afterwards", outputPath=":/dev/null"))[0])
    eventually(lambda: accounted(FRAIL, number))


def test_a_server_that_starts_while_the_qmaster_is_away(frail: GridHost) -> None:
    with without("stop", "qmaster", FRAIL):
        reply = frail.ask("about")
        assert "drmaa_init: " in getattr(reply, "reason", ""), reply
    eventually(lambda: isinstance(frail.ask("about"), Answered))
