"""A client's own database for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.event_bus import EventBus
from client.membership.account import Account
from client.notices import Notices
from client.results.overview import Notice
from client.state.database import Database
from client.state.settings import Settings


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new client's database: creating one waits for the disk, copying it doesn't."""
    path = tmp_path_factory.mktemp("state") / "client.sqlite"
    Database.open(path).close()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Iterator[Database]:
    path = tmp_path / "client.sqlite"
    shutil.copy(empty_database, path)
    database = Database.open(path)
    yield database
    database.close()


@pytest.fixture
def events() -> EventBus:
    return EventBus()


@pytest.fixture
def account(database: Database, events: EventBus) -> Account:
    return Account(Settings(database), events)


@pytest.fixture
def notices(events: EventBus) -> list[Notice]:
    """The account's notices, as they arrive."""
    published: list[Notice] = []
    notices = Notices(events)
    notices.publish_events()
    notices.listen(published.append)
    return published
