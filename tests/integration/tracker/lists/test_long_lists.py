"""How much a tracker reads of very many rows to return the first, in SQLite's steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from common.api.paging import MOST_COUNTED
from tests.support.databases import bulk_rows
from tests.support.databases.database import empty_database
from tracker.domain.rules import Role
from tracker.store.engine import Store, open_store
from tracker.store.files.lists import IndexedSort
from tracker.store.records import User
from tracker.store.unit_of_work import UnitOfWork

pytestmark = pytest.mark.sqlite  # it counts SQLite's steps

FEW, MANY = 1_000, 4_000
Counted = Callable[[], int]


@pytest.fixture
def crowded(tmp_path: Path) -> Callable[[int], Store]:
    """A database in which eve owns so many groups, and ann shares so many files with bob."""

    def made(count: int) -> Store:
        folder = tmp_path / str(count)
        folder.mkdir()
        store = open_store(empty_database(folder))
        with store.write() as work:
            users = {name: work.users.add(name, "x", 0.0) for name in ("ann", "bob", "eve")}
            lab = work.groups.add("lab", "uid", "open", 0.0)
            work.groups.add_member(lab.id, users["ann"].id, Role.OWNER, bulk_rows.AT)
            work.groups.add_member(lab.id, users["bob"].id, Role.MEMBER, bulk_rows.AT)
        with bulk_rows.opened(folder / "tracker.db") as database:
            bulk_rows.add_files(database, "lab", "ann", count)
            bulk_rows.add_groups(database, "eve", count)
        return store

    return made


@contextmanager
def counting(store: Store) -> Iterator[Counted]:
    """Counts the steps of SQLite's virtual machine, in hundreds, from here on."""
    hundreds = 0

    def count() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    def watch(connection: Any, *_: object) -> None:
        connection.set_progress_handler(count, 100)

    engine = store._reader
    event.listen(engine, "checkout", watch)
    try:
        yield lambda: hundreds
    finally:
        event.remove(engine, "checkout", watch)


def steps(store: Store, user: str, act: Callable[[UnitOfWork, User], object]) -> int:
    """Return the steps of an operation."""
    with counting(store) as counted, store.read() as work:
        person = work.users.by_name(user)
        assert person is not None
        act(work, person)
        return counted() * 100


def test_the_first_of_very_many_own_groups(crowded: Callable[[int], Store]) -> None:
    taken = []
    for count in (FEW, MANY):
        store = crowded(count)
        with store.read() as work:
            eve = work.users.by_name("eve")
            assert eve is not None
            names = work.groups.names_of(eve.id, 100)
            assert names == [f"g{number:06}" for number in range(100)]
            page = work.groups.page(eve.id, "", names[-1], 100, member=True)
            assert [row.group.name for row in page] == [
                f"g{number:06}" for number in range(100, 200)
            ]
        taken.append(steps(store, "eve", lambda work, eve: work.groups.names_of(eve.id, 100)))
        store.close()
    few, many = taken
    assert many - few < 5 * (MANY - FEW), "only counting may take longer the more there are"


def test_few_own_groups_among_many(crowded: Callable[[int], Store]) -> None:
    store = crowded(MANY)
    assert steps(store, "bob", lambda work, bob: work.groups.names_of(bob.id, 1000)) < 1000
    store.close()


def test_a_users_events_are_counted_and_selected_by_index(
    crowded: Callable[[int], Store],
) -> None:
    store = crowded(MANY)
    read: list[str] = []

    def explain(connection: Any, _: object, statement: str, values: Any, *__: object) -> None:
        if "events" in statement and not statement.startswith("EXPLAIN"):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            read.extend(row[-1] for row in plan if " events " in row[-1])

    event.listen(store._reader, "before_cursor_execute", explain)
    with store.read() as work:
        bob = work.users.by_name("bob")
        assert bob is not None
        assert work.event_lists.count_relevant(bob, "") == min(MANY, MOST_COUNTED)
        assert len(work.event_lists.relevant_to(bob, "", 0, 50)) == 50
        assert work.event_lists.count_unread(bob, 500) == 500
    event.remove(store._reader, "before_cursor_execute", explain)
    store.close()
    assert read, "nothing was asked of the events"
    for how in read:
        assert how.startswith("SEARCH events USING "), how
        assert "ix_events_group_id (group_id=?)" not in how, "this reads every event of a group"


def test_a_users_newest_events_are_paged(
    crowded: Callable[[int], Store],
) -> None:
    store = crowded(FEW)
    with store.read() as work:
        bob = work.users.by_name("bob")
        assert bob is not None
        first = work.event_lists.relevant_to(bob, "", 0, 50)
        second = work.event_lists.relevant_to(bob, "", first[-1].id, 50)
        assert [one.subject for one in first + second] == [
            f"file {number:06}.bin" for number in range(FEW - 1, FEW - 101, -1)
        ]
        found = work.event_lists.relevant_to(bob, "happened", 0, 50)
        assert [one.id for one in found] == [one.id for one in first]
        assert work.event_lists.count_relevant(bob, "nothing") == 0
    store.close()


def test_older_events_of_a_quiet_group_are_not_all_read(crowded: Callable[[int], Store]) -> None:
    """Though a long way back has to be searched for the newest: elsewhere, much has happened."""

    def newest(work: UnitOfWork, bob: User) -> None:
        work.event_lists.near = 100
        found = work.event_lists.relevant_to(bob, "", 0, 50)
        assert [one.subject for one in found] == [
            f"file {number:06}.bin" for number in range(count - 1, count - 51, -1)
        ]

    taken = []
    for count in (FEW, 8 * FEW):
        store = crowded(count)
        taken.append(steps(store, "bob", newest))
        store.close()
    few, many = taken
    assert many < 2 * few + 1000, taken


def test_names_are_looked_for_in_an_index(crowded: Callable[[int], Store]) -> None:
    """Reading every file to compare its name would take ten times as long.

    So it is if many names match; others are looked up by their parts.
    """
    store = crowded(FEW)
    plans: list[str] = []

    def explain(connection: Any, _: object, statement: str, values: Any, *__: object) -> None:
        if "LIKE" in statement and not statement.startswith("EXPLAIN"):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append("; ".join(row[-1] for row in plan))

    event.listen(store._reader, "before_cursor_execute", explain)
    with store.read() as work:
        ann, lab = work.users.by_name("ann"), work.groups.by_name("lab")
        assert ann is not None
        assert lab is not None
        found = work.file_lists.search(ann.id, "000*", ("file 000071", 0), 5)
        assert found == []
        found = work.file_lists.search(ann.id, "000", ("file 000071", 0), 5)
        assert [file.name for file, _ in found] == [f"file 00007{n}.bin" for n in range(1, 6)]
        assert work.file_lists.count_found(ann.id, "000") == FEW
        sorts: tuple[IndexedSort, ...] = ("size", "age")
        for sort in sorts:
            assert len(work.file_lists.page(lab.id, "000", sort, None, 50)) == 50
        assert len(work.file_lists.fitting_ids(lab.id, "000")) == FEW
        assert work.file_lists.count(lab.id, "000") == FEW
    event.remove(store._reader, "before_cursor_execute", explain)
    store.close()
    assert len(plans) == 7
    for plan in plans:
        assert "SEARCH files USING COVERING INDEX sqlite_autoindex_files_1" in plan, plan
