"""Differences between PostgreSQL and SQLite, none of which may be visible.

The tests in tests/integration/tracker run on both.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, MetaData, create_engine, func, select

from common.api.files import Sort
from common.types import PeerId
from tests.integration.tracker.sessions import SessionClient, code_of
from tests.postgres.server import Server, programs
from tests.support.databases.database import new_database
from tests.support.databases.migrations import VERSIONS, fill, migrate
from tests.support.programs.processes import TrackerProcess
from tests.support.waiting import wait_until
from tracker.domain.presence import Change, Presence
from tracker.domain.rules import Role
from tracker.services.sharing.rankings import Page, SeederRankings
from tracker.store.database.errors import DatabaseError, DatabaseLostError, InDoubtError
from tracker.store.engine import Store, open_store
from tracker.store.records import GroupSize, NewFile, UserSize
from tracker.store.unit_of_work import UnitOfWork

NAMES = [
    "b",
    "A",
    "a",
    "B",
    "Äh",
    "äH",
    "z",
    "_",
    "%",
    "a%b",
    "a_b",
    "a\\b",
    "É",
    "é",
    "ß",
    "😀",
    "ǆ",
]
PATTERNS = ["a", "A*", "?", "ä", "ÄH", "%", "_", "\\", "a?b", "É", "SS", "😀", "Ǆ", "*"]


pytestmark = pytest.mark.usefixtures("on_postgresql")


def ask(url: str, statement: str) -> Any:
    """Return the first value of the last row of a statement's result."""
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(statement)
        return answer.fetchall()[-1][0] if answer.description else None


