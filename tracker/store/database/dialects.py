"""Settings for each kind of database, including how write transactions begin."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

CONNECTIONS = 8
"""Simultaneous units of work, unless the operator chooses; others wait."""

_LONGEST_REST = 1.0  # seconds without use after which a connection is checked before its next one
_REST = "rests since"
_POOL_SECONDS = 10.0  # longest wait for a connection of the pool
BUSY_SECONDS = 20.0
"""Longest wait for another process's writer."""

UPGRADE_SECONDS = 600.0
"""Longest wait for another tracker that is migrating the database."""

_WRITERS = 7_400_031  # id of the lock shared by all trackers' writers: arbitrary
_UPGRADERS = 7_400_032  # of the lock shared by trackers that migrate the database
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
"""A writer must see what others wrote before it got the lock."""

_BY_HAND = {"isolation_level": "AUTOCOMMIT"}
"""The driver begins no transaction, which would cost a round trip of its own: we do."""

SERVER_LIMITS = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
"""Limits on an unresponsive server: by default the system waits for a quarter of an hour."""


def make_engine(
    url: str, busy_seconds: float, connections: int = CONNECTIONS, *, read_only: bool = False
) -> Engine:
    """Create the engine for a database; a writer waits at most `busy_seconds` for another.

    It opens at most so many `connections`. With `read_only`, nothing in an SQLite file is changed,
    not even by opening it.

    The option `minitorrent_write` marks write transactions: one runs at a time across all trackers.
    Others read a snapshot. Raises ArgumentError, ImportError and ValueError.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            settings = {"timeout": busy_seconds, "check_same_thread": False}
            extra = {"creator": partial(_open_read_only, parsed, settings)} if read_only else {}
            engine = _engine(url, connections, settings, **extra)
            if not read_only:
                event.listen(engine, "connect", _write_ahead)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        case "postgresql":
            settings = {k: v for k, v in SERVER_LIMITS.items() if k not in parsed.query}
            engine = _engine(url, connections, settings)
            event.listen(engine, "checkin", _note_rest)
            event.listen(engine, "checkout", partial(_check_after_rest, engine))
            event.listen(engine, "begin", partial(_begin_postgresql, busy_seconds))
        case _:
            raise ValueError(url)
    return engine


def reader(engine: Engine) -> Engine:
    """Return the engine configured for read-only transactions."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def looker(engine: Engine) -> Engine:
    """Return the engine configured for single statements, each on a snapshot of its own."""
    if engine.dialect.name != "postgresql":
        return engine.execution_options(minitorrent_look=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def presence_writer(engine: Engine) -> Engine:
    """Return the engine configured for announces, which on PostgreSQL don't wait for writers."""
    if engine.dialect.name != "postgresql":
        return writer(engine)
    return engine.execution_options(**_BY_HAND, minitorrent_presence=True)


def writer(engine: Engine) -> Engine:
    """Return the engine configured for write transactions."""
    options: dict[str, Any] = {"minitorrent_write": True}
    if engine.dialect.name == "postgresql":
        options |= _BY_HAND
    return engine.execution_options(**options)


@contextmanager
def migrating(engine: Engine, patience: float) -> Iterator[Connection]:
    """Begin a transaction that migrates: one runs at a time, across all trackers.

    Others wait for it at most `patience` seconds. SQLite doesn't enforce references in it: where
    it can't alter a table, a copy takes its place, and what refers to the table must stay.
    """
    with upgrader(engine, patience).connect() as connection:
        _enforce_references(connection, "OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            _enforce_references(connection, "ON")


def upgrader(engine: Engine, patience: float) -> Engine:
    """Return the engine configured for migrations; see `migrating`."""
    options: dict[str, Any] = {"minitorrent_upgrade": patience}
    if engine.dialect.name == "postgresql":
        # The second writer must see what the first one did.
        options["isolation_level"] = "READ COMMITTED"
    return engine.execution_options(**options)


def _enforce_references(connection: Connection, switch: str) -> None:
    """Switch it on or off between transactions of SQLite; PostgreSQL needs no copies."""
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()  # of the driver: SQLAlchemy begins a transaction
        cursor.execute(f"PRAGMA foreign_keys = {switch}")
        cursor.close()


def take_writers_turn(connection: Connection) -> None:
    """Keep writers of all trackers waiting until the end of an upgrader's transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _engine(url: str, connections: int, settings: dict[str, Any], **options: Any) -> Engine:
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        hide_parameters=True,
        connect_args=settings,
        **options,
    )


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_REST] = time.monotonic()


def _check_after_rest(
    engine: Engine, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object
) -> None:
    """Replace a connection that was lost while nobody used it.

    One that was used a moment ago is not asked: that would cost each unit of work a round trip.
    """
    if connection.closed:  # SQLAlchemy would pass on the driver's own error
        raise DisconnectionError("it was lost")
    if time.monotonic() - record.info.pop(_REST, math.inf) <= _LONGEST_REST:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("it was lost") from error


def _open_read_only(url: URL, settings: dict[str, Any]) -> sqlite3.Connection:
    file = Path(url.database or "").absolute().as_uri()
    connection: sqlite3.Connection = sqlite3.connect(f"{file}?mode=ro", uri=True, **settings)
    return connection


def _write_ahead(connection: sqlite3.Connection, _record: object) -> None:
    """Keep the journal that lets readers and a writer go on side by side.

    `synchronous` is FULL, so that acknowledged writes survive a power loss. With WAL that costs one
    fsync per commit.
    """
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Configure a new SQLite connection."""
    connection.isolation_level = None  # _begin_sqlite alone begins transactions
    # SQLite's own lower() handles only ASCII; ILIKE is built on it.
    connection.create_function("lower", 1, _lower, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON").close()


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def takes_turns(bind: Engine | Connection) -> bool:
    """Return whether transactions of this engine or connection run one at a time, as writers'."""
    return bool(bind.get_execution_options().get("minitorrent_write", False))


def _patience(connection: Connection) -> float | None:
    """Return how long this upgrader waits for others; None for any other transaction."""
    patience: float | None = connection.get_execution_options().get("minitorrent_upgrade")
    return patience


def _has(connection: Connection, option: str) -> bool:
    return bool(connection.get_execution_options().get(f"minitorrent_{option}", False))


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction, for a writer with the lock: upgrading a reader's can fail half-way."""
    if _has(connection, "look"):
        return
    is_writer = takes_turns(connection) or _patience(connection) is not None
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def _begin_postgresql(busy_seconds: float, connection: Connection) -> None:
    """Serialize writers, as with SQLite; one that stalls for half of `busy_seconds` is cut off.

    Otherwise events could be committed out of the order of their ids, by which they are read, and
    two writers could deadlock. Announces add no events, and run beside the others.
    """
    milliseconds = round(1000 * busy_seconds)
    patience = _patience(connection)
    if patience is not None:
        # A migration waits only briefly for tables in use: everybody else would wait behind it.
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = {round(1000 * patience)};"
            f"SELECT pg_advisory_xact_lock({_UPGRADERS});"
            f"SET LOCAL lock_timeout = {milliseconds}"
        )
    is_writer = takes_turns(connection)
    if is_writer or _has(connection, "presence"):
        lock = f";SELECT pg_advisory_xact_lock({_WRITERS})" if is_writer else ""
        connection.exec_driver_sql(
            f"{_BEGIN};SET LOCAL lock_timeout = {milliseconds};"
            f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds // 2}{lock}"
        )
