"""The database: migrations, the epoch's guard, tokens, pages; and the kind of a file system."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as hs

from abell.job import Cause, State
from abell.store import file_system
from abell.store import statements as st
from abell.store.sqlite import Database, StoreError, Superseded, path_of


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(tmp_path / "db")
    database.take_over()
    return database


def new_job(name: str = "", user: str = "") -> st.NewJob:
    return st.NewJob("{}", name, user, "", "", "local", "{}", "local")


def test_a_new_database_is_for_its_user_alone(tmp_path: Path) -> None:
    """It holds the values of jobs' variables, and `database_connection` may put it where others can look."""
    database = Database(tmp_path / "db")
    database.take_over()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes["db"] == 0o600 and set(modes.values()) == {0o600}
    database.close()


def test_the_mode_of_a_database_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "db").touch(0o640)
    (tmp_path / "db").chmod(0o640)
    Database(tmp_path / "db").close()
    assert (tmp_path / "db").stat().st_mode & 0o777 == 0o640


def add(database: Database, *jobs: st.NewJob, token: str = "") -> list[int]:
    with database.transaction() as db:
        return st.accept(db, jobs, token, 1.0)


# -- migrations ---------------------------------------------------------------------------------------------------


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    def schema(path: Path) -> list[str]:
        with sqlite3.connect(path) as db:
            return [row[0] for row in db.execute("SELECT sql FROM sqlite_master ORDER BY name")]

    first = Database(tmp_path / "db")
    instance, before = first.meta("instance"), schema(first.path)
    first.close()
    again = Database(tmp_path / "db")
    assert (again.meta("instance"), schema(again.path)) == (instance, before)
    assert again.meta("schema") == "2"


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "db")
    database.set_meta("schema", "9999")
    database.close()
    with pytest.raises(StoreError, match="later version"):
        Database(tmp_path / "db")


DIES_IN_A_MIGRATION = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("BEGIN IMMEDIATE")
db.execute("CREATE TABLE abell_job (id INTEGER)")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_migration_that_was_interrupted_is_done_whole(tmp_path: Path) -> None:
    path = tmp_path / "db"
    assert subprocess.run([sys.executable, "-c", DIES_IN_A_MIGRATION, path], check=False).returncode == -signal.SIGKILL
    database = Database(path)
    database.take_over()
    assert add(database, new_job()) == [1]


@pytest.mark.parametrize("content", [b"not a database" * 100, b"\0" * 4096])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "db").write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Database(tmp_path / "db")
    assert str(tmp_path / "db") in str(caught.value) and caught.value.hint


def test_it_is_durable_at_every_commit(database: Database) -> None:
    assert database.reader.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert database.reader.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_database_that_is_shared_with_galaxy_keeps_its_journal_mode(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "db") as db:
        db.execute("CREATE TABLE job (id INTEGER)")
    db.close()
    assert Database(tmp_path / "db").reader.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


# -- the epoch ----------------------------------------------------------------------------------------------------


def test_who_was_superseded_writes_nothing(tmp_path: Path) -> None:
    old, new = Database(tmp_path / "db"), Database(tmp_path / "db")
    assert (old.take_over(), new.take_over()) == (1, 2)
    with pytest.raises(Superseded), old.transaction() as db:
        st.accept(db, [new_job()], "", 1.0)
    with pytest.raises(Superseded):
        old.assert_current()
    assert add(new, new_job()) == [1]


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as db:
        st.accept(db, [new_job()], "token", 1.0)
        raise ZeroDivisionError
    assert st.ids_of_token(database.reader, "token") is None
    assert add(database, new_job()) == [1]


# -- accepting ----------------------------------------------------------------------------------------------------


def test_tokens(database: Database) -> None:
    assert add(database, new_job(), new_job(), token="a") == [1, 2]
    assert add(database, new_job(), token="b") == [3]
    assert st.ids_of_token(database.reader, "a") == [1, 2]
    assert st.ids_of_token(database.reader, "b") == [3]
    assert st.ids_of_token(database.reader, "c") is None
    with pytest.raises(sqlite3.IntegrityError):
        add(database, new_job(), token="a")
    assert add(database, new_job()) == [4]


def test_ids_are_never_used_again(database: Database) -> None:
    assert add(database, new_job(), new_job()) == [1, 2]
    with database.transaction() as db:
        db.execute("DELETE FROM abell_job WHERE id = 2")
    assert add(database, new_job()) == [3]


