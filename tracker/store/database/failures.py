"""Recognizing what went wrong from the errors of SQLAlchemy, the drivers and the system."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import Engine, exc
from sqlalchemy.exc import DBAPIError

from tracker.store.database.errors import DatabaseBusyError, DatabaseError, DatabaseLostError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_RETRY_AFTER = 5  # seconds, when the database itself was waited for in vain
_LOST = frozenset({"57P", "080"})
"""The first three of SQL states: the server ends, starts, or was cut off."""

_BUSY = frozenset({"55P03", "57014", "53300"})  # lock_timeout, a cancelled statement, no connection
_ROOM = 1 << 16  # free bytes below which SQLite can't create or extend its files


def failure(error: Exception, engine: Engine) -> DatabaseError:
    """Turn a failure into a DatabaseError, recognizing a full disk in each database's own terms."""
    if _is_full(error, engine):
        return DatabaseError("the disk is full", disk_full=True)
    if _is_busy(error):
        return DatabaseBusyError(reason_of(error), _RETRY_AFTER)
    if is_lost(error):
        return DatabaseLostError(reason_of(error))
    return DatabaseError(reason_of(error))


def _is_busy(error: Exception) -> bool:
    """Return whether others kept the database busy for too long."""
    cause = getattr(error, "orig", None)
    return (
        isinstance(error, exc.TimeoutError)
        or getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        or getattr(cause, "sqlstate", None) in _BUSY
    )


def is_lost(error: Exception) -> bool:
    """Return whether the connection to PostgreSQL broke, or couldn't be made."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", "")  # None: the driver noticed it by itself
    is_failure_of_connection = isinstance(error, exc.OperationalError) and state is None
    is_told = (state or "")[:3] in _LOST
    return error.connection_invalidated or is_failure_of_connection or is_told


def _is_full(error: Exception, engine: Engine) -> bool:
    """Return whether the disk is full: SQLite may report that, or merely that it can't write."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    cause = getattr(error, "orig", error)
    number = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if number == sqlite3.SQLITE_FULL or type(cause).__name__ == "DiskFull":
        return True
    if number not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) or not engine.url.database:
        return False
    try:
        return shutil.disk_usage(Path(engine.url.database).parent).free < _ROOM
    except OSError:
        return False


def reason_of(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}"
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())[:300] or type(error).__name__
