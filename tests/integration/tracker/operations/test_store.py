"""The database: migrations, transactions, and several processes at once."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, delete, insert, select, update

from tests.support.databases.database import new_database
from tests.support.databases.migrations import FOLDER, RELEASED, fill, migrate, row_for
from tests.support.together import run_together
from tracker.store.database.dialects import migrating
from tracker.store.database.errors import ConflictError, DatabaseBusyError, DatabaseError
from tracker.store.database.location import engine_for, only_one_opens
from tracker.store.database.queue_lock import QueueLock
from tracker.store.engine import open_store
from tracker.store.migrations.upgrade import pending
from tracker.store.records import UserSize
from tracker.store.schema.complete import METADATA


def test_the_migrations_produce_the_schema(tmp_path: Path) -> None:
    url = new_database(tmp_path)
    open_store(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_described})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def _is_described(_: object, name: str | None, *__: object) -> bool:
    """Whether the schema describes it: the indexes of names' parts differ between databases."""
    return "_parts" not in (name or "")


@pytest.mark.any_database
def test_migrations_form_one_chain() -> None:
    script = ScriptDirectory(FOLDER)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    for revision in script.walk_revisions():
        assert Path(revision.path).name.partition("_")[0] == revision.revision


@pytest.mark.parametrize("version", [None, RELEASED])
def test_a_database_is_migrated_once_by_many_at_once(version: str | None, tmp_path: Path) -> None:
    url = new_database(tmp_path)
    if version is not None:
        engine = create_engine(url)
        migrate(engine, version)
        engine.dispose()
    failures: list[Exception] = []

    def open_and_write(number: int) -> None:
        try:
            store = open_store(url)
            with store.write() as work:
                work.users.add(f"user{number}", "hash", 0.0)
            store.close()
        except Exception as error:  # shown by the assertion below
            failures.append(error)

    run_together([partial(open_and_write, n) for n in range(4)])
    assert failures == []
    store = open_store(url)
    with store.read() as work:
        assert all(work.users.by_name(f"user{number}") for number in range(4))
    store.close()


def test_a_current_database_is_opened_while_another_tracker_writes(tmp_path: Path) -> None:
    """A start needs no turn among the writers unless there is something to migrate."""
    url = new_database(tmp_path)
    store = open_store(url)
    with store.write() as work:
        work.users.add("ann", "hash", 0.0)
        work.users.by_name("ann")  # has it sent
        open_store(url, busy_seconds=0.1).close()
    store.close()


def test_a_tracker_waits_for_another_that_migrates(tmp_path: Path) -> None:
    url = new_database(tmp_path)
    engine = engine_for(url)
    waiting = threading.Thread(target=lambda: open_store(url).close())
    with only_one_opens(engine), migrating(engine, 30.0) as connection:
        waiting.start()
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32))")
        assert waiting.is_alive()
        connection.exec_driver_sql("DROP TABLE alembic_version")
    waiting.join(60)
    with engine.connect() as connection:
        assert pending(connection) == []
    engine.dispose()


def test_trackers_of_the_last_release_go_on_with_the_new_schema(tmp_path: Path) -> None:
    """Their statements name the columns of their own schema only: in an upgrade without downtime
    they run beside trackers of this version."""
    url = new_database(tmp_path)
    engine = create_engine(url)
    migrate(engine, RELEASED)
    theirs = MetaData()
    theirs.reflect(engine)
    migrate(engine, "head")
    tables = [table for table in theirs.sorted_tables if table.name != "alembic_version"]
    with engine.begin() as connection:
        for table in tables:
            connection.execute(insert(table).values(row_for(table)))
        for table in tables[::-1]:
            assert connection.execute(select(table)).one()
            connection.execute(update(table).values(row_for(table)))
            connection.execute(delete(table))
    engine.dispose()


def test_the_number_of_an_ended_account_is_never_given_again(tmp_path: Path) -> None:
    """A request that outlasts its user must not become another's; nor must the user's files."""
    store = open_store(new_database(tmp_path))
    with store.write() as work:
        guest = work.users.add("guest", "hash", 0.0).id
        work.users.delete(guest)
        assert work.users.add("ann", "hash", 0.0).id > guest
    store.close()


def test_numbers_of_users_are_kept_with_what_refers_to_them(tmp_path: Path) -> None:
    """SQLite copies the table of accounts; the files of ended ones are nobody's from then on."""
    url = new_database(tmp_path)
    engine = create_engine(url)
    migrate(engine, "0014")
    fill(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE files SET added_by = 7")
    engine.dispose()
    store = open_store(url)
    with store.read() as work:
        assert work.users.by_id(1).name == "x"
        assert work.groups.count_members(1, "") == 1
        assert work.sizes.of_user(1) == UserSize(0, 0, 0, 1)
    with pytest.raises(ConflictError), store.write() as work:
        work.users.add_guest(99, 1)  # references are enforced again
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


def test_what_is_urgent_needs_no_free_connection(tmp_path: Path) -> None:
    store = open_store(new_database(tmp_path), connections=2)
    store._read_lock = QueueLock(1, most_waiting=0)
    with store.read():
        with pytest.raises(DatabaseBusyError), store.read():
            pass
        with store.write(urgent=True) as work:
            work.users.add("ann", "hash", 0.0)
        with store.read(urgent=True) as work:
            assert work.users.by_name("ann") is not None
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
    migrate(engine, "0001")
    with engine.begin() as connection:
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
    migrate(engine, "0005")
    with engine.begin() as connection:
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
        assert work.sizes.of_user(2) == UserSize(1, 9, 5, 0)
        assert work.sizes.of_user(1) == UserSize(0, 0, 0, 0)
        assert work.files.metainfo(5) == b"\1\2\3\4\5"
    with store._engine.connect() as connection:
        assert set(connection.exec_driver_sql("SELECT user_id FROM shares")) == {(1,), (2,)}
    store.close()
