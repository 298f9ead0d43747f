"""Large numbers of rows, put into a tracker's database at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

AT = 1_700_000_000.0
"""The time of all rows, in seconds since the epoch."""

_MOST = 10_000_000
"""The offset that keeps the IDs of one kind apart from those of another."""


@contextmanager
def opened(database: Path, *, alone: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the database for one transaction; the tracker may run, unless `alone`: this is quicker.

    The tracker turns the log of changes on again at its start.
    """
    with closing(sqlite3.connect(database, timeout=30)) as store:
        if alone:
            for setting in ("journal_mode=memory", "synchronous=off", "cache_size=-400000"):
                store.execute(f"PRAGMA {setting}").fetchall()
        with store:
            yield store


def add_files(
    store: sqlite3.Connection, group: str, owner: str, count: int, name: str = "file {:06}.bin"
) -> None:
    """Add files of a group, shared by a member, with an event each; sizes and ages differ."""
    (group_id,) = store.execute("SELECT id FROM groups WHERE name = ?", [group]).fetchone()
    (user_id,) = store.execute("SELECT id FROM users WHERE name = ?", [owner]).fetchone()
    names = [name.format(number) for number in range(count)]
    store.executemany(
        "INSERT INTO files (group_id, name, info_hash, size, pieces, completed, added_at)"
        " VALUES (?, ?, ?, ?, 1, 0, ?)",
        (
            (
                group_id,
                one,
                (group_id * _MOST + number).to_bytes(20, "big"),
                number * 7919 % count,
                AT + number * 104729 % count,
            )
            for number, one in enumerate(names)
        ),
    )
    store.execute(
        "INSERT INTO shares (file_id, user_id, shared_at)"
        " SELECT id, ?, added_at FROM files WHERE group_id = ?",
        [user_id, group_id],
    )
    _add_events(store, "file_added", ((group_id, group, owner, one) for one in names))


def add_groups(store: sqlite3.Connection, owner: str, count: int, name: str = "g{:06}") -> None:
    """Add open groups of one user, with an event each."""
    (user_id,) = store.execute("SELECT id FROM users WHERE name = ?", [owner]).fetchone()
    (last,) = store.execute("SELECT COALESCE(MAX(id), 0) FROM groups").fetchone()
    rows = [(last + 1 + number, name.format(number)) for number in range(count)]
    store.executemany(
        "INSERT INTO groups (id, name, uid, mode, created_at) VALUES (?, ?, ?, 'open', ?)",
        ((number, one, f"uid{number}", AT) for number, one in rows),
    )
    store.executemany(
        "INSERT INTO memberships (group_id, user_id, role, joined_at) VALUES (?, ?, 'owner', ?)",
        ((number, user_id, AT) for number, _ in rows),
    )
    _add_events(store, "group_created", ((number, one, owner, one) for number, one in rows))


def add_members(store: sqlite3.Connection, group: str, count: int, name: str = "user{:05}") -> None:
    """Add accounts without a password, all members of a group, with two events each."""
    (group_id,) = store.execute("SELECT id FROM groups WHERE name = ?", [group]).fetchone()
    (last,) = store.execute("SELECT COALESCE(MAX(id), 0) FROM users").fetchone()
    rows = [(last + 1 + number, name.format(number)) for number in range(count)]
    store.executemany(
        "INSERT INTO users (id, name, password_hash, created_at, told_event)"
        " VALUES (?, ?, 'x', ?, 0)",
        ((number, one, AT) for number, one in rows),
    )
    store.executemany(
        "INSERT INTO memberships (group_id, user_id, role, joined_at) VALUES (?, ?, 'member', ?)",
        ((group_id, number, AT) for number, _ in rows),
    )
    _add_events(store, "login", ((0, "", one, one) for _, one in rows))
    _add_events(store, "join_requested", ((group_id, group, one, one) for _, one in rows))


def add_peers(store: sqlite3.Connection, group: str, user: str) -> None:
    """Add a user's stock client as a peer of all files of a group."""
    store.execute(
        "INSERT INTO peers (file_id, user_id, peer_id, host, port, left, uploaded, downloaded,"
        " expires_at) SELECT files.id, users.id, zeroblob(20), '127.0.0.1', 6881, files.id % 2, 0,"
        " 0, 9e9 FROM files, users, groups WHERE groups.name = ? AND users.name = ?"
        " AND files.group_id = groups.id",
        [group, user],
    )


def _add_events(
    store: sqlite3.Connection, kind: str, rows: Iterator[tuple[int, str, str, str]]
) -> None:
    """Add events of one kind: the group, its name, the actor and the subject."""
    store.executemany(
        "INSERT INTO events (at, kind, group_id, group_name, actor, subject, text, address)"
        " VALUES (?, ?, ?, ?, ?, ?, 'It happened.', '127.0.0.1')",
        ((AT, kind, *row) for row in rows),
    )


def add_member(store: sqlite3.Connection, group: str, user: str) -> None:
    """Add a user to a group without a request."""
    store.execute(
        "INSERT INTO memberships (group_id, user_id, role, joined_at)"
        " SELECT groups.id, users.id, 'member', ? FROM groups, users"
        " WHERE groups.name = ? AND users.name = ?",
        [AT, group, user],
    )
