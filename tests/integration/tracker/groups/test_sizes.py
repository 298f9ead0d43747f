"""The sizes that the database keeps of groups and users."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, insert

from tests.support.databases.database import empty_database
from tracker.domain.rules import Role
from tracker.store.engine import open_store
from tracker.store.records import GroupSize, NewFile, UserSize
from tracker.store.tables import groups, memberships, users


def test_sizes_follow_all_changes(tmp_path: Path) -> None:
    store = open_store(empty_database(tmp_path))
    with store.write() as work:
        ann, bob = (work.users.add(name, "x", 0.0).id for name in ("ann", "bob"))
        lab, den = (work.groups.add(name, name, "open", 0.0).id for name in ("lab", "den"))
        for group in (lab, den):
            work.groups.add_member(group, ann, Role.OWNER, 0.0)
        work.groups.add_member(lab, bob, Role.MEMBER, 0.0)
        film, *_ = (
            work.files.add(
                NewFile(group, name, name.encode() * 5, size, 1, 0.0, by, 9), b"d4:infode"
            )
            for name, group, size, by in (
                ("film", lab, 2**62, ann),
                ("song", lab, 2**62, bob),
                ("book", den, 7, ann),
            )
        )
    with store.read() as work:
        assert work.sizes.of_group(lab) == GroupSize(2, 2**63 - 1, 2), "the largest that fits"
        assert work.sizes.of_group(den) == GroupSize(1, 7, 1)
        assert work.sizes.of_user(ann) == UserSize(2, 2**62 + 7, 18, 2)
        assert work.sizes.of_user(bob) == UserSize(1, 2**62, 9, 1)
    with store.write() as work:
        work.files.remove(film.id)
        work.groups.drop_member(lab, bob)
    with store.read() as work:
        assert work.sizes.of_group(lab) == GroupSize(1, 2**62, 1)
        assert work.sizes.of_user(ann) == UserSize(1, 7, 9, 2)
        assert work.sizes.of_user(bob) == UserSize(1, 2**62, 9, 0)
    with store.write() as work:
        work.groups.delete(den)
    with store.read() as work:
        assert work.sizes.of_user(ann) == UserSize(0, 0, 0, 1)
    store.close()


def test_many_rows_at_once(tmp_path: Path) -> None:
    store = open_store(empty_database(tmp_path))
    with store._writer.begin() as connection:
        people = [{"name": f"u{n}", "password_hash": "x", "created_at": 0.0} for n in range(50)]
        connection.execute(insert(users).values(people))
        several = [
            {"name": f"g{n}", "uid": f"g{n}", "mode": "open", "created_at": 0.0} for n in range(2)
        ]
        connection.execute(insert(groups).values(several))
        connection.execute(
            insert(memberships).values(
                [
                    {"group_id": 1 + n % 2, "user_id": n + 1, "role": "member", "joined_at": 0.0}
                    for n in range(50)
                ]
            )
        )
        connection.execute(delete(users).where(users.c.id > 40))
    with store.read() as work:
        assert work.sizes.of_group(1) == GroupSize(0, 0, 20)
        assert work.sizes.of_group(2) == GroupSize(0, 0, 20)
        assert work.sizes.of_user(7) == UserSize(0, 0, 0, 1)
    store.close()
