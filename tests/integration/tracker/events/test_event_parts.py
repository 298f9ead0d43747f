"""A pattern finds the same events by the index of their parts as by comparing all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.api.events import EventKind
from tests.support.databases.database import empty_database
from tracker.domain.rules import Role
from tracker.store.engine import Store, open_store
from tracker.store.events.parts import BLOCK
from tracker.store.records import User
from tracker.store.schema.events import Event as EventRow
from tracker.store.unit_of_work import UnitOfWork

COUNT = 10 * BLOCK
NAMES = ("Holiday film.mkv", "äpfel UND öl", "50% off_sale", 'a "quoted" one', "ΟΔΟΣ", "ab")
PATTERNS = (
    "elsewhere",
    "film.mkv 7",
    "FILM.MKV 72.",
    "*day film*",
    "ÄPFEL und",
    "off_sale 12",
    "*?off*sale 3*",
    '"QUOTED"',
    "file_removed",
    "bob removed",
    "BOB shares Äpf",
    "login",
    "ab",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ann and Bob are in the lab and in the den, where much happens; Eve is only in the den."""
    opened = open_store(empty_database(tmp_path))
    with opened.write() as work:
        users = {name: work.users.add(name, "x", 0.0) for name in ("ann", "bob", "eve")}
        for name in ("lab", "den"):
            group = work.groups.add(name, f"uid {name}", "open", 0.0)
            work.groups.add_member(group.id, users["ann"].id, Role.OWNER, 0.0)
            work.groups.add_member(group.id, users["bob"].id, Role.MEMBER, 0.0)
        work.groups.add_member(group.id, users["eve"].id, Role.MEMBER, 0.0)
        for number in range(COUNT):
            work.events.add(_event(number))
    yield opened
    opened.close()


def _event(number: int) -> EventRow:
    """Every seventh is of an account, others alternate between the groups."""
    actor = ("ann", "bob", "eve")[number % 3]
    file = f"{NAMES[number % len(NAMES)]} {number}."
    is_account = number % 7 == 0
    kind = EventKind.FILE_REMOVED if number % 50 == 1 else EventKind.FILE_ADDED
    verb = "removed" if kind is EventKind.FILE_REMOVED else "shares"
    return EventRow(
        at=float(number),
        kind=EventKind.LOGGED_IN if is_account else kind,
        group_id=0 if is_account else 1 + number % 2,
        group_name="" if is_account else ("lab", "den")[number % 2],
        actor=actor,
        subject=actor if is_account else file,
        text="" if is_account else f"{actor} {verb} {file}",
        address="",
    )


def _found(work: UnitOfWork, user: User, pattern: str) -> list[object]:
    """Return what is found by a pattern: pages of three, and numbers."""
    found: list[object] = [
        work.event_lists.count_of_group(1, pattern),
        work.event_lists.count_relevant(user, pattern),
    ]
    for before in (0, COUNT, COUNT // 2, 3):
        found.append([e.id for e in work.event_lists.of_group(1, pattern, before, 3)])
        found.append([e.id for e in work.event_lists.of_group(2, pattern, before, COUNT)])
        found.append([e.id for e in work.event_lists.relevant_to(user, pattern, before, 3)])
    return found


def _index(store: Store) -> None:
    with store.write() as work:
        while work.event_parts.extend(3):
            pass


@pytest.mark.parametrize("near", [1, BLOCK, 2 * COUNT])
def test_the_index_finds_what_comparing_finds(store: Store, near: int) -> None:
    with store.read() as work:
        ann = work.users.by_name("ann")
        assert ann is not None
        assert work.event_parts.end() == 0, "so all are compared"
        compared = {pattern: _found(work, ann, pattern) for pattern in PATTERNS}
    assert compared["elsewhere"][:2] == [0, 0]
    empty = [pattern for pattern, found in compared.items() if not any(found)]
    assert empty == ["elsewhere"]
    _index(store)
    with store.read() as work:
        assert work.event_parts.end() == COUNT // BLOCK * BLOCK
        work.event_lists.near = near
        for pattern in PATTERNS:
            assert _found(work, ann, pattern) == compared[pattern], pattern


def test_the_index_leaves_out_blocks_without_the_parts(store: Store) -> None:
    _index(store)
    with store.read() as work:
        end = work.event_parts.end() // BLOCK
        assert work.event_parts.blocks("elsewhere", end, of_texts=True) == []
        assert work.event_parts.blocks(" 333.", end, of_texts=True) == [334 // BLOCK]
        assert work.event_parts.blocks(" 333.", 334 // BLOCK, of_texts=True) == []
        assert len(work.event_parts.blocks("shares", end, of_texts=True)) == end
        assert work.event_parts.blocks("shares", end, of_texts=False) == []
        assert len(work.event_parts.blocks("LOGIN", end, of_texts=False)) == end


def test_new_events_are_found_before_they_are_indexed(store: Store) -> None:
    _index(store)
    with store.write() as work:
        event = _event(COUNT + 1)
        event.subject = event.text = "news from elsewhere"
        work.events.add(event)
        assert not work.event_parts.extend(3), "the block isn't full"
        work.event_lists.near = 1
        assert work.event_lists.count_of_group(event.group_id, "elsewhere") == 1
        for number in range(2 * BLOCK):
            work.events.add(_event(number))
        assert work.event_parts.extend(1)
        assert work.event_lists.count_of_group(event.group_id, "elsewhere") == 1


def test_missing_ids_are_passed_over(store: Store) -> None:
    """PostgreSQL leaves out ids of transactions that it rolled back."""
    _index(store)
    with store._writer.begin() as connection:
        last = connection.exec_driver_sql("SELECT max(id) FROM events").scalar_one()
        connection.exec_driver_sql(
            "INSERT INTO events (id, at, kind, group_id, group_name, actor, subject, text)"
            f" VALUES ({last + 100 * BLOCK}, 0, 'file_added', 1, 'lab', 'bob', 'far', 'far away'),"
            f" ({last + 200 * BLOCK}, 0, 'file_added', 1, 'lab', 'bob', 'x', 'x')"
        )
    _index(store)
    with store.read() as work:
        work.event_lists.near = 1
        assert work.event_parts.end() == (last + 100 * BLOCK) // BLOCK * BLOCK + BLOCK
        assert [e.text for e in work.event_lists.of_group(1, "*far*", 0, 9)] == ["far away"]


def test_a_short_list_is_compared_where_many_blocks_have_the_parts(store: Store) -> None:
    """Rather than those blocks, which have events of others."""
    _index(store)
    with store.read() as work:
        work.event_lists.near = COUNT // 3
        everything = work.event_lists.of_group(1, "", 0, COUNT)
        expected = [e.id for e in everything if "film" in e.subject]
        found = work.event_lists.of_group(1, "FILM", 0, COUNT)
    assert [e.id for e in found] == expected
