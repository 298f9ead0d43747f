"""Database files of earlier versions, and hooks for opening them."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, event

from client.state.database import Database

VERSIONS = sorted((Path(__file__).parent / "versions").glob("*.sql"))
"""The dumps, the oldest schema first."""


def load(dump: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as all versions have it
        connection.executescript(dump.read_text("utf-8"))


def content(path: Path) -> list[str]:
    """All that is in the file, as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return [*connection.iterdump(), f"version {version}"]


class StoppedError(Exception):
    """The failure that stops a migration in these tests."""


@contextmanager
def stopped_at(number: int) -> Iterator[list[str]]:
    """Fail before the statement of this number, counted from 0; yields the statements before it."""
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if len(seen) == number:
            raise StoppedError
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def statements(path: Path) -> int:
    """Open the file; return how many statements that took."""
    with stopped_at(sys.maxsize) as seen:
        Database.open(path).close()
    return len(seen)
