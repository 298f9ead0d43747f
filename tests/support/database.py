"""Databases for trackers in the test's process, quick to create: SQLite or PostgreSQL."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from tracker.store.engine import open_store

POSTGRES = os.environ.get("MINITORRENT_TEST_POSTGRES")
"""The server on which the trackers of tests have their databases (see tests.postgres)."""


def empty_database(folder: Path) -> str:
    """Return the URL of the database in this folder; creates it with all tables if needed.

    Made as a copy, since the migrations take longer than the rest of a tracker's start.
    """
    if POSTGRES:
        from tests.postgres.server import database_for

        return database_for(POSTGRES, folder)
    path = folder / "tracker.db"
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_migrated())
    return _url(path)


def new_database(folder: Path) -> str:
    """Return the URL of a database without tables, or of none."""
    if POSTGRES:
        from tests.postgres.server import new_database

        return new_database(POSTGRES)
    return _url(folder / "tracker.db")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tracker.db")
        open_store(_url(path)).close()
        return path.read_bytes()


def _url(path: Path) -> str:
    return f"sqlite:///{path}"
