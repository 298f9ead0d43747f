"""Files of every earlier version: each opens and keeps everything."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.resume import FileStamp, FileStamps
from client.state import migrations
from client.state.database import SCHEMA_VERSION, Database
from client.state.pinned_certificates import PinnedCertificates
from client.state.rate_limits import WHOLE_CLIENT, LimitScope, RateLimitStore, Rates
from client.state.schema import Table
from client.state.transfers import NewTransfer
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash
from tests.support.databases.stored import transfers_of
from tests.unit.client.state.old_files import VERSIONS, content, load, statements, stopped_at
from tests.unit.client.state.states import ClientState

STEPS = sorted(Path(*migrations.__path__).glob("versions/0*.py"))
every_version = pytest.mark.parametrize("dump", VERSIONS, ids=lambda dump: dump.stem)

PINS = {Endpoint("tracker.example.org", 7001): "ab" * 32, Endpoint("::1", 7002): "01" * 32}
LIMITS = {
    WHOLE_CLIENT: Rates(up=1 << 20),
    LimitScope("ann", "lab", "talk.ogg"): Rates(down=3 << 20),
}
NOTES = DownloadOptions(priority=-2, only=("*.txt", "ü*"), finalized=("a.txt",))
TALK = DownloadOptions(priority=7, sequential=True)
IN_PLACE = DownloadOptions(in_place=True)


def schema(path: Path) -> dict[str, list[object]]:
    """The columns and indexes of every table."""
    with closing(sqlite3.connect(path)) as connection:

        def ask(pragma: str, name: str) -> list[object]:
            return connection.execute(f"SELECT * FROM pragma_{pragma}(?)", (name,)).fetchall()

        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {
            name: [
                *ask("table_info", name),
                *ask("index_list", name),
                *ask("foreign_key_list", name),
            ]
            for (name,) in tables.fetchall()
        }


def test_migrations_form_one_chain_up_to_the_programs_version() -> None:
    numbers = [step.name.partition("_")[0] for step in STEPS]
    assert numbers == [f"{number:04}" for number in range(1, SCHEMA_VERSION + 1)]
    assert {dump.stem[:4] for dump in VERSIONS} >= set(numbers[:-1])


def transfers(dump: Path) -> dict[tuple[str, str, str], dict[str, object]]:
    """The newest version's record of each transfer, without its metainfo."""
    version = int(dump.stem[-4:])  # the last one that wrote the file
    plain: dict[str, object] = {
        "is_upload": False,
        "complete": False,
        "paused": False,
        "bitfield": None,
        "stamps": None,
        "uploaded": 0,
        "downloaded": 0,
        "options": DEFAULT_OPTIONS,
    }
    expected: dict[tuple[str, str, str], dict[str, object]] = {
        ("ann", "lab", "film.mkv"): {
            "path": Path("/home/ann/film.mkv"),
            "is_upload": True,
            "complete": True,
            "stamps": FileStamps((FileStamp(40000, 1763712000123456789),)),
            "uploaded": 120000,
        },
        ("ann", "lab", "notes"): {
            "path": Path("/home/ann/downloads/notes"),
            "complete": True,
            "stamps": FileStamps(
                (FileStamp(12000, 1763712060000000001), FileStamp(8000, 1763712060000000002))
            ),
            "uploaded": 500,
            "downloaded": 20000,
        },
        ("ann", "lab", "talk.ogg"): {
            "path": Path("/home/ann/downloads/talk.ogg"),
            "paused": True,
            "bitfield": b"\xa4",
            "stamps": FileStamps((FileStamp(100000, 1763712120000000003),)),
            "downloaded": 49152,
        },
        ("ann", "Größe", "naïve.txt"): {
            "path": Path(os.fsdecode(b"/home/ann/caf\xe9/na\xc3\xafve.txt")),
        },
        ("bob", "lab", "film.mkv"): {
            "path": Path("/home/bob/film.mkv"),
            "complete": True,
            "stamps": FileStamps((FileStamp(40000, 1763712240000000004),)),
            "uploaded": 7,
            "downloaded": 40000,
        },
    }
    if dump.stem >= "0005":
        expected["ann", "lab", "notes"]["options"] = NOTES
        expected["ann", "lab", "talk.ogg"]["options"] = TALK
    if version >= 7:
        expected["ann", "Größe", "naïve.txt"]["options"] = IN_PLACE
    start = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    return {
        key: plain | values | {"id": number + 1, "added_at": start + timedelta(minutes=number)}
        for number, (key, values) in enumerate(expected.items())
    }


