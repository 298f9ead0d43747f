"""Peers present for files, and the announce keys of stock clients."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from tracker.store import schema
from tracker.store.schema import AnnounceKey, File
from tracker.store.trackers import is_live


class PeerRepository:
    """Peers, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def drop_user(self, user_id: int, file_ids: Collection[int]) -> None:
        """Remove all of a user's clients from these files."""
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id, schema.Peer.file_id.in_(file_ids)
            )
        )

    def drop_from_group(self, group_id: int, user_id: int) -> None:
        """Remove a user's announce key and peers from a group."""
        self.drop_key(group_id, user_id)  # from now on, no announce with it adds peers
        files = select(File.id).where(File.group_id == group_id)
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id, schema.Peer.file_id.in_(files)
            )
        )

    def count(self, now: float) -> int:
        """Count the live peers; a client counts for each of its files."""
        clients = _clients(_is_live(now)).subquery()
        return self._session.scalar(select(func.count()).select_from(clients)) or 0

    def adjust_for_clock_jump(self, before: float, now: float, longest: float) -> None:
        """Extend the presence of stock clients after the clock jumped forward from `before` to
        `now`.

        `longest` is how long, in seconds, a stock client counts as present after an announce.
        """
        until = now + longest
        self._session.execute(
            update(schema.Peer)
            .where(schema.Peer.expires_at > before, schema.Peer.expires_at < until)
            .values(expires_at=until)
        )

    def delete_expired(self, now: float, longest: float) -> None:
        """Delete stock clients whose presence has expired.

        A presence of more than `longest` is from before the clock was set back, and is shortened.
        """
        until = now + longest
        self._session.execute(
            update(schema.Peer).where(schema.Peer.expires_at > until).values(expires_at=until)
        )
        self._session.execute(delete(schema.Peer).where(schema.Peer.expires_at <= now))

    def key_of(self, group_id: int, user_id: int) -> str | None:
        """Return a member's announce key, or None."""
        return self._session.scalar(
            select(AnnounceKey.key).where(
                AnnounceKey.group_id == group_id, AnnounceKey.user_id == user_id
            )
        )

    def add_key(self, group_id: int, user_id: int, key: str) -> None:
        """Store a member's announce key."""
        self._session.add(AnnounceKey(group_id=group_id, user_id=user_id, key=key))

    def drop_key(self, group_id: int, user_id: int) -> None:
        """Delete a member's announce key."""
        self._session.execute(
            delete(AnnounceKey).where(
                AnnounceKey.group_id == group_id, AnnounceKey.user_id == user_id
            )
        )

    def drop_keys_of(self, user_id: int) -> None:
        """Delete all announce keys of a user."""
        self._session.execute(delete(AnnounceKey).where(AnnounceKey.user_id == user_id))


def seeding(now: float) -> Subquery:
    """Subquery of the seeders of each file that has any: `file_id` and `seeders`."""
    # Grouping by an expression first keeps SQLite from reading rows in index order, which takes
    # three times as long.
    by: ColumnElement[int] = literal_column("peers.file_id + 0")
    return (
        select(schema.Peer.file_id, func.count(func.distinct(schema.Peer.peer_id)).label("seeders"))
        .where(schema.Peer.left == 0, _is_live(now))
        .group_by(by, schema.Peer.file_id)
        .subquery()
    )


def _clients(*conditions: ColumnElement[bool]) -> Select[int, int]:
    """Select the clients at each file and what they lack, once per client despite several
    addresses.
    """
    return (
        select(schema.Peer.file_id, func.min(schema.Peer.left).label("left"))
        .where(*conditions)
        .group_by(schema.Peer.file_id, schema.Peer.user_id, schema.Peer.peer_id)
    )


def _is_live(now: float) -> ColumnElement[bool]:
    return or_(schema.Peer.expires_at > now, is_live(schema.Peer.connection_id, now))
