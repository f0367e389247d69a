"""The attributes of a DRMAA 1.0 job template (GFD.133): their names in Python and C, and their values' form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCALARS: Mapping[str, str] = {
    "remoteCommand": "drmaa_remote_command",
    "workingDirectory": "drmaa_wd",
    "jobName": "drmaa_job_name",
    "inputPath": "drmaa_input_path",
    "outputPath": "drmaa_output_path",
    "errorPath": "drmaa_error_path",
    "joinFiles": "drmaa_join_files",
    "jobSubmissionState": "drmaa_js_state",
    "jobCategory": "drmaa_job_category",
    "nativeSpecification": "drmaa_native_specification",
    "blockEmail": "drmaa_block_email",
    "startTime": "drmaa_start_time",
    "transferFiles": "drmaa_transfer_files",
    "deadlineTime": "drmaa_deadline_time",
    "hardWallclockTimeLimit": "drmaa_wct_hlimit",
    "softWallclockTimeLimit": "drmaa_wct_slimit",
    "hardRunDurationLimit": "drmaa_duration_hlimit",
    "softRunDurationLimit": "drmaa_duration_slimit",
}
VECTORS: Mapping[str, str] = {"args": "drmaa_v_argv", "jobEnvironment": "drmaa_v_env", "email": "drmaa_v_email"}
# Every library has these by the specification, so what its own list says of them does not count.
REQUIRED = frozenset(
    {
        "remoteCommand",
        "workingDirectory",
        "jobName",
        "inputPath",
        "outputPath",
        "errorPath",
        "joinFiles",
        "jobSubmissionState",
        "jobCategory",
        "nativeSpecification",
        "blockEmail",
        "startTime",
        "args",
        "jobEnvironment",
        "email",
    }
)
_TRUTHS = {"joinFiles": ("n", "y"), "blockEmail": ("0", "1")}


def scalar(name: str, value: Any) -> str:
    """A value as the library wants it. Raises ValueError."""
    if name in _TRUTHS and not isinstance(value, str):
        return _TRUTHS[name][bool(value)]
    return _text(name, str(value) if isinstance(value, int) else value)


def vector(name: str, value: Any) -> list[str]:
    """Raises ValueError."""
    if name == "jobEnvironment" and isinstance(value, Mapping):
        value = [f"{_text(name, key)}={_text(name, text)}" for key, text in value.items()]
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"{name}: not a list")
    return [_text(name, each) for each in value]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: not a text")
    if "\0" in value:
        raise ValueError(f"{name}: a NUL character cannot be passed to a C library")
    return value
