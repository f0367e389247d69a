"""What is kept about a library in the root, so that a session outlives the processes that have it open."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


class Files:
    """`libraries/HASH/`: the library's path, the session's contact string, its journal, what has to be preloaded."""

    def __init__(self, root: Path, library: str) -> None:
        self._folder = root / "libraries" / hashlib.sha256(os.fsencode(library)).hexdigest()[:16]
        self._library = library

    def prepare(self) -> None:
        """Raises OSError."""
        self._folder.parent.mkdir(mode=0o700, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._write("library", self._library)

    @property
    def contact(self) -> str:
        return self._read("contact")

    @contact.setter
    def contact(self, text: str) -> None:
        self._write("contact", text)

    @property
    def preload(self) -> list[str]:
        return self._read("preload").split()

    @preload.setter
    def preload(self, paths: list[str]) -> None:
        self._write("preload", " ".join(paths))

    @contextlib.contextmanager
    def journal(self) -> Iterator[tuple[int, int]]:
        """The two descriptors of the journal, closed again at the end. Raises OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with contextlib.ExitStack() as stack:
            first = os.open(self._folder / "journal.a", flags, 0o600)
            stack.callback(os.close, first)
            second = os.open(self._folder / "journal.b", flags, 0o600)
            stack.callback(os.close, second)
            yield first, second

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(errors="surrogateescape")
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        """Whole or not at all."""
        if self._read(name) == text:
            return
        draft = self._folder / f"{name}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(self._folder / name)
