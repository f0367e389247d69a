"""The DRMs' C libraries (DRMAA), each in a child process of its own, so that it can crash and hang without harm."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from abell.backends.contract import Ask, Reply, Unreachable
from abell.hosts.library_limits import Limits
from abell.hosts.library_session import Session

_NO_LIBRARY = (
    "no DRMAA library is named: give drmaa_library_path to the runner or the destination, or set "
    "$DRMAA_LIBRARY_PATH for the server"
)


class Libraries:
    """What answers a back end's questions to the peer "drmaa". data["library"] is the library's path.

    | verb | data | answer |
    |---|---|---|
    | about | | path, drm, implementation, version, contact, notes |
    | submit | jobs: [{item, attributes}] | answers in order: {id}, {error, text}, {doubt}, {later} or {set_aside} |
    | look | ids | answers by id: {state}, with {ended} or {ended_error}; {error, text}; trouble |
    | end | ids | answers: by id, {ok} or {error, text}; trouble |
    | forget | ids | |

    `trouble`: why some are missing. `doubt`: it had begun when the process was lost. `later`: it has certainly not
    begun. `set_aside`: it has ended two processes and is not tried again; `began`: this question was the second time.
    submit, look and end may have `call_s`: seconds for each call of the library, else `Limits` says so.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        environ: Mapping[str, str] = os.environ,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        hidden: tuple[str, ...] = (),
    ) -> None:
        """No library can read the root, save the jobs' directories, nor what else is `hidden`."""
        self._root = Path(os.path.realpath(root))
        self._environ, self._limits = dict(environ), limits
        self._hidden = [str(self._root), *(os.path.realpath(path) for path in hidden)]
        self._sessions: dict[tuple[str, bool], Session] = {}
        self._closed = False

    async def ask(self, question: Ask) -> Reply:
        """data["confine"] false: the library may read everything, and gain rights by set-user-ID programs."""
        if self._closed:
            return Unreachable("the server is closing")
        path = str(question.data.get("library") or self._environ.get("DRMAA_LIBRARY_PATH", ""))
        if not path:
            return Unreachable(_NO_LIBRARY)
        if "/" in path:  # another name is the loader's business
            path = os.path.realpath(path)
            if not Path(path).is_file():
                return Unreachable(f"{path}: there is no such DRMAA library")
        confine = bool(question.data.get("confine", True))
        session = self._sessions.get((path, confine))
        if session is None:
            hidden = self._hidden if confine else []
            session = Session(path, self._root, hidden, self._environ, self._limits)
            self._sessions[path, confine] = session
        try:
            return await session.ask(question.verb, question.data, question.timeout_s)
        except (KeyError, TypeError, ValueError) as error:
            return Unreachable(f"the question {question.verb} to a DRMAA library is wrong: {error!r}")

    async def close(self) -> None:
        """Leave all sessions. Jobs go on, and a later server takes the sessions up again."""
        self._closed = True
        await asyncio.gather(*(session.close() for session in self._sessions.values()))
