"""What an announce asks the database, in as few and as quick statements as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from common.types import InfoHash, PeerId
from tracker.domain.presence import OwnPeer, Presence
from tracker.domain.selection import Peer
from tracker.domain.stock_clients import AnnouncedClient
from tracker.store.presence import statements
from tracker.store.presence.trackers import FRESH_SECONDS


class Holder(NamedTuple):
    """The member with an announce key, and the group that the key is for."""

    user_id: int
    user: str
    group_id: int
    mode: str


@dataclass(frozen=True)
class KnownFile:
    """A file as an announcing user may see it.

    `is_member`: the user is in its group. `is_shared`: the user is recorded as sharing it. `own`
    are the user's peers, also those whose presence has ended.
    """

    id: int
    group_id: int
    info_hash: InfoHash
    is_member: bool
    is_shared: bool
    own: list[OwnPeer] = field(default_factory=list)


class ScrapedFile(NamedTuple):
    """A file of a scrape; `completed` counts finished downloads."""

    id: int
    info_hash: InfoHash
    completed: int


class Met(NamedTuple):
    """Where a client accepts peers, by its announce: `port`; the rest is of its session.

    Its tracker sees that come from `host` and `session_port`. `group_id` and `mode` are
    those of the file's group.
    """

    user_id: int
    group_id: int
    mode: str
    tracker_id: str
    connection_id: str
    host: str
    session_port: int
    port: int


class PresenceReader:
    """Questions of announces."""

    def __init__(self, database: Connection) -> None:
        self._database = database

    def is_connected(self, connection_id: str) -> bool:
        """Return whether a connection is still logged in."""
        found = self._database.execute(statements.CONNECTED, {"connection_id": connection_id})
        return found.first() is not None

    def files(self, user_id: int, info_hashes: Collection[InfoHash]) -> dict[InfoHash, KnownFile]:
        """Return the existing files among these, as a user may see them."""
        if not info_hashes:
            return {}
        if len(info_hashes) == 1:
            (info_hash,) = info_hashes
            rows = self._database.execute(
                statements.KNOWN_FILE, {"user_id": user_id, "info_hash": info_hash}
            )
        else:
            rows = self._database.execute(
                statements.KNOWN_FILES, {"user_id": user_id, "info_hashes": list(info_hashes)}
            )
        found: dict[InfoHash, KnownFile] = {}
        for file_id, group_id, info_hash, is_member, is_shared, *own in rows:
            file = found.get(info_hash)
            if file is None:
                file = KnownFile(file_id, group_id, InfoHash(info_hash), is_member, is_shared)
                found[file.info_hash] = file
            file.own.extend(_own(own))
        return found

    def peers_beside(self, numbers: Collection[int]) -> dict[tuple[int, int], list[OwnPeer]]:
        """Return these peers and all others of their users at their files, by file and user."""
        found: dict[tuple[int, int], list[OwnPeer]] = {}
        rows = self._database.execute(statements.BESIDE, {"numbers": list(numbers)})
        for file_id, user_id, *own in rows:
            found.setdefault((file_id, user_id), []).extend(_own(own))
        return found

    def by_key(self, key: str, info_hash: InfoHash) -> tuple[Holder, KnownFile | None] | None:
        """Return the holder of an announce key, and the file if it is in the key's group."""
        found = self._database.execute(
            statements.ANNOUNCED_BY_KEY, {"key": key, "info_hash": info_hash}
        )
        rows = found.all()
        if not rows:
            return None
        holder, file_id = Holder(*rows[0][:4]), rows[0][4]
        if file_id is None:
            return holder, None
        own = [peer for row in rows for peer in _own(row[5:])]
        return holder, KnownFile(file_id, holder.group_id, info_hash, True, True, own)

    def scraped(self, key: str, info_hashes: Collection[InfoHash]) -> list[ScrapedFile] | None:
        """Return those of the files that are in the key's group; None for an unknown key."""
        holder = self._database.execute(statements.OF_KEY, {"key": key}).first()
        if holder is None:
            return None
        asked = {"group_id": holder[2], "info_hashes": list(info_hashes)}
        return [
            ScrapedFile(file_id, InfoHash(info_hash), completed)
            for file_id, info_hash, completed in self._database.execute(statements.SCRAPED, asked)
        ]

    def present(
        self, file_ids: Sequence[int], now: float, most: int
    ) -> list[tuple[int, Peer]] | None:
        """Return all live peers, each with its file; None if there are more than `most`."""
        asked: dict[str, object] = {**_at(now), "most": most + 1}
        if len(file_ids) == 1:
            rows = self._database.execute(
                statements.PRESENT_AT_FILE, {**asked, "file_id": file_ids[0]}
            )
        else:
            rows = self._database.execute(statements.PRESENT, {**asked, "file_ids": list(file_ids)})
        found = rows.all()
        return None if len(found) > most else _with_files(found)

    def counts(self, file_ids: Sequence[int], now: float) -> dict[int, tuple[int, int]]:
        """Count the seeders and leechers of each file, leaving out files without any.

        A client reachable over IPv4 and IPv6 counts once.
        """
        rows = self._database.execute(statements.COUNTS, {**_at(now), "file_ids": list(file_ids)})
        return {file_id: (int(seeders), total - int(seeders)) for file_id, seeders, total in rows}

    def at_host(self, file_id: int, host: str, now: float) -> list[AnnouncedClient]:
        """Return the clients that announced a file from this host, or else those that can be
        reached there, too.
        """
        asked = {**_at(now), "file_id": file_id, "host": host}
        rows = self._database.execute(statements.AT_HOST, asked).all()
        rows = rows or self._database.execute(statements.AT_OTHER_HOST, asked).all()
        return [
            AnnouncedClient(user, PeerId(peer_id), has_session, local)
            for user, peer_id, has_session, local in rows
        ]

    def in_session(self, file_id: int, user: str, peer_id: PeerId, now: float) -> list[Met]:
        """Return where a client is that has announced a file over a session, the latest first."""
        asked = {**_at(now), "file_id": file_id, "user": user, "peer_id": peer_id}
        return [Met._make(row) for row in self._database.execute(statements.IN_SESSION, asked)]

    def ring(
        self, file_id: int, place: int, asker: Peer, most: int, now: float, *, with_seeders: bool
    ) -> list[Peer]:
        """Return at most `most` live peers of a file that can be dialled, from a place on.

        Leaves out the asker, and seeders unless `with_seeders`.
        """
        asked = {
            **_at(now),
            "file_id": file_id,
            "place": place,
            "user_id": asker.user_id,
            "peer_id": asker.peer_id,
            "most": most,
        }
        rows = self._database.execute(
            statements.RING if with_seeders else statements.RING_OF_LEECHERS, asked
        )
        return [peer for _, peer in _with_files(rows)]


def _at(now: float) -> dict[str, object]:
    return {"now": now, "fresh": now - FRESH_SECONDS}


def _with_files(rows: Iterable[Sequence[Any]]) -> list[tuple[int, Peer]]:
    return [
        (file_id, Peer(user_id, user, PeerId(peer_id), *where))
        for file_id, user_id, user, peer_id, *where in rows
    ]


def _own(columns: Sequence[Any]) -> list[OwnPeer]:
    number, at, peer_id, *rest = columns
    return [] if number is None else [OwnPeer(number, at, Presence(PeerId(peer_id), *rest))]
