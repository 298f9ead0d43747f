"""How PostgreSQL finds what announces and lists ask for, when there is very much of it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from common.types import PeerId
from tracker.domain.rules import Role
from tracker.domain.selection import Peer
from tracker.services.sharing.swarms import SMALL, Swarms, Wish
from tracker.store.engine import Store

pytestmark = pytest.mark.usefixtures("on_postgresql")

COUNT = 3_000
NOW = 1_000.0
_NUMBERS = f"generate_series(1, {COUNT}) AS i"
_CROWD = (
    "INSERT INTO users (id, name, password_hash, created_at)"
    f" SELECT 100 + i, 'user' || lpad(i::text, 5, '0'), 'x', 0 FROM {_NUMBERS}",
    "INSERT INTO memberships (group_id, user_id, role, joined_at)"
    f" SELECT 1, 100 + i, 'member', 0 FROM {_NUMBERS}",
    "INSERT INTO files (id, group_id, name, info_hash, size, pieces, completed, added_at)"
    " SELECT i, 1, 'file ' || lpad(i::text, 5, '0'), decode(lpad(to_hex(i), 40, '0'), 'hex'),"
    f" i, 1, 0, i FROM {_NUMBERS}",
    f"INSERT INTO trackers (id, host, port, heartbeat_at) VALUES ('t', 'h', 1, {NOW})",
    "INSERT INTO tokens (id, user_id, digest, address, created_at, expires_at)"
    f" SELECT i, 100 + i, decode(lpad(to_hex(i), 64, '0'), 'hex'), '', 0, 9e9 FROM {_NUMBERS}",
    "INSERT INTO connections (id, tracker_id, token_id, user_id, opened_at)"
    f" SELECT i::text, 't', i, 100 + i, 0 FROM {_NUMBERS}",
    'INSERT INTO peers (file_id, user_id, connection_id, peer_id, host, port, "left",'
    " uploaded, downloaded, place) SELECT 1, 100 + i, i::text, 'p', '10.0.0.1', 1, i % 2, 0, 0, i"
    f" FROM {_NUMBERS}",
)
_GROUPS = (
    "INSERT INTO groups (id, name, uid, mode, created_at)"
    f" SELECT 10 + i, 'group ' || i, 'uid ' || i, 'open', 0 FROM {_NUMBERS}",
    "INSERT INTO memberships (group_id, user_id, role, joined_at)"
    f" SELECT 10 + i, 1334, 'owner', 0 FROM {_NUMBERS}",  # user01234
)


@pytest.fixture
def store(url: str, stores: list[Store]) -> Store:
    """A database in which very many members of a group with very many files share the first."""
    with stores[0].write() as work:
        ann = work.users.add("ann", "x", 0.0)
        group = work.groups.add("lab", "uid", "open", 0.0)
        work.groups.add_member(group.id, ann.id, Role.OWNER, 0.0)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (*_CROWD, "ANALYZE"):
            connection.execute(statement)
    return stores[0]


@contextmanager
def plans_of(engine: Engine) -> Iterator[list[str]]:
    """Collect the plans of all queries inside the block."""
    plans: list[str] = []

    def explain(
        connection: Any, _: object, statement: str, values: Any, __: object, many: bool
    ) -> None:
        if statement.lstrip().startswith("SELECT") and not many:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", values)
                plans.append("\n".join(line for (line,) in cursor.fetchall()))

    event.listen(engine, "before_cursor_execute", explain)
    yield plans
    event.remove(engine, "before_cursor_execute", explain)


def test_an_announce_looks_up_the_connections_of_its_peers_only(store: Store) -> None:
    """It does not collect the live connections of all trackers first."""
    swarms = Swarms(random.Random(1))
    me = Peer(1, "ann", PeerId(b"x" * 20), "10.0.0.9", 1, 1)
    with store.look() as view:
        for numwant in (0, 50):
            swarms.answer(view, [Wish(1, me, numwant, with_seeders=True)], NOW)
        with plans_of(store._looker) as plans:
            (answer,) = swarms.answer(view, [Wish(1, me, 50, with_seeders=True)], NOW)
            view.present([1], NOW, SMALL)
            view.at_host(1, "10.0.0.9", NOW)
    assert answer.seeders + answer.leechers == COUNT
    assert len(plans) == 4  # nobody is at that host, so other addresses are looked at, too
    for plan in plans:
        assert "hashed SubPlan" not in plan, plan
        assert f"rows={COUNT} " not in plan, plan


def test_few_matching_names_are_found_by_their_parts(store: Store) -> None:
    with plans_of(store._reader) as plans, store.read() as work:
        assert work.file_lists.count(1, "01234") == 1
        assert len(work.file_lists.page(1, "01234", "name", None, 10)) == 1
        assert len(work.file_lists.page(1, "01234", "size", None, 10)) == 1
        assert work.groups.count_members(1, "01234") == 1
        assert len(work.groups.members(1, "01234", 0, 10)) == 1
    assert len(plans) == 7  # with the first look of each kind
    for plan in plans:
        assert "Bitmap Index Scan on ix_" in plan, plan
        assert "_parts" in plan, plan


def test_the_first_names_of_all_groups_are_found_without_sorting_all(store: Store) -> None:
    with plans_of(store._reader) as plans, store.read() as work:
        first = work.file_lists.search(1, "", None, 10)
        assert [file.name for file, _ in first] == [f"file {i:05}" for i in range(1, 11)]
        last = first[-1][0]
        second = work.file_lists.search(1, "", (last.name, last.id), 10)
        assert [file.name for file, _ in second] == [f"file {i:05}" for i in range(11, 21)]
        common = work.file_lists.search(1, "*le 0*", None, 10)
    assert common == first
    for plan in plans:
        assert most_rows(plan) < COUNT / 2, plan


def test_one_who_is_in_very_many_groups_is_found_in_one_of_them(url: str, store: Store) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (*_GROUPS, "ANALYZE"):
            connection.execute(statement)
    with plans_of(store._reader) as plans, store.read() as work:
        assert work.groups.count_members(1, "01234") == 1
        assert len(work.groups.members(1, "01234", 0, 10)) == 1
    for plan in plans:
        assert most_rows(plan) < COUNT / 2, plan


def most_rows(plan: str) -> int:
    """Return how many rows a step of a plan returned or left out."""
    found = re.findall(r"actual rows=(\d+)|Rows Removed by \w+(?: \w+)?: (\d+)", plan)
    return max(int(number) for pair in found for number in pair if number)


def test_no_event_is_compared_with_a_pattern_that_fits_none(url: str, store: Store) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO events (at, kind, group_id, group_name, actor, subject, text, address)"
            " SELECT i, 'file_added', 1, 'lab', 'bob', 'file', 'bob shares a file', ''"
            " FROM generate_series(1, 10000) AS i"
        )
        connection.execute("ANALYZE")
    with store.write() as work:
        while work.event_parts.extend(20):
            pass
    with plans_of(store._reader) as plans, store.read() as work:
        ann = work.users.by_name("ann")
        assert ann is not None
        assert work.event_lists.of_group(1, "elsewhere", 0, 10) == []
        assert work.event_lists.relevant_to(ann, "elsewhere", 0, 10) == []
        assert work.event_lists.count_relevant(ann, "elsewhere") == 0
    assert len(plans) > 6
    for plan in plans:
        assert most_rows(plan) < 2_200, plan  # the newest 2,000 are compared
