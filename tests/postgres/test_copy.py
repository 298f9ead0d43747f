"""Moving from SQLite to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from common.errors import MinitorrentError
from tests.support.databases.database import empty_database, new_database, on
from tests.support.databases.migrations import RELEASED, fill, migrate
from tracker.operator import registry
from tracker.operator.subcommand import CommandFailedError
from tracker.store.engine import open_store
from tracker.store.schema.complete import METADATA
from tracker.store.upkeep.copying import EPHEMERAL

STATEMENTS = (
    "INSERT INTO users (id, name, password_hash, created_at, told_event)"
    " VALUES (70, 'Äh😀\\', 'tab\there', 1234567890.123456, 4)",
    "INSERT INTO files (id, group_id, name, info_hash, size, pieces, completed, added_at)"
    " VALUES (9, 1, '50% of _', x'00FF5C', 4611686018427387904, 2147483648, 0, 0.1)",
    "INSERT INTO metainfos VALUES (9, zeroblob(3000000))",
    "INSERT INTO events (id, at, kind, group_id, group_name, actor, subject, text)"
    " VALUES (2000000000000, 3.0, 'file_added', 1, 'lab', 'ann', 'x', '')",
    "UPDATE invitations SET makes_admins = 1",
    # Its number is never given again, although nothing has it any more.
    "INSERT INTO groups (id, name, uid, mode, created_at) VALUES (500, 'gone', 'g', 'open', 1.0)",
    "DELETE FROM groups WHERE id = 500",
    "DELETE FROM group_sizes WHERE group_id = 500",
)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """An SQLite database with something in every table; its tracker ended long ago."""
    with on("sqlite"):
        url = empty_database(tmp_path)
    engine = create_engine(url)
    fill(engine)
    with engine.begin() as connection:
        for statement in STATEMENTS:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return url


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL database without tables."""
    with on("postgresql"):
        yield new_database(tmp_path)


def execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def rows(url: str) -> dict[str, list[Any]]:
    """Return all rows by table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in METADATA.sorted_tables
        }
    engine.dispose()
    return found


def test_everything_but_presence_is_copied(source: str, target: str) -> None:
    before = rows(source)
    assert all(before.values())
    said = registry.run(["copy", source, target])
    assert said.startswith("Copied ")
    after = rows(target)
    assert {name for name, found in after.items() if not found} == EPHEMERAL
    assert {name: found for name, found in before.items() if name not in EPHEMERAL} == {
        name: found for name, found in after.items() if found
    }
    assert rows(source) == before


def test_numbers_go_on_after_those_of_the_source(source: str, target: str) -> None:
    registry.run(["copy", source, target])
    with closing(open_store(target)) as store, store.write() as work:
        assert work.users.add("new", "hash", 0.0).id == 71
        assert work.groups.add("new", "uid", "open", 0.0).id == 501


def test_a_copy_that_fails_leaves_no_rows(source: str, target: str) -> None:
    execute(source, f"UPDATE events SET group_name = '{'x' * 300}' WHERE id = 1")
    with pytest.raises(CommandFailedError, match="nothing was copied: table events: value too"):
        registry.run(["copy", source, target])
    assert not any(rows(target).values())
    execute(source, "UPDATE events SET group_name = 'x' WHERE id = 1")
    registry.run(["copy", source, target])


def test_a_target_in_use_is_refused(source: str, target: str) -> None:
    registry.run(["copy", source, target])
    before = rows(target)
    with pytest.raises(CommandFailedError, match="the target is not empty"):
        registry.run(["copy", source, target])
    assert rows(target) == before


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE trackers SET heartbeat_at = 9e9", "a tracker runs on it"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer version"),
    ],
)
def test_a_source_that_is_not_at_rest(
    source: str, target: str, statement: str, expected: str
) -> None:
    execute(source, statement)
    with pytest.raises(CommandFailedError, match=expected):
        registry.run(["copy", source, target])


def test_a_source_of_an_older_version(target: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = create_engine(url)
    migrate(engine, RELEASED)
    engine.dispose()
    with pytest.raises(CommandFailedError, match="upgrades it; do that first"):
        registry.run(["copy", url, target])


def test_other_databases(tmp_path: Path) -> None:
    with pytest.raises(MinitorrentError, match="from SQLite to PostgreSQL"):
        registry.run(["copy", "postgresql://x/y", "sqlite:////x"])
    with pytest.raises(CommandFailedError, match="there is no database"):
        registry.run(["copy", f"sqlite:///{tmp_path / 'none'}", "postgresql://x/y"])
