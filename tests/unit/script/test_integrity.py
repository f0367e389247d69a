"""Galaxy's script integrity check."""

from __future__ import annotations

import threading
import time

from abell.script.integrity import Integrity, check


def test_a_whole_script(one_workshop):
    job = one_workshop.make("touch ../ran", integrity_check=True)
    assert check(job.script) == Integrity(ok=True, tries=1)
    assert not (job.base / "ran").exists()
    assert list(job.control.iterdir()) == []


def test_a_script_that_never_comes_right(tmp_path):
    script = tmp_path / "job.sh"
    assert "No such file" in check(script, count=2, sleep_s=0).reason
    script.write_text("#!/bin/sh\nexit 3\n")
    assert "Permission denied" in check(script, count=1).reason
    script.chmod(0o755)
    found = check(script, count=3, sleep_s=0)
    assert (found.ok, found.tries) == (False, 3) and "3, not 42" in found.reason
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    assert "did not end" in check(script, count=1, limit_s=0.2).reason


def test_a_script_that_becomes_visible(one_workshop):
    job = one_workshop.make(("true",), integrity_check=True)
    hidden = job.script.rename(job.base / "hidden")

    def show() -> None:
        time.sleep(0.1)
        hidden.rename(job.script)

    thread = threading.Thread(target=show)
    thread.start()
    found = check(job.script, count=1000, sleep_s=0.02)
    thread.join()
    assert found.ok and found.tries > 1
