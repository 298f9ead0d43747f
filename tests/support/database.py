"""Databases for trackers in the test's process, quick to have."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from tracker.store.engine import open_store


def empty_database(folder: Path) -> str:
    """The URL of the database in this folder; it is made with all its tables if there is none.

    Made as a copy, since the migrations take longer than the rest of a tracker's start.
    """
    path = folder / "tracker.db"
    if not path.exists():
        path.write_bytes(_migrated())
    return _url(path)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tracker.db")
        open_store(_url(path)).close()
        return path.read_bytes()


def _url(path: Path) -> str:
    return f"sqlite:///{path}"
