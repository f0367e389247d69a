"""Galaxy's script integrity check."""

from __future__ import annotations

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


def test_a_script_that_comes_right(tmp_path):
    (tmp_path / "tries").write_text("")
    script = tmp_path / "job.sh"
    script.write_text(f"#!/bin/sh\necho x >> {tmp_path}/tries\n[ $(wc -l < {tmp_path}/tries) -lt 3 ] || exit 42\n")
    script.chmod(0o755)
    assert check(script, count=9, sleep_s=0.01) == Integrity(ok=True, tries=3)
