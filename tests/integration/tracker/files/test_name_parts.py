"""Names are found by their parts: as many as by going through all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.support.databases.database import empty_database
from tracker.domain.name_parts import parts_of
from tracker.domain.rules import Role
from tracker.store.engine import Store, open_store
from tracker.store.matching import RARE, Lookups, fits, may_fit
from tracker.store.records import NewFile
from tracker.store.tables import files

NAMES = (
    "Holiday film 2024.mkv",
    "holiday FILM.mkv",
    'a "quoted" name',
    "50% off_sale\\now",
    "Äpfel und Öl",
    "äpfel UND öl.TXT",
    "İstanbul'da Kino für alle",
    "istanbul'da KINO FÜR",
    "Kelvin \u212aino für",
    "ΟΔΟΣ και ΟΔΟΣΑ",
    "Фильм о мире",
    "ФИЛЬМ",
    "映画の名前",
    "ᎠᎡᎢ tsalagi",
    "ꭰꭱꭲ tsalagi",
    "ab",
    "😀😀😀",
    "straße",
    "STRASSE",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database in which a group has files of these names."""
    store = open_store(empty_database(tmp_path))
    with store.write() as work:
        ann = work.users.add("ann", "x", 0.0)
        group = work.groups.add("lab", "uid", "open", 0.0)
        work.groups.add_member(group.id, ann.id, Role.OWNER, 0.0)
        for number, name in enumerate(NAMES):
            file = NewFile(group.id, name, number.to_bytes(20, "big"), number, 1, 0.0)
            work.files.add(file, b"d4:infode")
    yield store
    store.close()


def test_every_part_of_every_name_in_any_case(store: Store) -> None:
    with store.read() as work, store._reader.connect() as connection:
        lookups = Lookups(connection, files)
        looked_up = 0
        for name in NAMES:
            for start in range(0, len(name), 3):
                for end in {start + 4, start + 7, len(name)}:
                    for pattern in (name[start:end].upper(), f"*{name[start:end].lower()}*"):
                        going_through = select(files.c.id).where(fits(files.c.name, pattern))
                        expected = sorted(connection.execute(going_through).scalars())
                        assert sorted(work.file_lists.fitting_ids(1, pattern)) == expected, pattern
                        looked_up += bool(lookups.of(pattern))
    assert looked_up > 100


def test_changes_of_names_are_followed(store: Store) -> None:
    with store.write() as work:
        film = work.files.by_name(1, NAMES[0])
        assert film is not None
        work.files.remove(film.id)
    with store._writer.begin() as connection:
        connection.execute(files.update().where(files.c.name == NAMES[1]).values(name="Winter.mkv"))
    with store.read() as work:
        assert work.file_lists.fitting_ids(1, "holiday") == []
        assert len(work.file_lists.fitting_ids(1, "winter")) == 1


def test_patterns_that_many_names_match_are_not_looked_up(store: Store) -> None:
    with store.write() as work:
        for number in range(100, 100 + RARE + 1):
            file = NewFile(1, f"many {number}", number.to_bytes(20, "big"), 1, 1, 0.0)
            work.files.add(file, b"d4:infode")
    with store.read() as work:
        assert not work.file_lists.is_rare("MANY")
        assert not work.file_lists.is_rare("*")
        assert work.file_lists.is_rare("winter")
        assert work.file_lists.count(1, "MANY") == RARE + 1
        found = work.file_lists.page(1, "MANY", "size", None, 3, many=True)
        assert [file.name for file, _ in found] == [
            file.name for file, _ in work.file_lists.page(1, "MANY", "size", None, 3)
        ]


def test_the_index_of_parts_has_those_of_patterns(store: Store) -> None:
    """Not merely because nothing is looked up."""
    with store._reader.connect() as connection:
        lookup = Lookups(connection, files).of("quoted")
        assert parts_of("quoted")
        assert lookup == store._engine.dialect.name
        found = select(func.count()).select_from(files).where(may_fit(files, "quoted", lookup))
        assert connection.execute(found).scalar_one() == 1
