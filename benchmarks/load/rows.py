"""Large numbers of rows for growth tables, by the same statements in both kinds of database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text

from benchmarks.load.site import Site
from benchmarks.load.world import GROUP, OWNER
from tracker.store.events.parts import EventPartsRepository

_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT)"
    " UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)"
)
_AT = 1_700_000_000
_PLACES = 2**31 - 1  # in a ring of users, since there are such
_BLOCKS = 1_000  # of events, indexed by one statement
_COLLECTOR = "collector"
_TWENTY_BYTES = {
    "sqlite": "CAST(printf('%020d', {}) AS BLOB)",
    "postgres": "convert_to(lpad(CAST({} AS TEXT), 20, '0'), 'UTF8')",
}

Fill = Callable[["Filler", int], None]


class Filler:
    """Adds rows to a site's database."""

    def __init__(self, site: Site, store: Connection) -> None:
        self._kind = site.kind
        self._store = store
        self._group = self._id("groups", GROUP)
        self._owner = self._id("users", OWNER)

    def files(self, count: int) -> None:
        """Add files to the group, shared by its owner."""
        before = self._last("files")
        self._add(
            "INSERT INTO files (group_id, name, info_hash, size, pieces, completed, added_at)"
            " SELECT :group, 'bulk ' || CAST(10000000 + i AS TEXT), {bytes}, i * 7919 % 100003,"
            f" 1, 0, {_AT} + i FROM n",
            count,
        )
        self._run(
            "INSERT INTO shares (file_id, user_id, shared_at)"
            " SELECT id, :owner, added_at FROM files WHERE id > :before",
            before=before,
        )

    def members(self, count: int) -> None:
        """Add members to the group, with accounts that nobody can log in to."""
        before = self._last("users")
        self._add(
            "INSERT INTO users (name, password_hash, created_at)"
            f" SELECT 'bulk' || CAST(10000000 + i AS TEXT), 'x', {_AT} FROM n",
            count,
        )
        self._run(
            "INSERT INTO memberships (group_id, user_id, role, joined_at)"
            f" SELECT :group, id, 'member', {_AT} FROM users WHERE id > :before ORDER BY id",
            before=before,
        )

    def groups(self, count: int) -> None:
        """Add groups, all owned by an account of their own."""
        if not self._ids("users", _COLLECTOR):
            self._run(
                "INSERT INTO users (name, password_hash, created_at)"
                f" VALUES ('{_COLLECTOR}', 'x', {_AT})"
            )
        before = self._last("groups")
        self._add(
            "INSERT INTO groups (name, uid, mode, created_at)"
            " SELECT 'bulk' || CAST(10000000 + i AS TEXT), 'bulk' || CAST(i AS TEXT), 'open',"
            f" {_AT} FROM n",
            count,
        )
        self._run(
            "INSERT INTO memberships (group_id, user_id, role, joined_at)"
            f" SELECT id, :user, 'owner', {_AT} FROM groups WHERE id > :before",
            before=before,
            user=self._id("users", _COLLECTOR),
        )

    def events(self, count: int) -> None:
        """Add events, half of them in the group, of many users."""
        self._add(
            "INSERT INTO events"
            " (at, kind, group_id, group_name, actor, subject, text, address)"
            f" SELECT {_AT} + i, CASE i % 4 WHEN 0 THEN 'file_added' WHEN 1 THEN 'member_left'"
            " WHEN 2 THEN 'file_completed' ELSE 'file_stopped' END,"
            " CASE WHEN i % 8 < 4 THEN :group ELSE 1000000 + i % 1000 END, 'a group',"
            " 'bulk' || CAST(i % 5000 AS TEXT), 'file ' || CAST(i % 50000 AS TEXT),"
            " 'It happened.', '127.0.0.1' FROM n",
            count,
        )

    def online(self, count: int) -> None:
        """Add members that are connected, and peers of the group's first file."""
        before = self._last("users")
        self.members(count)
        self._run(
            "INSERT INTO tokens (user_id, digest, address, created_at, expires_at)"
            f" SELECT id, {self._bytes('id')}, '127.0.0.1', {_AT}, 9e9"
            " FROM users WHERE id > :before",
            before=before,
        )
        self._run(
            "INSERT INTO connections (id, tracker_id, token_id, user_id, opened_at)"
            " SELECT 'bulk' || CAST(user_id AS TEXT), (SELECT MAX(id) FROM trackers), id, user_id,"
            f" {_AT} FROM tokens WHERE user_id > :before",
            before=before,
        )
        self._run(
            'INSERT INTO peers (file_id, user_id, connection_id, peer_id, host, port, "left",'
            " uploaded, downloaded)"
            " SELECT (SELECT MIN(id) FROM files), user_id, id,"
            f" {self._bytes('user_id')}, '10.1.' || CAST(user_id / 256 AS TEXT) || '.'"
            " || CAST(user_id % 256 AS TEXT), 6881, user_id % 2, 0, 0"
            " FROM connections WHERE user_id > :before",
            before=before,
        )
        if any(column["name"] == "place" for column in inspect(self._store).get_columns("peers")):
            self._run(f"UPDATE peers SET place = user_id * 1664525 % {_PLACES}")

    # --- statements -------------------------------------------------------------------------
    def _add(self, statement: str, count: int) -> None:
        """Run a statement on the numbers; in SQLite they come before the INSERT, as they must."""
        filled = statement.replace("{bytes}", self._bytes("i"))
        self._run(f"{_NUMBERS} {filled}", count=count)

    def _run(self, statement: str, **values: Any) -> None:
        known = {"group": self._group, "owner": self._owner, **values}
        used = {name: value for name, value in known.items() if f":{name}" in statement}
        self._store.execute(text(statement), used)

    def _bytes(self, number: str) -> str:
        return _TWENTY_BYTES[self._kind].format(number)

    def _last(self, table: str) -> int:
        return int(self._store.scalar(text(f"SELECT COALESCE(MAX(id), 0) FROM {table}")) or 0)

    def _ids(self, table: str, name: str) -> list[int]:
        query = text(f"SELECT id FROM {table} WHERE name = :name")
        return list(self._store.scalars(query, {"name": name}))

    def _id(self, table: str, name: str) -> int:
        (found,) = self._ids(table, name)
        return found


def fill(site: Site, what: Fill, count: int) -> None:
    """Add rows; the index of events has them then, and PostgreSQL learns of them, as the trackers
    and its own daemon would do in time.
    """
    engine = create_engine(site.url)
    with engine.begin() as store:
        what(Filler(site, store), count)
    with engine.begin() as store:
        while EventPartsRepository(store).extend(_BLOCKS):
            pass
    if site.kind == "postgres":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as store:
            store.execute(text("VACUUM ANALYZE"))
    engine.dispose()