def metainfo(dump: Path) -> dict[int, bytes]:
    """The metainfo of each transfer as it is in the dump."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(dump.read_text("utf-8"))
        return dict(connection.execute("SELECT id, metainfo FROM transfers"))


@every_version
def test_migrations_keep_all_data(dump: Path, tmp_path: Path) -> None:
    load(dump, path := tmp_path / "client.sqlite")
    with ClientState(path) as state:
        found = {
            (record.user, record.group, record.name): record
            for user in ("ann", "bob")
            for record in transfers_of(state.transfers, user)
        }
        expected = transfers(dump)
        assert list(found) == list(expected)
        for key, values in expected.items():
            assert {name: getattr(found[key], name) for name in values} == values
        originals = metainfo(dump)
        for record in found.values():
            described = state.transfers.metainfo(record.id)
            assert described == originals[record.id]
            info = described.removeprefix(b"d4:info").removesuffix(b"e")
            assert record.info_hash == hashlib.sha1(info).digest()
        assert state.settings.get("ann", "group") == "lab"
        assert state.settings.get("bob", "group") == "Größe"
        active = state.settings.get("", "active_downloads")
        assert active == ("5" if dump.stem >= "0005" else None)
        pinned = PinnedCertificates(state.database)
        for tracker, fingerprint in PINS.items():
            assert pinned.get(tracker) == (fingerprint if dump.stem >= "0003" else None)
        limits = RateLimitStore(state.database).all()
        assert limits == (LIMITS if dump.stem >= "0006" else {})


@every_version
def test_the_newest_code_works_after_migration(dump: Path, tmp_path: Path) -> None:
    load(dump, path := tmp_path / "client.sqlite")
    stamps = FileStamps((FileStamp(9, 9),))
    with ClientState(path) as state:
        partial = state.transfers.find("ann", "lab", "talk.ogg")
        assert partial
        state.transfers.set_options(partial.id, IN_PLACE)
        state.transfers.update_progress(partial.id, Bitfield.full(7), stamps)
        state.transfers.mark_complete(partial.id, stamps)
        state.transfers.remove(1)
        added = state.transfers.add(
            NewTransfer(
                user="bob",
                group="lab",
                name="new",
                info_hash=InfoHash(bytes(20)),
                metainfo=b"de",
                path=tmp_path / "new",
                added_at=datetime(2026, 11, 28, tzinfo=UTC),
                options=TALK,
            )
        )
        with pytest.raises(MinitorrentError) as caught:  # the unique constraint still exists
            state.transfers.add(
                NewTransfer(
                    user="bob",
                    group="lab",
                    name="film.mkv",
                    info_hash=InfoHash(bytes(20)),
                    metainfo=b"de",
                    path=tmp_path / "film.mkv",
                    added_at=datetime(2026, 11, 28, tzinfo=UTC),
                )
            )
        assert caught.value.code is ErrorCode.NAME_TAKEN
        PinnedCertificates(state.database).set(Endpoint("a", 1), "ff")
        RateLimitStore(state.database).set(WHOLE_CLIENT, Rates(1, 2))
        state.settings.set("ann", "group", None)
    with ClientState(path) as state:
        partial = state.transfers.get(partial.id)
        assert partial
        assert (partial.complete, partial.stamps, partial.options) == (True, stamps, IN_PLACE)
        assert state.transfers.get(1) is None
        assert state.transfers.get(added.id) == added
        assert PinnedCertificates(state.database).get(Endpoint("a", 1)) == "ff"
        assert RateLimitStore(state.database).all()[WHOLE_CLIENT] == Rates(1, 2)
        assert state.settings.get("ann", "group") is None


@every_version
def test_the_migrated_schema_equals_a_new_one(dump: Path, tmp_path: Path) -> None:
    load(dump, old := tmp_path / "old.sqlite")
    for path in (old, new := tmp_path / "new.sqlite"):
        Database.open(path).close()
    assert schema(old) == schema(new)
    engine = create_engine(f"sqlite:///{old}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
        assert context.get_current_revision() == f"{SCHEMA_VERSION:04}"
    engine.dispose()


def test_no_file_is_migrated_twice(tmp_path: Path) -> None:
    load(VERSIONS[0], path := tmp_path / "client.sqlite")
    first, second, third = (statements(path) for _ in range(3))
    assert first > second == third
    after = content(path)
    Database.open(path).close()
    assert content(path) == after


@pytest.mark.parametrize("existing", [True, False])
def test_alembic_is_loaded_only_for_a_migration(existing: bool, tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    if existing:
        Database.open(path).close()
    code = (
        "import sys, pathlib; from client.state.database import Database;"
        "Database.open(pathlib.Path(sys.argv[1])).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=60)


@pytest.mark.parametrize("tables", ["", "CREATE TABLE settings (user, key, value)"])
def test_a_half_created_file_is_completed(tables: str, tmp_path: Path) -> None:
    """Earlier versions created one table after the other, and then wrote the version."""
    path = tmp_path / "client.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        dump = VERSIONS[-1].read_text("utf-8")
        start = dump.index("CREATE TABLE settings")
        connection.executescript(dump[start : dump.index(";", start)] if tables else "")
    with ClientState(path) as state:
        state.settings.set("ann", "group", "lab")
        assert transfers_of(state.transfers, "ann") == []


def test_a_migration_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    load(VERSIONS[0], path := tmp_path / "client.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    before = content(path)
    with pytest.raises(MinitorrentError, match="newer version") as caught:
        Database.open(path)
    assert caught.value.code is ErrorCode.USAGE
    assert content(path) == before


def test_a_file_with_a_version_is_migrated_from_it(tmp_path: Path) -> None:
    """As every file does that has a version number since there are migrations."""
    load(VERSIONS[0].with_name("0005.sql"), path := tmp_path / "client.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0005')")
        connection.execute("PRAGMA user_version = 5")
    with stopped_at(sys.maxsize) as seen:
        Database.open(path).close()
    assert sum("CREATE TABLE" in statement for statement in seen) == SCHEMA_VERSION - 5
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [
            (f"{SCHEMA_VERSION:04}",)
        ]
        assert connection.execute("SELECT * FROM rate_limits").fetchall() == []


def test_another_alembic_database_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "client.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    with pytest.raises(MinitorrentError) as caught:
        Database.open(path)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert path.read_bytes() == before
