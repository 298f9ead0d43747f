"""The client's own database: one SQLite file, in which committed data survives a kill."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from client.state.schema import Table
from common.errors import ErrorCode, MinitorrentError

SCHEMA_VERSION = 7
"""The number of the newest migration, kept in the file as SQLite's `user_version`.

It shows without loading Alembic that there is nothing to migrate. Files from before there were
migrations have 0 or 1.
"""

_ALEMBIC_VERSION = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""The table in which Alembic keeps the last migration, as Alembic creates it."""

_NO_ACCESS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_MIN_FREE = 1 << 16
"""Free bytes on the disk that SQLite needs to create or extend its files."""


class Database:
    """The open database. Thread-safe: transactions take turns."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open or create the file, for its owner only.

        Raises MinitorrentError: permission_denied, disk_full or internal when that fails; usage
        when a newer version of the program created it; file_exists when it belongs to another
        program. A damaged file is internal, too, and is renamed, so that the next start creates a
        new one.
        """
        _check_is_ours(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.chmod(0o600)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _disk_full(path) from error
            raise MinitorrentError(
                ErrorCode.PERMISSION_DENIED,
                f"The client's state can't be kept in {str(path)!r}: {error.strerror}.",
            ) from error
        # One connection for all threads; transaction() makes them take turns.
        engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
        )
        try:
            _prepare(engine, path)
        except DatabaseError as error:
            engine.dispose()
            if _result_code(error) in _DAMAGED:
                raise _moved_away(path) from error
            raise _translated(error, path) from error
        except MinitorrentError:
            engine.dispose()
            raise
        return cls(engine, path)

    def close(self) -> None:
        """Close the file; may be called again."""
        with self._lock:
            self._closed = True
            self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session whose changes are on disk after the block, or undone if it raises.

        Raises MinitorrentError(disk_full, permission_denied or internal) when the database fails;
        sqlalchemy's IntegrityError is left to the caller.
        """
        try:
            with self._lock, Session(self._engine) as session, session.begin():
                if self._closed:
                    raise MinitorrentError(ErrorCode.INTERNAL, "The client's state is closed.")
                yield session
        except DatabaseError as error:
            if isinstance(error.orig, sqlite3.IntegrityError):
                raise
            raise _translated(error, self._path) from error


def _check_is_ours(path: Path) -> None:
    """Raise MinitorrentError(file_exists) for another program's database, without touching it."""
    if not os.path.isfile(path):  # noqa: PTH113 - never raises; opening a pipe would block
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            tables = {name for (name,) in rows}
    except sqlite3.Error:
        return  # any other problem is reported when the file is opened for use
    if tables and not tables & set(Table.metadata.tables):
        raise MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"{str(path)!r} is another program's database; choose another --data-dir, or move it "
            "away.",
        )


def _prepare(engine: Engine, path: Path) -> None:
    """Check the file and create what is missing in it."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
        connection.exec_driver_sql("PRAGMA temp_store = MEMORY")  # needs no further descriptor
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version > SCHEMA_VERSION:
            raise _newer(path)
        if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok":
            raise _moved_away(path)
        if version < SCHEMA_VERSION:
            _bring_up_to_date(connection, path)


def _bring_up_to_date(connection: Connection, path: Path) -> None:
    """Create the tables of a new file, or migrate an older one: all of it, or nothing."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins only before it writes rows
    if connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one():
        # Alembic takes long to load, and is rarely needed.
        from client.state.migrations.upgrade import UnknownVersionError, upgrade

        try:
            upgrade(connection)
        except UnknownVersionError as error:
            raise _newer(path) from error
    else:
        Table.metadata.create_all(connection)
        connection.exec_driver_sql(_ALEMBIC_VERSION)
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{SCHEMA_VERSION:04}')")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.commit()


def _newer(path: Path) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.USAGE,
        f"A newer version of minitorrent made {str(path)!r}; use that version, or another"
        " --data-dir.",
    )


def _result_code(error: DatabaseError) -> int:
    """Return SQLite's primary result code, which is the low byte of the extended one."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF


def _disk_full(path: Path) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.DISK_FULL, f"The disk is full. Free some space for {str(path)!r} and try again."
    )


def _translated(error: DatabaseError, path: Path) -> MinitorrentError:
    """Return what a failure of the database means for the user."""
    code = _result_code(error)
    if code == sqlite3.SQLITE_FULL or (code in _NO_ACCESS and _is_full(path)):
        return _disk_full(path)
    if code in _NO_ACCESS or code == sqlite3.SQLITE_READONLY:
        return MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"The client's state {str(path)!r} can't be written ({error.orig}). Check that its"
            " folder exists and that its disk is sound and not read-only, then start again.",
        )
    return MinitorrentError(
        ErrorCode.INTERNAL, f"The client's state {str(path)!r} can't be used: {error.orig}."
    )


def _is_full(path: Path) -> bool:
    """Return whether the disk is too full for SQLite's files, which SQLite doesn't report."""
    try:
        return shutil.disk_usage(path.parent).free < _MIN_FREE
    except OSError:
        return False


def _moved_away(path: Path) -> MinitorrentError:
    """Rename the damaged file and the files that belong to it; returns the error to report."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return MinitorrentError(
        ErrorCode.INTERNAL,
        f"The client's state was damaged and is kept as {str(kept)!r}. Start again and share "
        "or download your files again; what is on the disk is reused.",
    )
