"""The peers around one torrent: who is connected, who could be, and who never may."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from client.core.candidates import Candidate, Candidates, keeps_new_connection
from client.core.obstacle import Obstacle
from client.net.peer_io import PeerConnection
from client.net.seal import Seal
from common.types import Endpoint, PeerId

log = structlog.get_logger(__name__)

MAX_IDENTITIES: Final = 4096
"""Connections, ended ones too, whose peers can still be banned for what they sent."""


class Neighbours:
    """Connections by key, beside what the tracker told; used under the torrent's lock.

    `me` is our own peer id, `limit` the number of connections, `seal` the group's if it is sealed.
    """

    def __init__(self, me: PeerId, limit: int, seal: Seal | None = None) -> None:
        self.connections: dict[int, PeerConnection] = {}
        self._me = me
        self._limit = limit
        self._seal = seal
        self._keys = itertools.count(1)
        self._candidates = Candidates(me)
        self._renew_at: dict[int, float] = {}
        self._identities: dict[int, tuple[PeerId, Endpoint]] = {}

    def __repr__(self) -> str:
        return f"Neighbours({len(self.connections)} connected, {self._candidates!r})"

    # --- connections ------------------------------------------------------------------------
    def next_key(self) -> int:
        """A key for a new connection."""
        return next(self._keys)

    def wants(self, new: PeerConnection) -> bool:
        """Whether to go on with a peer that has shaken hands; an older connection may give way."""
        peer_id = new.handshake.peer_id
        if peer_id == self._me or self._candidates.is_banned(peer_id, new.endpoint):
            return False
        if not self.accepts(new):
            log.info("peer refused", peer=str(new.endpoint), reason="proves no membership")
            return False
        for old in self.connections.values():
            if _is_same(new, old) and old.close_reason is None:
                if not self._supersedes(new, old):
                    return False
                old.close("replaced by a second connection")
        return self.has_room

    @property
    def has_room(self) -> bool:
        """Whether there may be one more connection."""
        return len(self.connections) < self._limit

    def _supersedes(self, new: PeerConnection, old: PeerConnection) -> bool:
        """Which of two connections to one peer stays; both sides come to the same answer."""
        mine, theirs = new.membership, old.membership
        if mine is not None and theirs is not None and new.incoming == old.incoming:
            return mine.expires_at > theirs.expires_at  # the next certificate's
        peer_id = new.handshake.peer_id
        return keeps_new_connection(me=self._me, other=peer_id, incoming=new.incoming)

    # --- sealed groups ----------------------------------------------------------------------
    def accepts(self, connection: PeerConnection) -> bool:
        """Whether the connection is as the group wants it: of an accepted member if it is sealed.

        What is sealed is never spoken of in plain text.
        """
        if self._seal is None:
            return connection.membership is None
        membership = connection.membership
        return membership is not None and self._seal.accepts(membership)

    def part_from_unaccepted(self) -> None:
        """Close the connections of who was removed, and those whose certificate has expired."""
        for connection in self.connections.values():
            if connection.close_reason is None and not self.accepts(connection):
                connection.close("its certificate has expired, or it was removed from the group")

    def add(self, connection: PeerConnection, now: float) -> None:
        """The connection is taken; who it is is kept for a ban that may come after it has left."""
        if not connection.incoming:
            self._candidates.connected(connection.endpoint, now)
        self.connections[connection.key] = connection
        self._identities[connection.key] = (connection.handshake.peer_id, connection.endpoint)
        if len(self._identities) > MAX_IDENTITIES:
            del self._identities[next(iter(self._identities))]

    def remove(self, connection: PeerConnection, now: float) -> None:
        """The connection has ended."""
        self.connections.pop(connection.key, None)
        self._renew_at.pop(connection.key, None)
        useful = connection.receiver.payload > 0
        self._candidates.left(connection.endpoint, now, useful=useful)

    def ban(self, key: int, reason: str) -> None:
        """Never talk again to the peer of this connection, which may have ended."""
        identity = self._identities.get(key)
        if identity is not None and not self._candidates.is_banned(*identity):
            log.warning("peer banned", peer=str(identity[1]), reason=reason)
            self._candidates.ban(*identity)
        if key in self.connections:
            self.connections[key].close(f"banned: {reason}")

    # --- who they are -----------------------------------------------------------------------
    def learn(self, told: Sequence[Candidate]) -> list[PeerConnection]:
        """The tracker told of these; returns connections whose peers it made known."""
        self._candidates.learn(told)
        named = {candidate.peer_id for candidate in told}
        return [
            connection
            for connection in self.connections.values()
            if connection.handshake.peer_id in named and self.recognise(connection)
        ]

    def recognise(self, connection: PeerConnection) -> bool:
        """Name the peer if the tracker told of it; True when it is known now and was not."""
        if connection.user is not None:
            return False
        dialled = None if connection.incoming else connection.endpoint
        candidate = self._candidates.find(connection.handshake.peer_id, dialled)
        if candidate is None:
            return False
        connection.user = candidate.user
        connection.known_as = candidate.peer_id
        return True

    def refuse(self, connection: PeerConnection) -> None:
        """The tracker says that this is no member, whatever it told before."""
        self._candidates.forget(connection.handshake.peer_id)
        connection.close("not known to the tracker as a member")

    def known(self) -> tuple[int, list[Obstacle]]:
        """See Candidates.count."""
        return self._candidates.count()

    # --- dialling ---------------------------------------------------------------------------
    def to_dial(self, now: float) -> Iterable[Endpoint]:
        """Whom to connect to now; each is answered with a connection or `dial_failed`."""
        room = self._limit - len(self.connections)
        connected = [connection.known_as for connection in self.connections.values()]
        return [*self._candidates.to_dial(connected, room, now), *self._to_renew(now)]

    def _to_renew(self, now: float) -> list[Endpoint]:
        """Whom to dial anew because the connection, which we dialled, comes to its end.

        With new certificates on both sides the second connection lasts longer and takes over,
        before the first one has to be closed.
        """
        chosen = []
        for connection in self.connections.values():
            membership = connection.membership
            if membership is None or connection.incoming or connection.close_reason is not None:
                continue
            margin = membership.seal.margin
            due = membership.seal.time_left(membership) <= margin
            if due and self._renew_at.get(connection.key, now) <= now:
                self._renew_at[connection.key] = now + margin / 4
                chosen.append(connection.endpoint)
        return chosen

    def dial_failed(self, endpoint: Endpoint, now: float, obstacle: Obstacle | None) -> None:
        """A dial came to nothing; without an obstacle that was not the peer's fault."""
        self._candidates.failed(endpoint, now, obstacle)


def _is_same(one: PeerConnection, other: PeerConnection) -> bool:
    """Whether two connections lead to the same peer; in a sealed group, of the same member."""
    return one.handshake.peer_id == other.handshake.peer_id and _holder(one) == _holder(other)


def _holder(connection: PeerConnection) -> str | None:
    return connection.membership.holder if connection.membership else None
