"""100,000 files in a group and 100,000 groups: everything still answers, and soon."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from client.assembly.opening import open_session
from client.commands.registry import COMMANDS
from client.config import ClientConfig
from client.services.session import Session
from client.shell.completion import suggestions
from client.shell.names import SessionNames
from common.api.files import Sort
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.databases import bulk_rows
from tests.support.programs.processes import ClientProcess, TrackerProcess

MANY = 100_000
MEMBERS = 10_000
PASSWORD = "secret123"
LIMIT = 5.0
"""Seconds that an answer may take on a busy machine; on an idle one, 0.3 (see below)."""


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    folder = tmp_path_factory.mktemp("many")
    with TrackerProcess(folder / "tracker") as tracker:
        with ClientProcess(folder / "setup", [tracker]) as person:
            for user in ("bob", "eve", "ann"):
                person.ok("create_user", user, PASSWORD)
            person.ok("login", "ann", PASSWORD)
            person.ok("create_group", "lab", "--open")
            person.ok("create_group", "big", "--open")
        tracker.kill()
        with bulk_rows.opened(tracker.folder / "tracker.db", alone=True) as store:
            bulk_rows.add_member(store, "lab", "bob")
            bulk_rows.add_member(store, "big", "bob")
            bulk_rows.add_files(store, "lab", "ann", MANY)
            bulk_rows.add_peers(store, "lab", "ann")
            bulk_rows.add_groups(store, "eve", MANY)
            bulk_rows.add_members(store, "big", MEMBERS)
        tracker.start()
        yield tracker


@pytest.fixture
def people(tracker: TrackerProcess, tmp_path: Path) -> Iterator[Callable[[str], Session]]:
    """Log somebody in, in this process."""
    sessions: list[Session] = []

    def person(user: str) -> Session:
        folder = tmp_path / f"{user}{len(sessions)}"
        folder.mkdir()
        session = open_session(ClientConfig(Endpoint("127.0.0.1", 0), (tracker.address,), folder))
        sessions.append(session)
        session.accounts.login(user, PASSWORD)
        return session

    yield person
    for session in sessions:
        session.close()


Result = TypeVar("Result")


def soon(what: str, act: Callable[[], Result]) -> Result:
    """Return the result of a quick operation; prints its time with `pytest -s`."""
    began = time.monotonic()
    result = act()
    took = time.monotonic() - began
    sys.stderr.write(f"{what}: {took * 1000:.0f} ms\n")
    assert took < LIMIT, f"{what} took {took:.1f} s"
    return result


def test_a_member_of_a_group_with_many_files(people: Callable[[str], Session]) -> None:
    bob = soon("login", lambda: people("bob"))
    found = soon("list_files", lambda: bob.files.list("lab"))
    assert (len(found.files), found.total) == (1000, MANY)
    orders: dict[Sort, int] = {"size": MANY - 1, "age": MANY - 1, "seeders": 1}
    for sort, first in orders.items():
        by = soon(f"list_files --sort {sort}", partial(bob.files.list, "lab", sort=sort))
        key = {"size": "size", "age": "size", "seeders": "seeders"}[sort]
        assert sort == "age" or getattr(by.files[0], key) == first
    fit = soon("list_files *99.bin", lambda: bob.files.list("lab", "*99.BIN"))
    assert fit.total == MANY // 100
    none = soon("list_files, none fits", lambda: bob.files.list("lab", "nothing"))
    assert none.total == 0
    with pytest.raises(MinitorrentError) as raised:
        soon("no such file", lambda: bob.files.download("lab", "file 01234.bin", "/nowhere"))
    assert raised.value.code is ErrorCode.NO_SUCH_FILE


def test_a_user_among_many_groups(people: Callable[[str], Session]) -> None:
    bob = people("bob")
    found = soon("list_groups", lambda: bob.groups.list())
    assert [row.group for row in found.groups[:3]] == ["big", "lab", "g000000"]
    assert (len(found.groups), found.total) == (1000, MANY + 2)
    fit = soon("list_groups 0777", lambda: bob.groups.list("0777"))
    assert 0 < fit.total < 1000
    soon("notices", lambda: bob.notices.list())


def test_the_owner_of_very_many_groups(people: Callable[[str], Session]) -> None:
    eve = soon("login of their owner", lambda: people("eve"))
    found = soon("list_groups of their owner", lambda: eve.groups.list())
    assert all(row.member for row in found.groups)
    assert soon("is_own", lambda: eve.groups.is_own("g099999"))
    assert not eve.groups.is_own("lab")


def test_completion_with_long_lists(people: Callable[[str], Session]) -> None:
    bob = people("bob")
    names = SessionNames(bob)
    for line, first in (
        ("download_file lab 'file 0777", "file 077700.bin"),
        ("download_file lab ", "file 000000.bin"),
        ("download_file lab 9999.bin", "file 009999.bin"),
        ("join_group g0424", "g042400"),
        ("promote big user0777", "user07770"),
    ):
        found = soon(f"Tab after {line}", partial(suggestions, line, COMMANDS, names))
        assert found[0].shown == first


def test_many_members(people: Callable[[str], Session]) -> None:
    bob = people("bob")
    found = soon("list_members", lambda: bob.groups.members("big"))
    assert (len(found.members), found.total) == (1000, MEMBERS + 2)
    ann = people("ann")
    for group in ("big", "lab"):
        acts = soon(f"audit {group}", partial(ann.groups.events, group))
        assert len(acts.events) == 1000
        assert acts.total > 2 * MEMBERS
        assert acts.before is not None
    soon("notices of an admin", lambda: ann.notices.list())


@pytest.mark.soak
def test_all_rows_on_request(people: Callable[[str], Session]) -> None:
    bob = people("bob")
    whole = bob.files.list("lab", limit=0)
    names = [row.name for row in whole.files]
    assert len(names) == whole.total == MANY
    assert names == sorted(set(names))
