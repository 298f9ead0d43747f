"""Two trackers on one database, and ann."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.api import accounts, groups
from tests.integration.tracker.lease.trackers import Clock, login, me, tracker_at
from tests.support.databases.database import empty_database
from tracker.services.caller import Caller
from tracker.services.catalogue import Services
from tracker.store.engine import Store, open_store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(empty_database(tmp_path))
    yield store
    store.close()


@pytest.fixture
def first(store: Store, clock: Clock) -> Services:
    return tracker_at(store, clock, 7400)


@pytest.fixture
def second(store: Store, clock: Clock) -> Services:
    return tracker_at(store, clock, 7500)


@pytest.fixture
def ann(first: Services) -> Caller:
    """Ann at the first tracker, the owner of `lab`."""
    caller = Caller("connection-of-ann", "10.0.0.1", "127.0.0.1")
    first.accounts.create_user(caller, accounts.CreateUser(user="ann", password="secret123"))
    login(first, caller)
    first.groups.create_group(me(caller), groups.CreateGroup(group="lab", mode="open"))
    return caller
