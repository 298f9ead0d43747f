"""Peers: who is there for which file; and the announce keys of stock clients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from common.types import PeerId
from tracker.domain.selection import Peer
from tracker.store import schema
from tracker.store.schema import AnnounceKey, File, Group, Membership, User
from tracker.store.trackers import live_connections


@dataclass(frozen=True)
class Sighting:
    """A client says that it is there for a file.

    Held by a session's connection, or, without one, valid until `expires_at`.
    """

    file_id: int
    peer: Peer
    uploaded: int
    downloaded: int
    connection_id: str | None = None
    expires_at: float | None = None


class Peers:
    """The peers in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, sightings: Sequence[Sighting]) -> None:
        """Note sightings of one client; each replaces what was known of it for that file.

        A client that came back under a new peer id at the same address replaces its old self, for
        these files only: most stock clients use a peer id for each torrent.
        """
        if not sightings:
            return
        peer, file_ids = sightings[0].peer, [sighting.file_id for sighting in sightings]
        self.drop(peer.user_id, peer.peer_id, file_ids)
        self._drop_former(peer, file_ids)
        self._session.execute(insert(schema.Peer), [_row(sighting) for sighting in sightings])

    def _drop_former(self, peer: Peer, file_ids: Collection[int]) -> None:
        if peer.port:
            self._session.execute(
                delete(schema.Peer).where(
                    schema.Peer.file_id.in_(file_ids),
                    schema.Peer.user_id == peer.user_id,
                    schema.Peer.host == peer.host,
                    schema.Peer.port == peer.port,
                    schema.Peer.peer_id != peer.peer_id,
                )
            )

    def drop(self, user_id: int, peer_id: PeerId, file_ids: Collection[int]) -> None:
        """A client stopped working on these files."""
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id,
                schema.Peer.peer_id == peer_id,
                schema.Peer.file_id.in_(file_ids),
            )
        )

    def drop_user(self, user_id: int, file_ids: Collection[int]) -> None:
        """None of the user's clients is there for these files any more."""
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id, schema.Peer.file_id.in_(file_ids)
            )
        )

    def drop_from_group(self, group_id: int, user_id: int) -> None:
        """A user has left a group: peers and announce key are gone."""
        files = select(File.id).where(File.group_id == group_id)
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id, schema.Peer.file_id.in_(files)
            )
        )
        self.drop_key(group_id, user_id)

    def of_files(self, file_ids: Collection[int], now: float) -> dict[int, list[Peer]]:
        """The live peers of each file."""
        found: dict[int, list[Peer]] = {file_id: [] for file_id in file_ids}
        table = schema.Peer
        rows = self._session.execute(
            # Columns, not objects: a busy file has hundreds of peers.
            select(
                table.file_id,
                table.user_id,
                User.name,
                table.peer_id,
                table.host,
                table.port,
                table.left,
            )
            .join(User, User.id == table.user_id)
            .where(table.file_id.in_(file_ids), _is_live(now))
        )
        for file_id, user_id, user, peer_id, host, port, left in rows:
            found[file_id].append(Peer(user_id, user, PeerId(peer_id), host, port, left))
        return found

    def count(self, now: float) -> int:
        """How many live peers there are; a client counts for each of its files."""
        query = select(func.count()).select_from(schema.Peer).where(_is_live(now))
        return self._session.scalar(query) or 0

    def counts(self, file_ids: Collection[int], now: float) -> dict[int, tuple[int, int]]:
        """How many seeders and leechers each file has; files without any are left out."""
        return self._counts(schema.Peer.file_id.in_(file_ids), now)

    def counts_in_group(self, group_id: int, now: float) -> dict[int, tuple[int, int]]:
        """As `counts`, for all files of a group."""
        files = select(File.id).where(File.group_id == group_id)
        return self._counts(schema.Peer.file_id.in_(files), now)

    def _counts(self, which: ColumnElement[bool], now: float) -> dict[int, tuple[int, int]]:
        rows = self._session.execute(
            select(
                schema.Peer.file_id,
                func.sum(case((schema.Peer.left == 0, 1), else_=0)),
                func.count(),
            )
            .where(which, _is_live(now))
            .group_by(schema.Peer.file_id)
        )
        return {file_id: (seeders, total - seeders) for file_id, seeders, total in rows}

    def user_of(self, file_id: int, peer_id: PeerId, host: str, now: float) -> str | None:
        """The member who announced this peer id for a file, or a stock client at this host."""
        is_stock_there = schema.Peer.expires_at.is_not(None) & (schema.Peer.host == host)
        return self._session.scalars(
            select(User.name)
            .join(schema.Peer, schema.Peer.user_id == User.id)
            .where(
                schema.Peer.file_id == file_id,
                (schema.Peer.peer_id == peer_id) | is_stock_there,
                _is_live(now),
            )
            .order_by(schema.Peer.peer_id != peer_id, schema.Peer.id)
        ).first()

    def sweep(self, now: float) -> None:
        """Forget the stock clients that were not heard of any more."""
        self._session.execute(delete(schema.Peer).where(schema.Peer.expires_at <= now))

    def key_of(self, group_id: int, user_id: int) -> str | None:
        """A member's announce key."""
        return self._session.scalar(
            select(AnnounceKey.key).where(
                AnnounceKey.group_id == group_id, AnnounceKey.user_id == user_id
            )
        )

    def add_key(self, group_id: int, user_id: int, key: str) -> None:
        """Give a member an announce key."""
        self._session.add(AnnounceKey(group_id=group_id, user_id=user_id, key=key))

    def drop_key(self, group_id: int, user_id: int) -> None:
        """A member's announce key is of no use any more."""
        self._session.execute(
            delete(AnnounceKey).where(
                AnnounceKey.group_id == group_id, AnnounceKey.user_id == user_id
            )
        )

    def drop_keys_of(self, user_id: int) -> None:
        """All announce keys of a user are of no use any more."""
        self._session.execute(delete(AnnounceKey).where(AnnounceKey.user_id == user_id))

    def holder_of(self, key: str) -> tuple[User, Group] | None:
        """The member whose announce key this is, and the group."""
        found = self._session.execute(
            select(User, Group)
            .join(AnnounceKey, AnnounceKey.user_id == User.id)
            .join(Group, Group.id == AnnounceKey.group_id)
            .join(
                Membership,
                (Membership.group_id == Group.id) & (Membership.user_id == User.id),
            )
            .where(AnnounceKey.key == key)
        ).one_or_none()
        return None if found is None else (found[0], found[1])


def _is_live(now: float) -> ColumnElement[bool]:
    return or_(schema.Peer.expires_at > now, schema.Peer.connection_id.in_(live_connections(now)))


def _row(sighting: Sighting) -> dict[str, object]:
    peer = sighting.peer
    return {
        "file_id": sighting.file_id,
        "user_id": peer.user_id,
        "connection_id": sighting.connection_id,
        "peer_id": peer.peer_id,
        "host": peer.host,
        "port": peer.port,
        "left": peer.left,
        "uploaded": sighting.uploaded,
        "downloaded": sighting.downloaded,
        "expires_at": sighting.expires_at,
    }
