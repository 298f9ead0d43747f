"""What each kind of database needs: the settings of its connections, and how writes begin."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url

_POOL_SIZE = 8  # units of work at a time; more threads wait for their turn
_BUSY_TIMEOUT = 20.0  # seconds that a writer waits for another process's writer
_WRITERS = 7_400_031  # the lock of all trackers' writers: any number, the same everywhere
_BEGIN_WRITE = (
    f"SET LOCAL lock_timeout = '{_BUSY_TIMEOUT:g}s';"
    # A tracker that stalled, or lost the network, keeps the others waiting for so long.
    f"SET LOCAL idle_in_transaction_session_timeout = '{_BUSY_TIMEOUT / 2:g}s';"
    f"SELECT pg_advisory_xact_lock({_WRITERS})"
)
_POSTGRESQL = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
"""How long a server may not answer at all: else the system waits for a quarter of an hour."""


def make_engine(url: str) -> Engine:
    """The engine for a database of any kind.

    With the option `minitorrent_write` a transaction is a writer's: there is one at a time, at all
    trackers. Others see one moment's state. Raises ArgumentError, ImportError and ValueError.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            engine = _engine(url, {"timeout": _BUSY_TIMEOUT, "check_same_thread": False})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        case "postgresql":
            settings = {k: v for k, v in _POSTGRESQL.items() if k not in parsed.query}
            engine = _engine(url, settings, pool_pre_ping=True)
            event.listen(engine, "begin", _begin_postgresql)
        case _:
            raise ValueError(url)
    return engine


def reader(engine: Engine) -> Engine:
    """The same, for transactions that only read."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer(engine: Engine) -> Engine:
    """The same, for transactions that write."""
    options: dict[str, Any] = {"minitorrent_write": True}
    if engine.dialect.name == "postgresql":
        # What others wrote before it got the lock, a writer has to see.
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


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Settings of every new SQLite connection.

    `synchronous` is FULL: what was answered is on the disk, also after a loss of power. With WAL
    that is one fsync a commit.
    """
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    # Its own lower() knows the letters of English only; ILIKE is made of it.
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _writes(connection: Any) -> bool:
    return bool(connection.get_execution_options().get("minitorrent_write", False))


def _begin_sqlite(connection: Any) -> None:
    """A writer takes its lock at the start: upgrading a reader's can fail half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgresql(connection: Any) -> None:
    """Writers take turns as with SQLite.

    Else events would be committed in another order than that of their numbers, by which they are
    read, and two writers could wait for each other.
    """
    if _writes(connection):
        connection.exec_driver_sql(_BEGIN_WRITE)
