from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from client.state.database import SCHEMA_VERSION, Database
from common.errors import ErrorCode, MinitorrentError
from tests.support.databases.stored import transfers_of
from tests.support.disk import fill, small_disk
from tests.unit.client.state.states import ClientState


def refusal(path: Path) -> MinitorrentError:
    with pytest.raises(MinitorrentError) as caught:
        ClientState(path)
    return caught.value


def test_only_the_owner_can_read_the_database(tmp_path: Path) -> None:
    path = tmp_path / "data %20 é?" / "client.sqlite"
    with ClientState(path) as state:
        state.settings.set("ann", "group", "lab")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_readable_file_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    path.touch()
    path.chmod(0o644)
    ClientState(path).database.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_database_uses_wal_at_the_current_version(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    database = Database.open(path)
    with database.transaction() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert session.execute(text("PRAGMA user_version")).scalar_one() == SCHEMA_VERSION
    database.close()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    error = refusal(path)
    assert error.code is ErrorCode.USAGE
    assert "newer version" in error.message
    assert [file.name for file in tmp_path.iterdir()] == ["client.sqlite"]


def test_a_file_that_is_not_a_database_is_renamed(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    for number in (1, 2):
        path.write_bytes(b"this is no database" * 1000)
        error = refusal(path)
        assert error.code is ErrorCode.INTERNAL
        kept = tmp_path / f"client.sqlite.damaged-{number}"
        assert str(kept) in error.message
        assert kept.read_bytes().startswith(b"this is no")
    with ClientState(path) as state:
        assert transfers_of(state.transfers, "ann") == []


def test_a_damaged_page_is_detected(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    with ClientState(path) as state:
        for number in range(300):
            state.settings.set("ann", f"{number}", "x" * 100)
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    path.write_bytes(data)
    (tmp_path / "client.sqlite-wal").write_bytes(b"")
    assert refusal(path).code is ErrorCode.INTERNAL
    assert (tmp_path / "client.sqlite.damaged-1").exists()
    assert (tmp_path / "client.sqlite.damaged-1-wal").exists()


def test_unwritable_places(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = refusal(tmp_path / "file" / "client.sqlite")
    assert error.code is ErrorCode.PERMISSION_DENIED
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder").code is ErrorCode.PERMISSION_DENIED


def test_failures_of_an_open_database(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "client.sqlite")
    with pytest.raises(MinitorrentError) as caught, database.transaction() as session:
        session.execute(text("SELECT nothing FROM nowhere"))
    assert caught.value.code is ErrorCode.INTERNAL
    with database.transaction() as session:
        session.execute(text("PRAGMA max_page_count = 1"))
    with pytest.raises(MinitorrentError) as caught, database.transaction() as session:
        session.execute(
            text("INSERT INTO settings VALUES ('ann', 'k', :value)"), {"value": "x" * 100_000}
        )
    assert caught.value.code is ErrorCode.DISK_FULL
    database.close()
    database.close()
    with pytest.raises(MinitorrentError, match="closed"), database.transaction():
        pass


def test_an_exception_rolls_back(tmp_path: Path) -> None:
    with ClientState(tmp_path / "client.sqlite") as state:
        state.settings.set("ann", "k", "1")
        with pytest.raises(ZeroDivisionError), state.database.transaction() as session:
            session.execute(text("DELETE FROM settings"))
            raise ZeroDivisionError
        assert state.settings.get("ann", "k") == "1"


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        ballast = fill(disk)
        with pytest.raises(MinitorrentError) as caught:
            Database.open(disk / "client.db")
        assert caught.value.code is ErrorCode.DISK_FULL
        ballast.unlink()
        Database.open(disk / "client.db").close()


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE bookmarks (url)")
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(MinitorrentError) as caught:
        Database.open(path)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_pipes_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "client.sqlite")
    with pytest.raises(MinitorrentError):
        Database.open(tmp_path / "client.sqlite")
