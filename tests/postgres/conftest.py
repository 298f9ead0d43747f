"""Stores on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases.database import empty_database, on
from tracker.store.engine import Store, open_store


@pytest.fixture
def on_postgresql() -> Iterator[None]:
    with on("postgresql"):
        yield


@pytest.fixture
def url(on_postgresql: None, tmp_path: Path) -> str:
    """A database with all its tables."""
    return empty_database(tmp_path)


@pytest.fixture
def stores(url: str) -> Iterator[list[Store]]:
    """Open one database as two trackers."""
    opened = [open_store(url) for _ in range(2)]
    yield opened
    for store in opened:
        store.close()
