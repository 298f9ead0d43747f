"""Peers present for files, and the announce keys of stock clients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from common.types import PeerId
from tracker.domain.selection import Peer
from tracker.domain.stock_clients import AnnouncedClient
from tracker.store import schema
from tracker.store.schema import AnnounceKey, File, Group, Membership, User
from tracker.store.trackers import live_connections

PEERS_PER_FILE = 8
"""Most peers of one user at a file; the newest announce replaces the oldest."""

_MOST_BYTES = 2**48
"""Larger numbers are stored as this: no content is so long, and sums over many peers fit 64
bits.
"""


@dataclass(frozen=True)
class PeerAnnounce:
    """A client's announce of a file; counts are bytes, of any size.

    Valid as long as the session connection, or, without one, until `expires_at`.
    """

    file_id: int
    peer: Peer
    uploaded: int
    downloaded: int
    connection_id: str | None = None
    expires_at: float | None = None


class PeerRepository:
    """Peers, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, announces: Sequence[PeerAnnounce], most: int) -> None:
        """Record one client's announces; each replaces the previous one for that file.

        The client's address in the other family, IPv4 or IPv6, is kept. A client that restarted
        with a new peer id at the same address replaces its old self, for these files only: most
        stock clients use one peer id per torrent. A user with more than PEERS_PER_FILE peers at a
        file, or more than `most` in all, loses the least recently announced.
        """
        if not announces:
            return
        peer, file_ids = announces[0].peer, [announce.file_id for announce in announces]
        replaced = self._drop_same(peer, file_ids) | self._drop_former(peer, file_ids)
        self._session.execute(insert(schema.Peer), [_row(announce) for announce in announces])
        if grown := set(file_ids) - replaced:
            self._drop_surplus(peer.user_id, grown, most)

    def _drop_same(self, peer: Peer, file_ids: Collection[int]) -> set[int]:
        is_ipv6 = schema.Peer.host.contains(":")
        return self._drop_where(
            schema.Peer.file_id.in_(file_ids),
            schema.Peer.user_id == peer.user_id,
            schema.Peer.peer_id == peer.peer_id,
            is_ipv6 if ":" in peer.host else ~is_ipv6,
        )

    def _drop_former(self, peer: Peer, file_ids: Collection[int]) -> set[int]:
        if not peer.port:
            return set()
        return self._drop_where(
            schema.Peer.file_id.in_(file_ids),
            schema.Peer.user_id == peer.user_id,
            schema.Peer.host == peer.host,
            schema.Peer.port == peer.port,
        )

    def _drop_surplus(self, user_id: int, file_ids: Collection[int], most: int) -> None:
        """Drop a user's peers over the limits; every announce inserts a row, so the oldest have
        the smallest ids.
        """
        place = func.row_number().over(
            partition_by=schema.Peer.file_id, order_by=schema.Peer.id.desc()
        )
        ranked = (
            select(schema.Peer.id, place.label("place"))
            .where(schema.Peer.user_id == user_id, schema.Peer.file_id.in_(file_ids))
            .subquery()
        )
        self._drop_where(
            schema.Peer.id.in_(select(ranked.c.id).where(ranked.c.place > PEERS_PER_FILE))
        )
        newest_first = (
            select(schema.Peer.id)
            .where(schema.Peer.user_id == user_id)
            .order_by(schema.Peer.id.desc())
        )
        self._drop_where(schema.Peer.id.in_(newest_first.offset(most)))

    def _drop_where(self, *conditions: ColumnElement[bool]) -> set[int]:
        """Delete peers; return the ids of their files."""
        dropped = delete(schema.Peer).where(*conditions).returning(schema.Peer.file_id)
        return set(self._session.scalars(dropped))

    def drop(self, user_id: int, peer_id: PeerId, file_ids: Collection[int]) -> None:
        """Remove a client from these files."""
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id,
                schema.Peer.peer_id == peer_id,
                schema.Peer.file_id.in_(file_ids),
            )
        )

    def drop_user(self, user_id: int, file_ids: Collection[int]) -> None:
        """Remove all of a user's clients from these files."""
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id, schema.Peer.file_id.in_(file_ids)
            )
        )

    def drop_from_group(self, group_id: int, user_id: int) -> None:
        """Remove a user's peers and announce key from a group."""
        files = select(File.id).where(File.group_id == group_id)
        self._session.execute(
            delete(schema.Peer).where(
                schema.Peer.user_id == user_id, schema.Peer.file_id.in_(files)
            )
        )
        self.drop_key(group_id, user_id)

    def of_files(self, file_ids: Collection[int], now: float) -> dict[int, list[Peer]]:
        """Return the live peers of each file."""
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
        """Count the live peers; a client counts for each of its files."""
        clients = _clients(_is_live(now)).subquery()
        return self._session.scalar(select(func.count()).select_from(clients)) or 0

    def counts(self, file_ids: Collection[int], now: float) -> dict[int, tuple[int, int]]:
        """Count the seeders and leechers of each file, leaving out files without any."""
        clients = _clients(schema.Peer.file_id.in_(file_ids), _is_live(now)).subquery()
        rows = self._session.execute(
            select(
                clients.c.file_id,
                func.sum(case((clients.c.left == 0, 1), else_=0)),
                func.count(),
            ).group_by(clients.c.file_id)
        )
        return {file_id: (seeders, total - seeders) for file_id, seeders, total in rows}

    def at_host(self, file_id: int, host: str, now: float) -> list[AnnouncedClient]:
        """Return the clients that announced a file from this host."""
        rows = self._session.execute(
            select(User.name, schema.Peer.peer_id, schema.Peer.connection_id.is_not(None))
            .join(schema.Peer, schema.Peer.user_id == User.id)
            .where(schema.Peer.file_id == file_id, schema.Peer.host == host, _is_live(now))
            .order_by(schema.Peer.id)
        )
        return [
            AnnouncedClient(user, PeerId(peer_id), has_session)
            for user, peer_id, has_session in rows
        ]

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

    def holder_of(self, key: str) -> tuple[User, Group] | None:
        """Return the user and group of an announce key."""
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
    return or_(schema.Peer.expires_at > now, schema.Peer.connection_id.in_(live_connections(now)))


def _row(announce: PeerAnnounce) -> dict[str, object]:
    peer = announce.peer
    return {
        "file_id": announce.file_id,
        "user_id": peer.user_id,
        "connection_id": announce.connection_id,
        "peer_id": peer.peer_id,
        "host": peer.host,
        "port": peer.port,
        "left": min(peer.left, _MOST_BYTES),
        "uploaded": min(announce.uploaded, _MOST_BYTES),
        "downloaded": min(announce.downloaded, _MOST_BYTES),
        "expires_at": announce.expires_at,
    }
