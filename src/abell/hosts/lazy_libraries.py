"""The host of DRMs' libraries, imported at the first question: a server without such a runner pays nothing for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from abell.backends.contract import Ask, Reply

if TYPE_CHECKING:
    from abell.hosts import library


class Libraries:
    """`hosts/library.py`, begun when it is needed."""

    def __init__(self, root: str | os.PathLike[str], environ: Mapping[str, str], hidden: tuple[str, ...] = ()) -> None:
        """`hidden`: paths beside the root that no library may read."""
        self._root, self._environ, self._hidden = Path(root), dict(environ), hidden
        self._libraries: library.Libraries | None = None

    async def ask(self, question: Ask) -> Reply:
        if self._libraries is None:
            from abell.hosts.library import Libraries

            self._libraries = Libraries(self._root, self._environ, hidden=self._hidden)
        return await self._libraries.ask(question)

    async def close(self) -> None:
        if self._libraries is not None:
            await self._libraries.close()
