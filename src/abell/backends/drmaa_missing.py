"""When a library's word that it does not know a job is believed. Pure, but for what it remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from abell.job import Unknown

# The error -> the first part of the names of the runner's parameters for it.
OPTIONS: Mapping[str, str] = {"INVALID_JOB": "invalidjobexception", "INTERNAL_ERROR": "internalexception"}


class Missing:
    """Answers in a row that deny a job, counted for each job and error.

    An internal error may be an outage of the DRM, which says nothing of a job: it counts only where the administrator
    has written that it shall.
    """

    def __init__(self, runner_params: Mapping[str, Any]) -> None:
        self._retries: dict[str, int] = {}
        self._final: set[str] = set()
        for error, option in OPTIONS.items():
            retries, state = runner_params.get(f"{option}_retries"), runner_params.get(f"{option}_state")
            if error == "INVALID_JOB" or retries is not None or state is not None:
                self._retries[error] = int(retries or 0)
            if state == "error":
                self._final.add(error)
        self._denied: dict[str, tuple[str, int]] = {}  # native id -> the error, and how often in a row

    def denied(self, native_id: str, error: str, text: str) -> Unknown | None:
        """The library has answered with this error. None: that means nothing yet."""
        last, count = self._denied.get(native_id, ("", 0))
        self._denied[native_id] = (error, count := count + 1 if error == last else 1)
        if error not in self._retries or count <= self._retries[error]:
            return None
        return Unknown(native_id, f"{error}: {text}", final=error in self._final)

    def answered(self, native_id: str) -> None:
        self._denied.pop(native_id, None)

    def forget(self, ids: Iterable[str]) -> None:
        for native_id in ids:
            self._denied.pop(native_id, None)