def counts(engine: Engine) -> dict[str, int]:
    """Count the rows of all tables but that which trackers fill later."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.sorted_tables
            if table.name != "event_parts"
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_schema_version_migrates_with_its_data(version: str, tmp_path: Path) -> None:
    url = new_database(tmp_path)
    engine = create_engine(url)
    migrate(engine, version)
    fill(engine)
    before = counts(engine)
    assert set(before.values()) == {1}
    store = open_store(url)
    assert before.items() <= counts(engine).items()
    with store.write() as work:
        assert work.users.by_name("x") is not None
        assert [file.name for file, _ in work.file_lists.page(1, "", "name", None, 9)] == ["x"]
        # Files from before the quotas are counted too, with their metainfo.
        assert work.sizes.of_user(1) == UserSize(1, 1, int(version < "0006"), 1)
        assert work.sizes.of_group(1) == GroupSize(1, 1, 1)
        assert work.events.last_id() == 1
        work.users.add("y", "hash", 0.0)
    store.close()
    engine.dispose()


def test_every_migration_can_be_undone_with_its_data(tmp_path: Path) -> None:
    engine = create_engine(new_database(tmp_path))
    migrate(engine, "head")
    fill(engine)
    for older in VERSIONS[-2::-1]:
        migrate(engine, older, down=True)
    assert counts(engine)["files"] == 1
    migrate(engine, "base", down=True)
    assert set(counts(engine)) == {"alembic_version"}
    engine.dispose()


def add_group(store: Store, names: list[str]) -> int:
    """Create a group with files of these names and very different sizes."""
    with store.write() as work:
        work.users.add("ann", "hash", 0.0)
        group = work.groups.add("lab", "uid", "open", 0.0)
        for number, name in enumerate(names):
            info_hash = number.to_bytes(20, "big")
            size = 2**31 << number
            file = NewFile(
                group_id=group.id, name=name, info_hash=info_hash, size=size, pieces=1, added_at=0.1
            )
            work.files.add(file, b"d4:infode")
        return group.id


def page_of(work: UnitOfWork, group: int, pattern: str, sort: Sort, after: Any, limit: int) -> Page:
    if sort == "seeders":
        return SeederRankings(time.monotonic).page(work, group, pattern, after, limit, 0.0)
    return work.file_lists.page(group, pattern, sort, after, limit)


def listed(store: Store, group: int, sort: Any, pattern: str = "") -> list[str]:
    """The names on all pages, of two files each."""
    names: list[str] = []
    after = None
    while True:
        with store.read() as work:
            page = page_of(work, group, pattern, sort, after, 2)
        if not page:
            return names
        names += [file.name for file, _ in page]
        after = page[-1][1]


def test_pages_are_sorted_by_code_point(stores: list[Store]) -> None:
    group = add_group(stores[0], NAMES)
    assert listed(stores[0], group, "name") == sorted(NAMES)
    assert listed(stores[0], group, "size") == NAMES[::-1]
    assert listed(stores[0], group, "age") == NAMES[::-1]
    assert listed(stores[0], group, "seeders") == NAMES[::-1]


def test_groups_are_sorted_by_code_point(stores: list[Store]) -> None:
    names = ["b.c", "a", "B", "a_b", "A", "ab", "a-c", "a.c"]
    with stores[0].write() as work:
        user = work.users.add("ann", "hash", 0.0)
        for name in names:
            work.groups.add_member(
                work.groups.add(name, name, "open", 0.0).id, user.id, Role.OWNER, 0.0
            )
    with stores[1].read() as work:
        assert work.groups.names_of(user.id, 9) == sorted(names)
        page = work.groups.page(user.id, "", "a", 3, member=True)
    assert [row.group.name for row in page] == [name for name in sorted(names) if name > "a"][:3]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_match_as_in_sqlite(stores: list[Store], tmp_path: Path, pattern: str) -> None:
    sqlite = open_store(f"sqlite:///{tmp_path / 'same.db'}")
    expected = listed(sqlite, add_group(sqlite, NAMES), "name", pattern)
    sqlite.close()
    group = add_group(stores[0], NAMES)
    assert listed(stores[0], group, "name", pattern) == expected
    with stores[0].read() as work:
        assert work.file_lists.count(group, pattern) == len(expected)


def test_a_stalled_tracker_delays_the_others_only_briefly(url: str, stores: list[Store]) -> None:
    hasty = open_store(url, busy_seconds=0.6)
    with pytest.raises(DatabaseError) as raised, hasty.write() as work:
        work.users.add("ann", "hash", 0.0)
        with stores[1].write() as other:
            other.users.add("ann", "hash", 0.0)
    hasty.close()
    assert "idle-in-transaction" in str(raised.value)
    assert "\n" not in str(raised.value)
    with stores[0].write() as work:
        assert work.users.by_name("ann") is not None


def test_peer_numbers_never_run_out(url: str, stores: list[Store]) -> None:
    add_group(stores[0], ["x"])
    ask(url, "SELECT setval('peers_id_seq', 2147483647)")
    with stores[0].write() as work:
        presence = Presence(PeerId(b"p" * 20), "10.0.0.1", 1, 7, 0, 0, None, 9e9)
        work.presence.record(1, {1: Change((), presence)}, 0.0)
        assert work.presence.counts([1], 0.0) == {1: (0, 1)}


def test_a_database_server_that_crashes_and_restarts(tmp_path: Path) -> None:
    found = programs()
    assert found
    with Server(found) as server:
        url = server.url
        with (
            TrackerProcess(tmp_path, database=url) as tracker,
            SessionClient(tracker.address) as ann,
        ):
            ann.sign_up("ann").call("create_group", group="lab", mode="open")
            info_hash = ann.upload("lab", "x")["info_hash"]
            ann.announce(info_hash, 0)
            server.end()
            assert code_of(ann, "list_groups") == "busy"
            assert code_of(ann, "create_group", group="den") == "busy"
            server.start()
            wait_until(lambda: _works(ann), 20, "the tracker to find its database again")
            (row,) = ann.call("list_files", group="lab")["files"]
            assert row["owner"] == "ann"
            wait_until(
                lambda: ann.call("list_files", group="lab")["files"][0]["seeders"] == 1, 20, "ann"
            )
            assert "Traceback" not in tracker.story()


def _works(client: SessionClient) -> bool:
    try:
        client.call("list_groups")
    except Exception:
        return False
    return True


def cut_off_all_others(url: str) -> None:
    ask(
        url,
        "SELECT count(pg_terminate_backend(pid, 20000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_commit_without_an_answer_is_in_doubt(url: str, stores: list[Store]) -> None:
    with pytest.raises(InDoubtError), stores[0].write() as work:
        work.users.add("ann", "hash", 0.0)
        cut_off_all_others(url)


def test_a_connection_that_breaks_before_the_commit_has_done_nothing(
    url: str, stores: list[Store]
) -> None:
    with pytest.raises(DatabaseLostError), stores[0].write() as work:
        work.users.add("ann", "hash", 0.0)
        cut_off_all_others(url)
        work.users.by_name("ann")
    with stores[0].read() as work:
        assert work.users.by_name("ann") is None


def test_a_connection_that_breaks_after_the_last_question(url: str, stores: list[Store]) -> None:
    with pytest.raises(DatabaseLostError), stores[0].read() as work:
        work.users.by_name("ann")
        cut_off_all_others(url)


def test_an_unreachable_database_server(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="refused") as raised:
        open_store("postgresql://me:secret@127.0.0.1:1/x")
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.soak
def test_a_hundred_thousand_files(url: str, stores: list[Store]) -> None:
    group = add_group(stores[0], [])
    ask(
        url,
        "INSERT INTO files (group_id, name, info_hash, size, pieces, completed, added_at)"
        " SELECT 1, 'file ' || lpad(i::text, 6, '0') || '.bin',"
        " decode(lpad(to_hex(i), 40, '0'), 'hex'), i::bigint * 7919 % 100000, 1, 0,"
        " i::bigint * 104729 % 100000 FROM generate_series(0, 99999) AS i",
    )
    ask(
        url,
        'INSERT INTO peers (file_id, user_id, peer_id, host, port, "left", uploaded, downloaded,'
        " expires_at) SELECT id, 1, 'p', '10.0.0.1', 1, id % 2, 0, 0, 9e9 FROM files",
    )
    ask(url, "ANALYZE")
    sorts: tuple[Any, ...] = ("name", "size", "age", "seeders")
    for sort in sorts:
        for pattern in ("", "*99.BIN", "Ä"):
            began = time.monotonic()
            with stores[0].read() as work:
                page = page_of(work, group, pattern, sort, None, 1001)
                total = work.file_lists.count(group, pattern)
                rest = page and page_of(work, group, pattern, sort, page[-1][1], 1001)
            took = time.monotonic() - began
            sys.stderr.write(f"two pages by {sort}, {pattern!r}: {took * 1000:.0f} ms\n")
            assert took < 10
            assert total == {"": 100_000, "*99.BIN": 1000, "Ä": 0}[pattern]
            assert len(page) == min(total, 1001)
            assert len({file.name for file, _ in page + rest}) == len(page) + len(rest)
