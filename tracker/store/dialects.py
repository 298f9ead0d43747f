"""Settings for each kind of database, including how write transactions begin."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

_POOL_SIZE = 8  # simultaneous units of work; other threads wait
BUSY_SECONDS = 20.0
"""Longest wait for another process's writer."""

_WRITERS = 7_400_031  # id of the lock shared by all trackers' writers: arbitrary
SERVER_LIMITS = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
"""Limits on an unresponsive server: by default the system waits for a quarter of an hour."""


def make_engine(url: str, busy_seconds: float) -> Engine:
    """Create the engine for a database; a writer waits at most `busy_seconds` for another.

    The option `minitorrent_write` marks write transactions: one runs at a time across all trackers.
    Others read a snapshot. Raises ArgumentError, ImportError and ValueError.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            engine = _engine(url, {"timeout": busy_seconds, "check_same_thread": False})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        case "postgresql":
            settings = {k: v for k, v in SERVER_LIMITS.items() if k not in parsed.query}
            engine = _engine(url, settings, pool_pre_ping=True)
            event.listen(engine, "begin", partial(_begin_postgresql, busy_seconds))
        case _:
            raise ValueError(url)
    return engine


def reader(engine: Engine) -> Engine:
    """Return the engine configured for read-only transactions."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer(engine: Engine) -> Engine:
    """Return the engine configured for write transactions."""
    options: dict[str, Any] = {"minitorrent_write": True}
    if engine.dialect.name == "postgresql":
        # A writer must see what others wrote before it got the lock.
        options["isolation_level"] = "READ COMMITTED"
    return engine.execution_options(**options)


def _engine(url: str, settings: dict[str, Any], **options: Any) -> Engine:
    return create_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=0,
        hide_parameters=True,
        connect_args=settings,
        **options,
    )


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Configure a new SQLite connection.

    `synchronous` is FULL, so that acknowledged writes survive a power loss. With WAL that costs one
    fsync per commit.
    """
    connection.isolation_level = None  # _begin_sqlite alone begins transactions
    # SQLite's own lower() handles only ASCII; ILIKE is built on it.
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def takes_turns(bind: Engine | Connection) -> bool:
    """Return whether transactions of this engine or connection run one at a time, as writers'."""
    return bool(bind.get_execution_options().get("minitorrent_write", False))


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction, for a writer with the lock: upgrading a reader's can fail half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if takes_turns(connection) else "BEGIN")


def _begin_postgresql(busy_seconds: float, connection: Connection) -> None:
    """Serialize writers, as with SQLite; one that stalls for half of `busy_seconds` is cut off.

    Otherwise events could be committed out of the order of their ids, by which they are read, and
    two writers could deadlock.
    """
    if takes_turns(connection):
        milliseconds = round(1000 * busy_seconds)
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = {milliseconds};"
            f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds // 2};"
            f"SELECT pg_advisory_xact_lock({_WRITERS})"
        )
