"""The SQLite database: opened by the engine alone, durable at every commit, guarded by the engine's epoch."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

from abell.errors import AbellError
from abell.store import file_system

LONGEST_PATH = 500  # bytes; SQLite's unix VFS has 512 for the path with "-journal" (os_unix.c, MAX_PATHNAME)


class StoreError(AbellError):
    """The database cannot be used."""


class Superseded(AbellError):  # noqa: N818 - it names what happened
    """Another engine has taken this root over: this one must not act any more."""


def path_of(database_connection: str | None, root: Path) -> Path:
    """The file that a `database_connection` names, as SQLAlchemy reads such URLs; by default one in the root.

    Three slashes and a path are relative to the current directory, four are absolute; options after `?` are for
    SQLAlchemy's driver and mean nothing here. PostgreSQL is not active in this version: the queue is in the root then.
    """
    if not database_connection:
        return root / "abell.sqlite"
    parts = urlsplit(database_connection)
    dialect = parts.scheme.partition("+")[0]
    if dialect in ("postgresql", "postgres"):  # Galaxy's own, most of the time; `config check` lists it as not active
        return root / "abell.sqlite"
    if dialect != "sqlite":
        raise StoreError(
            f"database_connection: {parts.scheme}:// is not active in this version",
            "name a file by sqlite:////absolute/path, or leave the option out",
        )
    if parts.netloc or len(parts.path) < 2:
        raise StoreError(
            "database_connection: this is no SQLite URL", "write sqlite:///relative/path or sqlite:////absolute/path"
        )
    return Path(unquote(parts.path[1:]))


def _make_private(path: Path) -> None:
    """A new database is for its user alone: it holds the values of jobs' variables. SQLite's other files follow it."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # it exists, or SQLite will say why it cannot


class Database:
    """One connection, one writer. Every transaction first makes sure that this engine is still the root's engine."""

    def __init__(self, path: Path, guard: Callable[[], None] = lambda: None) -> None:
        """`guard` is asked before each transaction; it raises Superseded, or OSError if it cannot tell."""
        self.path = path
        self._guard = guard
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise StoreError(
                f"{path}: longer than the {LONGEST_PATH} bytes that SQLite takes",
                "choose a root with a shorter path, or another place with database_connection",
            )
        _make_private(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, cached_statements=256)
            self._connection.row_factory = sqlite3.Row
            self._set_up(on_network=file_system.is_network(path.parent))
            self._migrate()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}", remedy(error)) from error
        self.epoch = 0

    def _set_up(self, on_network: bool) -> None:
        run = self._connection.execute
        run("PRAGMA foreign_keys = ON")
        run("PRAGMA cache_size = -16000")
        tables = {row[0] for row in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        shared = any(not name.startswith(("abell_", "sqlite_")) for name in tables)
        if on_network:
            # No shared memory for a write-ahead log there: a rollback journal, and the lock is never let go.
            run("PRAGMA locking_mode = EXCLUSIVE")
            run("PRAGMA journal_mode = TRUNCATE")
            run("PRAGMA synchronous = EXTRA")
        else:
            if not shared:
                run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = FULL")

    def _migrate(self) -> None:
        """Apply the numbered migrations that this database has not seen."""
        run = self._connection.execute
        run("CREATE TABLE IF NOT EXISTS abell_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")
        have = int(self.meta("schema") or 0)
        folder = resources.files("abell.store") / "migrations"
        scripts = sorted((f.name, f) for f in folder.iterdir() if re.fullmatch(r"\d{4}\.sql", f.name))
        latest = int(scripts[-1][0][:4])
        if have > latest:
            raise StoreError(
                f"{self.path} was written by a later version of Abell (schema {have}, this one knows {latest})",
                "use that version, or another root",
            )
        for name, script in scripts:
            number = int(name[:4])
            if number > have:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE;\n{script.read_text()}\n"
                    f"INSERT INTO abell_meta VALUES ('schema', '{number}')"
                    f" ON CONFLICT (name) DO UPDATE SET value = excluded.value;\nCOMMIT;"
                )
        run("INSERT OR IGNORE INTO abell_meta VALUES ('instance', ?)", (secrets.token_hex(8),))

    def meta(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM abell_meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        self._connection.execute(
            "INSERT INTO abell_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def take_over(self) -> int:
        """Begin a new epoch: from now on no earlier engine of this root can write. Raises StoreError."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self.epoch = int(self.meta("epoch") or 0) + 1
            self.set_meta("epoch", str(self.epoch))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}", remedy(error)) from error
        return self.epoch

    def assert_current(self) -> None:
        """Raise Superseded if another engine has taken over since; asked before anything irreversible.

        sqlite3.OperationalError if that cannot be told now.
        """
        try:
            self._guard()
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        if self.meta("epoch") != str(self.epoch):
            raise Superseded(f"another engine has taken over {self.path}", "this one stops, and changes nothing more")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable when the block ends."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            self.assert_current()
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @property
    def reader(self) -> sqlite3.Connection:
        return self._connection

    def close(self) -> None:
        self._connection.close()


def remedy(error: sqlite3.Error) -> str:
    """What to do about it."""
    text = str(error).lower()
    if "full" in text:
        return "free some space on that file system"
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return "make its directory writable for the user Abell runs as, or choose another with --root"
    if "locked" in text:
        return "another process has it open: stop it, or choose another --root"
    if "not a database" in text or "malformed" in text:
        return "it is damaged or no SQLite file: move it away and restore a copy"
    return "see the text; another place can be chosen with --root or database_connection"
