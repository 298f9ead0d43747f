"""Copying a database: from SQLite to PostgreSQL, row by row, in one transaction."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from typing import cast

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from tracker.store.database.dialects import writer
from tracker.store.database.errors import DatabaseError
from tracker.store.database.failures import failure
from tracker.store.engine import open_store
from tracker.store.presence.trackers import DEAD_SECONDS
from tracker.store.schema.complete import DERIVED, METADATA
from tracker.store.schema.presence import Tracker
from tracker.store.upkeep.checking import numbered_tables, sequence_of
from tracker.store.upkeep.opening import connected, old_schema

EPHEMERAL = frozenset({"trackers", "connections", "peers", "rendezvous"})
"""Tables that aren't copied: their rows end with the trackers that wrote them."""


def copy(source_url: str, target_url: str, now: float) -> dict[str, int]:
    """Copy everything but presence; return the number of rows by table.

    The target has no rows yet, and gets all of them or none. Nobody writes to the source meanwhile,
    and no tracker runs on it. Raises DatabaseError.
    """
    with _locked(source_url) as source:
        _check_source(source, now)
        open_store(target_url).close()  # creates the tables
        with _locked(target_url) as target:
            _check_empty(target)
            counts = {table.name: _copy_table(source, target, table) for table in _copied()}
            for table in numbered_tables():
                _continue_numbers(source, target, table)
            target.exec_driver_sql("ANALYZE")  # the first queries have good plans, too
            target.commit()
    return counts


def _locked(url: str) -> AbstractContextManager[Connection]:
    """Connect with a transaction during which nobody else writes, rolled back if not committed."""
    return connected(url, writer)


def _copied() -> list[Table]:
    left_out = EPHEMERAL | DERIVED
    return [table for table in METADATA.sorted_tables if table.name not in left_out]


def _check_source(source: Connection, now: float) -> None:
    old = old_schema(source)
    if old is not None:
        raise DatabaseError(f"{old}; do that first")
    latest = source.scalar(select(func.max(Tracker.heartbeat_at)))
    if latest is not None and latest > now - DEAD_SECONDS:
        raise DatabaseError(
            "a tracker runs on it; stop all of its trackers (after a crash, wait a minute)"
        )


def _check_empty(target: Connection) -> None:
    for table in METADATA.sorted_tables:
        if target.execute(select(text("1")).select_from(table).limit(1)).first() is not None:
            raise DatabaseError(f"the target is not empty: its table {table.name} has rows")


def _copy_table(source: Connection, target: Connection, table: Table) -> int:
    """Copy all rows of a table; they pass through one by one, and none is kept in memory."""
    quote = target.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN"
    count = 0
    try:
        with closing(target.connection.cursor()) as cursor, cursor.copy(statement) as rows:
            for row in source.execute(select(table)):
                rows.write_row(row)
                count += 1
    except (SQLAlchemyError, target.dialect.loaded_dbapi.Error) as error:
        reason = failure(error, target.engine)
        raise DatabaseError(f"table {table.name}: {reason}", disk_full=reason.disk_full) from error
    found = target.scalar(select(func.count()).select_from(table))
    if found != count:
        raise DatabaseError(f"table {table.name}: {found} of {count} rows have arrived")
    return count


def _continue_numbers(source: Connection, target: Connection, table: Table) -> None:
    """Number new rows after those of the source, also after rows that it has deleted."""
    last = max(_last_number(source, table), target.scalar(select(func.max(table.c.id))) or 0)
    if last:
        query = text("SELECT setval(:sequence, :last)")
        target.execute(query, {"sequence": sequence_of(target, table), "last": last})


def _last_number(source: Connection, table: Table) -> int:
    """Return the number that SQLite keeps for a table whose numbers are never given twice."""
    query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    return cast(int, source.execute(query, {"table": table.name}).scalar() or 0)
