"""`check` and `backup`, on both databases."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url

from common.api import groups
from common.api.groups import CreateGroup
from tests.integration.tracker.lab import Lab
from tests.support.databases.database import Kind, empty_database, new_database
from tests.support.databases.migrations import RELEASED, VERSIONS, migrate
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.operator import registry
from tracker.operator.subcommand import CommandFailedError
from tracker.store.database.errors import DatabaseError
from tracker.store.upkeep.backup import back_up
from tracker.store.upkeep.checking import Report, check

KEY = base64.b64encode(bytes(KEY_BYTES)).decode()
"""The lab's."""


@pytest.fixture
def url(lab: Lab, tmp_path: Path) -> str:
    """A database in use: two members, an open group with a file, a sealed one."""
    with lab.store.write() as work:
        work.authorities.add_key_fingerprint(SecretBox(bytes(KEY_BYTES)).fingerprint)
    lab.services.groups.create_group(
        lab.ann.caller.require_login(), CreateGroup(group="den", mode="sealed")
    )
    lab.stock(lab.member("bob"), lab.share("film"), b"x" * 20, left=0)
    lab.services.requests.join_group(
        lab.client("bob").caller.require_login(), groups.JoinGroup(group="den")
    )
    return empty_database(tmp_path)


@contextmanager
def damaging(url: str) -> Iterator[Connection]:
    """Write to a database without its checks of references."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection
    engine.dispose()


def found(url: str, key: str = KEY) -> Report:
    return check(url, Path("/nowhere"), key)


def test_a_database_in_use_is_whole(url: str) -> None:
    report = found(url)
    assert report.problems == []
    assert report.schema == VERSIONS[-1]
    assert report.counts["users"] == 2
    assert report.counts["groups"] == 2


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("UPDATE memberships SET role = 'member'", "2 groups without one owner (such as 'den')"),
        (
            "UPDATE memberships SET role = 'king' WHERE role = 'member'",
            "1 memberships with an unknown role (such as 3)",
        ),
        ("DELETE FROM metainfos", "1 files without metainfo (such as 'film')"),
        ("DELETE FROM authorities", "1 groups whose mode doesn't fit their authority"),
        ("DELETE FROM memberships WHERE role = 'member'", "announce keys of users who aren't"),
        ("UPDATE join_requests SET group_id = 1", "1 requests of users who are members already"),
        ("DELETE FROM users WHERE name = 'bob'", "rows in memberships that refer to nothing"),
        ("UPDATE group_sizes SET files = files + 1", "2 groups of wrong size (such as 'den')"),
        ("DELETE FROM user_sizes", "users of wrong size (such as 'ann')"),
        ("DROP INDEX ix_shares_user_id", "the index ix_shares_user_id is missing"),
        ("DROP TABLE guests", "the table guests is missing"),
        ("UPDATE authorities SET sealed_key = metainfos.content FROM metainfos", "den can't be"),
        ("UPDATE authority_keys SET fingerprint = metainfos.content FROM metainfos", "match this"),
    ],
)
def test_what_is_wrong_is_named(url: str, damage: str, expected: str) -> None:
    with damaging(url) as connection:
        connection.exec_driver_sql(damage)
    assert expected in "; ".join(found(url).problems)


def test_a_sequence_that_is_behind(url: str, database: Kind) -> None:
    if database == "postgresql":
        with damaging(url) as connection:
            connection.exec_driver_sql("SELECT setval('users_id_seq', 1)")
        assert found(url).problems == ["the sequence of users is behind its rows"]


def test_an_old_schema_is_left_as_it_is(tmp_path: Path) -> None:
    url = new_database(tmp_path)
    engine = create_engine(url)
    migrate(engine, RELEASED)
    engine.dispose()
    (problem,) = found(url).problems
    assert problem.startswith(f"its schema is {RELEASED}, but this version needs {VERSIONS[-1]};")
    assert found(url).problems == [problem]


@pytest.mark.sqlite
def test_a_damaged_file(url: str, tmp_path: Path, lab: Lab) -> None:
    lab.store.close()
    path = tmp_path / "tracker.db"
    data = bytearray(path.read_bytes())
    data[8192:-8192] = bytes(len(data) - 16384)
    path.write_bytes(data)
    try:
        assert any("SQLite reports" in problem for problem in found(url).problems)
    except DatabaseError as error:
        assert "malformed" in str(error)


@pytest.mark.sqlite
def test_a_check_changes_nothing(url: str, tmp_path: Path) -> None:
    """Also not the kind of journal of a copy that nobody has opened yet."""
    copy = tmp_path / "copy.db"
    back_up(url, copy)
    before = copy.read_bytes()
    assert found(f"sqlite:///{copy}").problems == []
    assert copy.read_bytes() == before
    assert not copy.with_name("copy.db-wal").exists()


def test_a_backup_has_what_was_committed(
    lab: Lab, url: str, database: Kind, tmp_path: Path
) -> None:
    file = tmp_path / "backups" / "today"
    file.parent.mkdir()
    with lab.store.write() as work:
        work.users.add("late", "hash", 0.0)
        work.users.by_name("late")  # has it sent
        assert back_up(url, file) == file.stat().st_size
    assert [*file.parent.iterdir()] == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    restored = f"sqlite:///{file}" if database == "sqlite" else restore(file, tmp_path)
    report = found(restored)
    assert report.problems == []
    assert report.counts["users"] == 2


def restore(file: Path, folder: Path) -> str:
    """Restore an archive of PostgreSQL into a new database."""
    url = new_database(folder)
    parsed = make_url(url)
    command = ["pg_restore", "--exit-on-error", f"--dbname={parsed.render_as_string()}", str(file)]
    subprocess.run(command, check=True)
    return url


def test_a_backup_replaces_no_file(url: str, tmp_path: Path) -> None:
    file = tmp_path / "theirs"
    file.write_text("theirs")
    with pytest.raises(CommandFailedError, match="exists already"):
        registry.run(["backup", str(file), "--database", url])
    assert file.read_text() == "theirs"


@pytest.mark.any_database
def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    for bad in ("postgresql://me:secret@127.0.0.1:1/x", f"sqlite:///{tmp_path / 'none'}"):
        with pytest.raises(CommandFailedError, match="can't back up") as raised:
            registry.run(["backup", str(tmp_path / "file"), "--database", bad])
        assert "secret" not in str(raised.value)
    assert [*tmp_path.iterdir()] == []


def test_the_subcommands_answer(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINITORRENT_AUTHORITY_KEY", KEY)
    where = ["--database", url]
    assert registry.run(["check", *where]).startswith("The database is intact: schema ")
    said = registry.run(["backup", str(tmp_path / "file"), *where])
    assert "doesn't contain the key in MINITORRENT_AUTHORITY_KEY" in said
    monkeypatch.setenv("MINITORRENT_AUTHORITY_KEY", KEY.replace("A", "B", 1))
    with pytest.raises(CommandFailedError, match="doesn't match this database"):
        registry.run(["check", *where])
