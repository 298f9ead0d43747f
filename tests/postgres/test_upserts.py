"""Two transactions write the same row at once, without taking turns: neither fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from tests.support.databases.database import empty_database, on
from tests.support.waiting import wait_until
from tracker.domain.rules import Role
from tracker.store.engine import open_store
from tracker.store.files.files import FileRepository
from tracker.store.groups.authorities import AuthorityRepository
from tracker.store.groups.invitations import InvitationRepository
from tracker.store.records import NewFile
from tracker.store.users import UserRepository

NETWORK = "10.0.0.0/24"

Act = Callable[[Connection], object]

ACTS: dict[str, Act] = {
    "remember": lambda to: UserRepository(to).remember(1, NETWORK),
    "share": lambda to: FileRepository(to).share([1], 1, 0.0),
    "exclude": lambda to: InvitationRepository(to).exclude(1, 1, 0.0),
    "hold": lambda to: AuthorityRepository(to).hold(1, 1, 1, "uid"),
    "add_key_fingerprint": lambda to: AuthorityRepository(to).add_key_fingerprint(b"f" * 32),
}
"""Each writes a row that may exist already."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with a user, a login, a group and a file."""
    with on("postgresql"):
        url = empty_database(tmp_path)
        store = open_store(url)
        with store.write() as work:
            user = work.users.add("ann", "hash", 0.0)
            work.users.add_token(user.id, b"d" * 32, "", 0.0, 1.0)
            group = work.groups.add("lab", "uid", "open", 0.0)
            work.groups.add_member(group.id, user.id, Role.OWNER, 0.0)
            work.files.add(NewFile(group.id, "x", b"h" * 20, 1, 1, 0.0), b"")
        store.close()
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.mark.parametrize("name", ACTS)
def test_the_second_writer_follows_the_first(engine: Engine, name: str) -> None:
    act = ACTS[name]

    def follow() -> None:
        with engine.begin() as second:
            act(second)

    with ThreadPoolExecutor(1) as threads:
        with engine.begin() as first:
            act(first)
            following = threads.submit(follow)
            wait_until(lambda: following.done() or _waits(engine), 30, "the second to wait")
            assert not following.done(), "the second ended before the first"
        following.result(30)


def _waits(engine: Engine) -> bool:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")
    with engine.connect() as connection:
        return bool(connection.scalar(waiting))
