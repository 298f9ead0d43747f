"""Where a database is: its URL, its file, and whether that file is ours."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from common.process.installing import install_command
from tracker.store.database.dialects import BUSY_SECONDS, CONNECTIONS, UPGRADE_SECONDS, make_engine
from tracker.store.database.errors import DatabaseError

_DRIVERS = {"psycopg": "psycopg[binary]"}
"""The package to install for each database driver that the documentation names."""


def engine_for(
    url: str,
    busy_seconds: float = BUSY_SECONDS,
    connections: int = CONNECTIONS,
    *,
    read_only: bool = False,
) -> Engine:
    """Return an engine for the database at `url`, without connecting. Raises DatabaseError."""
    try:
        return make_engine(url, busy_seconds, connections, read_only=read_only)
    except ModuleNotFoundError as error:
        driver = _DRIVERS.get(error.name or "")
        remedy = f"; type: {install_command(driver)}" if driver else ""
        raise DatabaseError(f"its driver {error.name} is not installed{remedy}") from None
    except (ArgumentError, ImportError, TypeError, ValueError):
        raise DatabaseError("the database URL is not valid") from None


def kind_of(url: str) -> str | None:
    """Return what kind of database a URL names, such as `sqlite`; None if it isn't valid."""
    try:
        return make_url(url).get_backend_name()
    except ArgumentError:
        return None


def database_file(url: str) -> Path | None:
    """Return the path of an SQLite database, whether it exists or not; otherwise None."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    path = parsed.database
    is_file = parsed.get_backend_name() == "sqlite" and path != ":memory:"
    return Path(path) if is_file and path else None


def only_one_opens(engine: Engine) -> AbstractContextManager[object]:
    """Lock the database file: one process at a time switches to WAL and creates tables."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return nullcontext()
    folder = Path(path).parent
    if not folder.is_dir():
        raise DatabaseError(f"there is no folder {folder}")
    return FileLock(f"{path}.lock", timeout=UPGRADE_SECONDS)


def check_is_ours(engine: Engine) -> None:
    """Raise DatabaseError for another program's SQLite file, without modifying it."""
    path = Path(engine.url.database or "")
    if engine.dialect.name != "sqlite" or not path.is_file():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            tables = {name for (name,) in rows}
    except sqlite3.Error:
        return  # any fault is reported when the database is opened for use
    if tables and not tables >= {"alembic_version", "users"}:
        raise DatabaseError(
            f"{path} belongs to another program; choose another file with --database"
        )
