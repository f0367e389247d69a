"""Options of DRMAA runners and destinations, by real jobs of the small DRM of tests/library/hostile.

That library writes down every attribute that it is given, and does the harm that it is told to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from abell import Cause, State
from tests.clusters.eventually import eventually
from tests.contract.site import Gate
from tests.library.hostile import compile_library
from tests.options.conftest import MakeSite
from tests.options.site import Site

CONFIG = """\
runners:
  d: {{load: galaxy.jobs.runners.drmaa:DRMAAJobRunner, {runner}}}
execution:
  default: a
  environments:
    a: {{runner: d, {params}}}
    b: {{runner: d, drmaa_library_path: {other}}}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("hostile"))


class Small:
    """The small DRM of one test, and engines that use it."""

    def __init__(self, make_site: MakeSite, library: Path, folder: Path) -> None:
        self._make_site, self.library, self.folder = make_site, library, folder / "drm"
        self.folder.mkdir()
        self.other = folder / "other.so"
        shutil.copy(library, self.other)

    def site(self, params: str = "", runner: str = "") -> Site:
        runner = runner or f"drmaa_library_path: {self.library}"
        config = CONFIG.format(params=params, runner=runner, other=self.other)
        return self._make_site(
            config, DRMAA_HOSTILE_DIR=str(self.folder), DRMAA_LIBRARY_PATH=str(self.library), TZ="UTC"
        )

    def order(self, text: str) -> None:
        (self.folder / "orders").write_text(f"{text}\n")

    def calls(self, function: str) -> int:
        """How often the library was called so."""
        return sum(line.split()[1] == function for line in (self.folder / "calls").read_text().splitlines())

    def end(self) -> None:
        """Of jobs that the library denies nobody else does."""
        for pid in self.folder.glob("jobs/*/pid"):
            if not pid.with_name("status").exists():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(pid.read_text()), signal.SIGKILL)

    def arrived(self, native_id: str) -> dict[str, str | list[str]]:
        """The attributes of a job, as the library got them."""
        words = (self.folder / "jobs" / native_id / "template").read_text().split("\0")[:-1]
        found: dict[str, str | list[str]] = {}
        for name, value in zip(words[::2], words[1::2], strict=True):
            if name.startswith("drmaa_v_"):
                several = found.setdefault(name, [])
                assert isinstance(several, list)
                several.append(value)
            else:
                found[name] = value
        return found


@pytest.fixture
def small(make_site: MakeSite, library: Path, tmp_path: Path) -> Iterator[Small]:
    small = Small(make_site, library, tmp_path)
    yield small
    small.end()


def libraries(site: Site) -> set[str]:
    """Those that this server has opened."""
    return {path.read_text() for path in site.root.glob("libraries/*/library")}


def test_drmaa_library_path(small: Small) -> None:
    """The destination's, the runner's, else $DRMAA_LIBRARY_PATH; each in a process of its own."""
    site = small.site()
    assert site.run("true").cause is Cause.OK
    assert libraries(site) == {str(small.library)}
    assert site.run("true", to="b").cause is Cause.OK
    assert libraries(site) == {str(small.library), str(small.other)}


def test_the_servers_library(small: Small) -> None:
    site = small.site(runner="workers: 2")
    assert site.run("exit 3").exit_code == 3
    assert libraries(site) == {str(small.library)}


@pytest.mark.parametrize(("confined", "outcome"), [("true", "Permission denied"), ("false", "can be read")])
def test_what_a_library_may_read(small: Small, confined: str, outcome: str) -> None:
    site = small.site(runner=f"drmaa_library_path: {small.library}, drmaa_library_confined: {confined}")
    lock = site.root / "engine.lock"
    small.order(f"run_job * read {lock}")
    assert site.run("true").cause is Cause.OK
    assert (small.folder / "read").read_text() == f"{lock}: {outcome}\n"


def test_a_denied_job_is_waited_for_or_not(small: Small) -> None:
    """`invalidjobexception_state: error` ends it as lost; with `ok` its own record tells."""
    site = small.site(runner="invalidjobexception_state: error, invalidjobexception_retries: 1")
    job = site.submit("sleep 600")
    site.until(job, State.RUNNING)
    small.order("job_ps * forget")
    before = small.calls("job_ps")
    job.wait(60)
    assert job.cause is Cause.LOST and "INVALID_JOB" in job.message
    assert small.calls("job_ps") >= before + 2


def test_a_denied_job_that_ends_well(small: Small) -> None:
    site = small.site(runner="invalidjobexception_state: ok, invalidjobexception_retries: 0")
    gate = Gate(site.directory / "gate")
    job = site.submit(gate.wait)
    site.until(job, State.RUNNING)
    small.order("job_ps * forget")
    before = small.calls("job_ps")
    eventually(lambda: small.calls("job_ps") > before, "a question about the job")
    gate.open()
    assert job.wait(60).cause is Cause.OK


