"""The database: migrations, transactions, and several processes at once."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tests.support.database import new_database
from tracker.store import migrations
from tracker.store.engine import open_store
from tracker.store.schema import Base
from tracker.store.unit_of_work import ConflictError, DatabaseError


def test_the_migrations_produce_the_schema(tmp_path: Path) -> None:
    url = new_database(tmp_path)
    open_store(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


@pytest.mark.any_database
def test_migrations_form_one_chain() -> None:
    script = ScriptDirectory(str(Path(*migrations.__path__)))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    for revision in script.walk_revisions():
        assert Path(revision.path).name.partition("_")[0] == revision.revision


def test_a_new_database_can_be_opened_by_many_at_once(tmp_path: Path) -> None:
    url = new_database(tmp_path)
    failures: list[Exception] = []

    def open_and_write(number: int) -> None:
        try:
            store = open_store(url)
            with store.write() as work:
                work.users.add(f"user{number}", "hash", 0.0)
            store.close()
        except Exception as error:  # shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=open_and_write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    store = open_store(url)
    with store.read() as work:
        assert all(work.users.by_name(f"user{number}") for number in range(6))
    store.close()


def test_writes_are_atomic(tmp_path: Path) -> None:
    store = open_store(new_database(tmp_path))
    with pytest.raises(ConflictError), store.write() as work:
        work.users.add("ann", "hash", 0.0)
        work.users.add("ann", "hash", 0.0)
    with pytest.raises(ZeroDivisionError), store.write() as work:
        work.users.add("ann", "hash", 0.0)
        raise ZeroDivisionError
    with store.read() as work:
        assert work.users.by_name("ann") is None
    store.close()


def test_readers_see_one_snapshot(tmp_path: Path) -> None:
    store = open_store(new_database(tmp_path))
    with store.read() as reading:
        assert reading.users.by_name("ann") is None
        with store.write() as work:
            work.users.add("ann", "hash", 0.0)
        assert reading.users.by_name("ann") is None
    store.close()


@pytest.mark.sqlite
def test_sqlite_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'tracker.db'}").close()
    connection = sqlite3.connect(tmp_path / "tracker.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.any_database
@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "sqlite://",
        "nosuch://x",
        "sqlite:////nowhere/at/all/tracker.db",
        "postgresql+nosuch://x/y",
    ],
)
def test_a_database_that_cannot_be_opened(url: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        open_store(url)
    assert "\n" not in str(raised.value)


@pytest.mark.sqlite
def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "tracker.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        open_store(f"sqlite:///{tmp_path / 'tracker.db'}")


@pytest.mark.sqlite
@pytest.mark.parametrize("version", [None, "0007", "9999"])
def test_another_programs_database_is_left_alone(version: str | None, tmp_path: Path) -> None:
    """Even one that migrates with Alembic, as the client's does."""
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs, theirs:
        theirs.execute("CREATE TABLE bookmarks (url)")
        if version:
            theirs.execute("CREATE TABLE alembic_version (version_num PRIMARY KEY)")
            theirs.execute("INSERT INTO alembic_version VALUES (?)", (version,))
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="another program"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.sqlite
def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tracker.db'}"
    open_store(url).close()
    connection = sqlite3.connect(tmp_path / "tracker.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseError, match="newer version"):
        open_store(url)


@pytest.mark.sqlite
def test_groups_from_before_sealed_groups_stay_open(tmp_path: Path) -> None:
    """A data folder of the first schema, with something in it, is opened by this program."""
    url = f"sqlite:///{tmp_path / 'tracker.db'}"
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(*migrations.__path__)))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO users VALUES (1, 'ann', 'hash', 1.0)")
        connection.exec_driver_sql("INSERT INTO groups VALUES (1, 'lab', 'uid', 'open', 2.0)")
        connection.exec_driver_sql("INSERT INTO memberships VALUES (1, 1, 1, 'owner', 2.0)")
        connection.exec_driver_sql(
            "INSERT INTO events VALUES (7, 3.0, 'file_added', 1, 'lab', 'ann', 'x', 'ann shares x')"
        )
    engine.dispose()

    store = open_store(url)
    with store.read() as work:
        group = work.groups.by_name("lab")
        assert group is not None
        assert (group.mode, group.uid) == ("open", "uid")
        assert work.authorities.of_group(group.id) is None
        assert work.authorities.count_removed(group.id, 0.0) == 0
        assert [name for _, name in work.groups.members(group.id, "", 0, 10)] == ["ann"]
        (event,) = work.events.pushed_after(0, 10)
        assert (event.id, event.kind, event.removed) == (7, "file_added", "")
    store.close()


@pytest.mark.sqlite
def test_files_from_before_quotas_are_counted(tmp_path: Path) -> None:
    """Nothing of a file is lost when the table gets its new columns."""
    url = f"sqlite:///{tmp_path / 'tracker.db'}"
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(*migrations.__path__)))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for statement in (
            "INSERT INTO users (id, name, password_hash, created_at) VALUES (1, 'ann', '', 1.0)",
            "INSERT INTO users (id, name, password_hash, created_at) VALUES (2, 'bob', '', 1.0)",
            "INSERT INTO groups VALUES (1, 'lab', 'uid', 'open', 2.0)",
            "INSERT INTO files (id, group_id, name, info_hash, size, pieces, completed, added_at)"
            " VALUES (5, 1, 'x', x'0011', 9, 1, 0, 3.0)",
            "INSERT INTO metainfos VALUES (5, x'0102030405')",
            "INSERT INTO shares VALUES (1, 5, 2, 3.0)",
            "INSERT INTO shares VALUES (2, 5, 1, 4.0)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()

    store = open_store(url)
    with store.read() as work:
        assert work.files.count_added_by(2) == (1, 5)
        assert work.files.count_added_by(1) == (0, 0)
        assert work.files.metainfo(5) == b"\1\2\3\4\5"
    with store._engine.connect() as connection:
        assert set(connection.exec_driver_sql("SELECT user_id FROM shares")) == {(1,), (2,)}
    store.close()
