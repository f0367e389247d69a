"""What one item of a question asks of the library. An item is a text (a job's id) or a job's attributes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from abell.library.drmaa import Drmaa, DrmaaError
from abell.library.journal import Journal

Answer = Mapping[str, Any]
_LONGEST_ID = 255


class Work:
    """One library, its session, and the endings that it will not tell again. Holds `lock` while it uses the journal."""

    def __init__(self, drmaa: Drmaa, journal: Journal, lock: threading.Lock) -> None:
        self._drmaa, self._journal, self._lock = drmaa, journal, lock
        self._contact = ""

    def open(self, contact: str) -> dict[str, Any]:
        """Open the session of this contact string, or a new one where the library knows it no more.

        What the library says of itself. Raises DrmaaError.
        """
        notes = []
        try:
            self._drmaa.open(contact)
        except DrmaaError as error:
            if not contact or ("CONTACT" not in error.name and error.name != "INVALID_ARGUMENT"):
                raise
            self._drmaa.open("")
            notes.append(f"the session {contact!r} could not be taken up again ({error.text}): this is a new one")
        told = {
            name: self._or_nothing(name) for name in ("contact", "drm", "implementation", "version")
        }  # only now: some tell nothing before
        self._contact = told["contact"]
        return {**told, "notes": notes}

    def close(self) -> None:
        try:
            self._drmaa.close()
        except DrmaaError:
            pass  # this process ends in any case

    def do(self, verb: str, item: Any) -> Answer:
        """The answer to one item. A session that the library has lost is opened again, once."""
        verbs: Mapping[str, Callable[[Any], Answer]] = {"submit": self._submit, "look": self._look, "end": self._end}
        try:
            try:
                return verbs[verb](item)
            except DrmaaError as error:
                if error.name != "NO_ACTIVE_SESSION":
                    raise
                self._open_again()
                return verbs[verb](item)
        except DrmaaError as error:
            return {"error": error.name, "text": error.text}

    def _open_again(self) -> None:
        try:
            self.open(self._contact)
        except DrmaaError as error:
            if error.name != "ALREADY_ACTIVE_SESSION":
                raise

    def _submit(self, job: Mapping[str, Any]) -> Answer:
        native_id = self._drmaa.submit(job["attributes"])
        if not _sane(native_id):
            return {"doubt": f"the library took it and gave {native_id!r}, which is no id"}
        with self._lock:
            self._journal.forget([native_id])  # of a job that had the same number, before the DRM counted anew
        return {"id": native_id}

    def _look(self, native_id: str) -> Answer:
        if (known := self._journal.endings.get(native_id)) is not None:
            return known
        state = self._drmaa.state(_checked(native_id))
        if state not in ("DONE", "FAILED"):
            return {"state": state}
        try:
            ending = {"state": state, "ended": self._drmaa.wait(native_id)}
        except DrmaaError as error:
            ending = {"state": state, "ended_error": {"error": error.name, "text": error.text}}
            if error.name != "NO_RUSAGE":  # which is an answer: the job is over, and this is all there is
                return ending
        with self._lock:
            self._journal.note(native_id, ending)
        return ending

    def _end(self, native_id: str) -> Answer:
        self._drmaa.terminate(_checked(native_id))
        return {"ok": True}

    def _or_nothing(self, name: str) -> str:
        try:
            return str(getattr(self._drmaa, name))
        except DrmaaError:
            return ""


def _sane(native_id: str) -> bool:
    return 0 < len(native_id) <= _LONGEST_ID and all("!" <= letter <= "~" for letter in native_id)


def _checked(native_id: str) -> str:
    if not _sane(native_id):
        raise DrmaaError("INVALID_JOB", f"{native_id!r} is no id")
    return native_id