def test_internal_errors_change_no_job_unless_that_is_written(small: Small) -> None:
    site = small.site()
    gate = Gate(site.directory / "gate")
    job = site.submit(gate.wait)
    site.until(job, State.RUNNING)
    small.order("job_ps * error 1 it is all very internal")
    before = small.calls("job_ps")
    eventually(lambda: small.calls("job_ps") > before + 1, "two questions about the job")
    assert job.refresh().state is State.RUNNING
    gate.open()
    assert job.wait(60).cause is Cause.OK


def test_internal_errors_that_count(small: Small) -> None:
    site = small.site(runner="internalexception_state: error, internalexception_retries: 1")
    job = site.submit("sleep 600")
    site.until(job, State.RUNNING)
    small.order("job_ps * error 1 it is all very internal")
    before = small.calls("job_ps")
    job.wait(60)
    assert job.cause is Cause.LOST and "it is all very internal" in job.message
    assert small.calls("job_ps") >= before + 2


def test_a_call_that_hangs(small: Small) -> None:
    """`drmaa_call_timeout`: the library's process is replaced, and the story says why there was another attempt."""
    site = small.site(runner="drmaa_call_timeout: 1.5")
    small.order("run_job once hang")
    job = site.run("true")
    assert job.cause is Cause.OK
    [told] = [text for text in site.story(job) if text.startswith("waiting: ")]
    assert told.startswith("waiting: the library did not answer within 1.5 s while it was asked for job 1 (submit);")


@pytest.mark.parametrize("name", ["native_specification", "nativeSpecification"])
def test_native_specification(small: Small, name: str) -> None:
    site = small.site(f"{name}: '-q long -x \"a b\"', native_template: '-c {{slots:1}} [-t {{time}}]'")
    job = site.run("true", slots=3)
    assert small.arrived(job.row["native_id"])["drmaa_native_specification"] == '-c 3 -q long -x "a b"'


# Parameter, how it is written in YAML, the attribute of the C binding, what arrives.
ATTRIBUTES = [
    ("workingDirectory", "/tmp", "drmaa_wd", "/tmp"),
    ("args", "[a b, '', $HOME]", "drmaa_v_argv", ["a b", "", "$HOME"]),
    ("jobCategory", "blast", "drmaa_job_category", "blast"),
    ("jobEnvironment", "{A: x y, B_2: '1'}", "drmaa_v_env", ["A=x y", "B_2=1"]),
    ("startTime", "2020/01/02 03:04", "drmaa_start_time", "2020/01/02 03:04"),
    ("deadlineTime", "2099/01/02 03:04:05 +01:00", "drmaa_deadline_time", "2099/01/02 03:04:05 +01:00"),
    ("hardWallclockTimeLimit", "1:30:00", "drmaa_wct_hlimit", "1:30:00"),
    ("softWallclockTimeLimit", "5400", "drmaa_wct_slimit", "1:30:00"),
    ("hardRunDurationLimit", "'90:00'", "drmaa_duration_hlimit", "1:30:00"),
    ("softRunDurationLimit", "'00:00:07'", "drmaa_duration_slimit", "0:00:07"),
    ("inputPath", "/dev/null", "drmaa_input_path", ":/dev/null"),
    ("joinFiles", "no", "drmaa_join_files", "n"),
    ("transferFiles", "oe", "drmaa_transfer_files", "oe"),
    ("email", "[a@example.org, b@example.org]", "drmaa_v_email", ["a@example.org", "b@example.org"]),
    ("blockEmail", "yes", "drmaa_block_email", "1"),
]


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize("spelling", [str, snake])
def test_attributes_arrive(small: Small, spelling: type[str]) -> None:
    """All of DRMAA 1.0, under either name; and Abell's own."""
    params = ", ".join(f"{spelling(name)}: {written}" for name, written, *_ in ATTRIBUTES)
    site = small.site(params)
    job = site.run("echo $A/$B_2")
    assert (job.cause, job.stdout.read_text()) == (Cause.OK, "x y/1\n")
    arrived = small.arrived(job.row["native_id"])
    where = job.row["directory"]
    assert arrived.pop("drmaa_remote_command") == f"{where}/job.sh"
    assert arrived.pop("drmaa_output_path") == f":{where}/job.out"
    assert arrived.pop("drmaa_error_path") == f":{where}/job.err"
    assert len(arrived.pop("drmaa_job_name")) == 14
    assert arrived == {attribute: value for _, _, attribute, value in ATTRIBUTES}


@pytest.mark.parametrize("name", ["jobSubmissionState", "job_submission_state"])
def test_a_job_that_is_held(small: Small, name: str) -> None:
    site = small.site(f"{name}: hold")
    job = site.submit("true")
    site.until(job, State.HELD)
    assert "held by its user" in job.row["why"]
    assert small.arrived(job.row["native_id"])["drmaa_js_state"] == "drmaa_hold"
    job.cancel()
    assert job.wait(60).cause is Cause.CANCELLED
