"""Databases for trackers in tests, quick to create: SQLite, or PostgreSQL for tests that want it.

A test of the tracker runs on each kind that makes a difference to it (see the fixture `database` in
tests/integration/tracker/conftest); tests of everything else run on SQLite. `make postgres` runs
the tests that it is given on PostgreSQL only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from tracker.store.engine import open_store

Kind = Literal["sqlite", "postgresql"]

VARIABLE = "MINITORRENT_TEST_DATABASE"
"""The only kind of database to run tests on."""

_ONLY: Kind | None = "postgresql" if os.environ.get(VARIABLE) == "postgresql" else None
_kind: Kind = _ONLY or "sqlite"


def kinds_for(marks: Iterable[str]) -> list[Kind]:
    """Return the databases that a test of the tracker runs on, according to its marks."""
    if "sqlite" in marks:
        return ["sqlite"]
    if _ONLY:
        return [_ONLY]
    return ["sqlite"] if "any_database" in marks else ["sqlite", "postgresql"]


def skip_unless_wanted(kind: Kind) -> None:
    """Skip the test where only another kind of database is to be tested."""
    if _ONLY not in (None, kind):
        pytest.skip(f"it runs on {kind} only")


@contextmanager
def on(kind: Kind) -> Iterator[None]:
    """Have databases of this kind inside the block; skips the test if that is impossible."""
    global _kind
    before, _kind = _kind, kind
    try:
        if kind == "sqlite":
            yield
        else:
            from tests.postgres.shared import temporary_databases

            with temporary_databases():
                yield
    finally:
        _kind = before


def is_postgresql() -> bool:
    """Return whether databases are PostgreSQL's now."""
    return _kind == "postgresql"


def empty_database(folder: Path) -> str:
    """Return the URL of the database in this folder; creates it with all tables if needed.

    Made as a copy, since the migrations take longer than the rest of a tracker's start.
    """
    if is_postgresql():
        from tests.postgres.shared import database_for

        return database_for(folder)
    path = folder / "tracker.db"
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_migrated())
    return _url(path)


def new_database(folder: Path) -> str:
    """Return the URL of a database without tables, or of none."""
    if is_postgresql():
        from tests.postgres.shared import new_database

        return new_database()
    return _url(folder / "tracker.db")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tracker.db")
        open_store(_url(path)).close()
        return path.read_bytes()


def _url(path: Path) -> str:
    return f"sqlite:///{path}"