# -- telling ------------------------------------------------------------------------------------------------------


@given(
    states=hs.lists(hs.sampled_from(["waiting", "queued", "running", "ended"]), max_size=30),
    limit=hs.integers(1, 7),
    newest=hs.booleans(),
    asked=hs.sets(hs.sampled_from([State.WAITING, State.RUNNING, State.ENDED]), min_size=1),
)
def test_pages_together_are_the_whole_list(states: list[str], limit: int, newest: bool, asked: set[State]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Database(Path(folder) / "db")) as database:
        database.take_over()
        add(database, *(new_job() for _ in states))
        with database.transaction() as db:
            db.executemany("UPDATE abell_job SET state = ? WHERE id = ?", [(s, i) for i, s in enumerate(states, 1)])
        found: list[int] = []
        while page := st.jobs(
            database.reader, sorted(asked), after=found[-1] if found else 0, limit=limit, newest_first=newest
        ):
            assert len(page) <= limit
            found += [row["id"] for row in page]
        expected = [i for i, s in enumerate(states, 1) if State(s) in asked]
        assert found == (expected[::-1] if newest else expected)


def test_jobs_of_one_user(database: Database) -> None:
    add(database, new_job(user="ada@x.org"), new_job(user="eve@x.org"), new_job(user="ada@x.org"))
    assert [row["id"] for row in st.jobs(database.reader, user="ada@x.org")] == [1, 3]
    assert [row["id"] for row in st.jobs_by_id(database.reader, [3, 2, 99])] == [2, 3]
    assert st.counts(database.reader) == {"waiting": 3}


def test_an_ended_job_does_not_end_again(database: Database) -> None:
    add(database, new_job())
    with database.transaction() as db:
        st.end(db, [st.End(1, "", Cause.OK, "")], 2.0)
        st.end(db, [st.End(1, "", Cause.LOST, "late")], 3.0)
    (row,) = st.jobs_by_id(database.reader, [1])
    assert (row["cause"], row["ended"]) == ("ok", 2.0)


def test_a_file_name_that_is_not_utf8_can_be_told(database: Database) -> None:
    add(database, new_job())
    with database.transaction() as db:
        st.end(db, [st.End(1, "", Cause.OUTPUT, "no \udcff here")], 2.0)
    (row,) = st.jobs_by_id(database.reader, [1])
    assert row["message"] == "no \\udcff here"


# -- where it lies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (None, "/root/abell.sqlite"),
        ("", "/root/abell.sqlite"),
        ("sqlite:////srv/a%20b.sqlite?isolation_level=IMMEDIATE", "/srv/a b.sqlite"),
        ("sqlite:///./database/universe.sqlite", "database/universe.sqlite"),
        ("sqlite+pysqlite:////srv/x", "/srv/x"),
        ("postgresql://user:secret@host/galaxy", "/root/abell.sqlite"),
    ],
)
def test_path_of(url: str | None, path: str) -> None:
    assert path_of(url, Path("/root")) == Path(path)


@pytest.mark.parametrize("url", ["oracle://u:secret@h/db", "sqlite://", "sqlite://host/x", "mysql:///x"])
def test_path_of_what_is_not_sqlite(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        path_of(url, Path("/root"))
    assert "secret" not in str(caught.value)


MOUNTS = rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
40 22 0:40 / /home rw shared:2 master:1 - nfs4 server:/home rw,vers=4.2
41 40 8:2 / /home/local rw - xfs /dev/sdb rw
42 22 0:42 / /mnt/with\040blank rw - fuse.sshfs me@host:/ rw
43 22 0:43 / /over rw - tmpfs tmpfs rw
44 22 0:44 / /over rw - lustre mgs:/fs rw
a line that makes no sense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/abell", "ext4"),
        ("/home/ada/x", "nfs4"),
        ("/home", "nfs4"),
        ("/homework", "ext4"),
        ("/home/local/ada", "xfs"),
        ("/mnt/with blank/x", "fuse.sshfs"),
        ("/over/x", "lustre"),
    ],
)
def test_the_kind_of_a_file_system(path: str, kind: str) -> None:
    assert file_system.kind(Path(path), MOUNTS) == kind
    assert (kind in file_system.NETWORK) == (kind in {"nfs4", "fuse.sshfs", "lustre"})


def test_nothing_is_known_without_mounts() -> None:
    assert file_system.kind(Path("/x"), b"") == ""
