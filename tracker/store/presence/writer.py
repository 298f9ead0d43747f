"""Recording of announces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, select, text, tuple_, update

from tracker.domain.presence import Change, Presence
from tracker.domain.selection import place_of
from tracker.domain.traffic import Traffic
from tracker.store.presence.presence import PresenceReader
from tracker.store.tables import (
    MARK_READ,
    announce_keys,
    connections,
    files,
    in_parts,
    memberships,
    new_row,
    one_of,
    peers,
)

_KEY = ("file_id", "user_id", "peer_id", "host")
_VALUES = (
    "connection_id",
    "port",
    "left",
    "uploaded",
    "downloaded",
    "expires_at",
    "place",
    "recorded_at",
)
_AMOUNTS = ("left", "uploaded", "downloaded", "expires_at", "recorded_at")


_INSERT = new_row(peers, *_KEY, *_VALUES)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=_KEY, set_={name: _INSERT.excluded[name] for name in _VALUES}
).inline()
_DROP = delete(peers).where(
    peers.c.user_id == bindparam("user_id"),
    one_of(peers.c.id, "ids"),
)
_ADVANCE = (
    update(peers)
    .where(peers.c.id == bindparam("number"))
    .values({name: bindparam(f"new_{name}") for name in _AMOUNTS})
)
_LARGEST = 2**62  # bytes at which sums end, before the databases' numbers do
_ADD_TRAFFIC = (
    update(memberships)
    .where(
        memberships.c.group_id == bindparam("of_group"),
        memberships.c.user_id == bindparam("of_user"),
        memberships.c.up < _LARGEST,
        memberships.c.down < _LARGEST,
    )
    .values(
        up=memberships.c.up + bindparam("more_up"), down=memberships.c.down + bindparam("more_down")
    )
)
_DISCONNECT = delete(connections).where(one_of(connections.c.id, "connection_ids"))
_COUNT = select(func.count()).where(peers.c.user_id == bindparam("user_id"))
_DROP_OLDEST = delete(peers).where(
    peers.c.id.in_(
        select(peers.c.id)
        .where(peers.c.user_id == bindparam("user_id"))
        .order_by(peers.c.id.desc())
        .offset(bindparam("most"))
    )
)


def _hold(table: Table) -> Any:
    """Select rows of a user in groups, and keep them until the end of the transaction."""
    return (
        select(table.c.group_id)
        .where(
            table.c.user_id == bindparam("user_id"),
            one_of(table.c.group_id, "group_ids"),
        )
        .order_by(table.c.group_id)
        .with_for_update(read=True, key_share=True)
    )


_HOLD_MEMBERSHIPS = _hold(memberships)
_HOLD_KEYS = _hold(announce_keys)
_HOLD_FILES = (
    select(files.c.id)
    .where(one_of(files.c.id, "file_ids"))
    .order_by(files.c.id)
    .with_for_update(read=True, key_share=True)
)
_HOLD_CONNECTION = (
    select(connections.c.id)
    .where(connections.c.id == bindparam("connection_id"))
    .with_for_update(read=True, key_share=True)
)
# Whoever changes or ends one of these at the moment is not waited for.
_TAKE_MEMBERSHIPS = (
    select(memberships.c.group_id, memberships.c.user_id)
    .where(
        tuple_(memberships.c.group_id, memberships.c.user_id).in_(
            bindparam("members", expanding=True)
        )
    )
    .with_for_update(key_share=True, skip_locked=True)
)
_TAKE_PEERS = (
    select(peers.c.id)
    .where(one_of(peers.c.id, "numbers"))
    .with_for_update(key_share=True, skip_locked=True)
)
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_LOCK_ALL = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


class PresenceWriter(PresenceReader):
    """Records announces, within one transaction. It can't add events: see `Store.presence`."""

    def begin(
        self,
        user_id: int,
        group_ids: Collection[int],
        file_ids: Collection[int],
        connection_id: str | None,
    ) -> None:
        """Wait for the user's other announces; keep the user's memberships in these groups, the
        files, and the connection or, without one, the announce keys.

        Where writers run side by side, that is: on PostgreSQL. What is kept can't be deleted before
        this transaction ends. So whoever deletes it, and then the peers, finds those added here;
        and two that take the same rows in the same order can't wait for each other.
        """
        if not self._runs_beside_others:
            return
        self._database.execute(_LOCK, {"key": _key_of(user_id)})
        asked = {"user_id": user_id, "group_ids": list(group_ids)}
        self._database.execute(_HOLD_MEMBERSHIPS, asked)
        if connection_id is None:
            self._database.execute(_HOLD_KEYS, asked)
        else:
            self._database.execute(_HOLD_CONNECTION, {"connection_id": connection_id})
        self._database.execute(_HOLD_FILES, {"file_ids": list(file_ids)})

    def take(
        self, peer_ids: Collection[int], members: Collection[tuple[int, int]]
    ) -> tuple[set[int], set[tuple[int, int]]]:
        """Keep those of these peers and members that nobody is changing; return which.

        A member is a group and a user. Waits for nobody but other announces of these users, and
        where writers run one at a time, there is nobody else.
        """
        if not self._runs_beside_others:
            return set(peer_ids), set(members)
        keys = sorted({_key_of(user_id) for _, user_id in members})  # in one order
        self._database.execute(_LOCK_ALL, {"keys": keys})
        found = self._database.execute(_TAKE_MEMBERSHIPS, {"members": list(members)})
        taken = {(group_id, user_id) for group_id, user_id in found}
        rows = self._database.execute(_TAKE_PEERS, {"numbers": list(peer_ids)})
        return set(rows.scalars()), taken

    @property
    def _runs_beside_others(self) -> bool:
        return self._database.dialect.name == "postgresql"

    def record(self, user_id: int, changes: Mapping[int, Change], now: float) -> None:
        """Change a user's peers at these files."""
        drop = [number for change in changes.values() for number in change.drop]
        if drop:
            self._database.execute(_DROP, {"user_id": user_id, "ids": drop})
        added = [
            _row(file_id, user_id, change.add, now)
            for file_id, change in sorted(changes.items())  # in one order, against deadlocks
            if change.add is not None
        ]
        if added:
            self._database.execute(_PUT, added)

    def advance(self, reports: Mapping[int, tuple[Presence, float]]) -> None:
        """Record how far peers are, by their numbers, and when they announced it."""
        rows = []
        for number, (presence, at) in sorted(reports.items()):
            values = {**presence._asdict(), "recorded_at": at}
            rows.append({"number": number, **{f"new_{name}": values[name] for name in _AMOUNTS}})
        if rows:
            self._database.execute(_ADVANCE, rows)

    def add_traffic(self, traffic: Mapping[tuple[int, int], Traffic]) -> None:
        """Add what members, each a group and a user, have sent and received there."""
        rows = [
            {"of_group": group_id, "of_user": user_id, "more_up": up, "more_down": down}
            for (group_id, user_id), (up, down) in sorted(traffic.items())
            if up or down
        ]
        if rows:
            self._database.execute(_ADD_TRAFFIC, rows)

    def count(self, user_id: int) -> int:
        """Count a user's peers at all files."""
        return self._database.execute(_COUNT, {"user_id": user_id}).scalar_one()

    def drop_oldest(self, user_id: int, most: int) -> None:
        """Keep the `most` most recently recorded peers of a user."""
        self._database.execute(_DROP_OLDEST, {"user_id": user_id, "most": most})

    def disconnect(
        self, connection_ids: Collection[str], user_ids: Collection[int], event_id: int
    ) -> None:
        """Delete connections with their peers; the users have read all notices up to this event.

        Only in turn with other writers: whatever the connections hold is deleted with them.
        """
        for ids in in_parts(connection_ids):
            self._database.execute(_DISCONNECT, {"connection_ids": ids})
        for users in in_parts(user_ids):
            self._database.execute(MARK_READ, {"user_ids": users, "event_id": event_id})


def _key_of(user_id: int) -> int:
    """Return the number of a user's lock; those of other locks are positive."""
    return -1 - user_id


def _row(file_id: int, user_id: int, presence: Presence, now: float) -> dict[str, object]:
    return {
        "file_id": file_id,
        "user_id": user_id,
        "place": place_of(file_id, user_id),
        "recorded_at": now,
        **presence._asdict(),
    }
