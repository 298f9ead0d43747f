"""The peers around one torrent: who is connected, who could be, and who never may."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from client.core.candidates import Candidate, Candidates, keeps_new_connection
from client.net.peer_io import PeerConnection
from common.types import Endpoint, PeerId

log = structlog.get_logger(__name__)

MAX_IDENTITIES: Final = 4096
"""Connections, ended ones too, whose peers can still be banned for what they sent."""


class Neighbours:
    """Connections by key, beside what the tracker told; used under the torrent's lock.

    `me` is our own peer id, `limit` the number of connections.
    """

    def __init__(self, me: PeerId, limit: int) -> None:
        self.connections: dict[int, PeerConnection] = {}
        self._me = me
        self._limit = limit
        self._keys = itertools.count(1)
        self._candidates = Candidates(me)
        self._identities: dict[int, tuple[PeerId, Endpoint]] = {}

    def __repr__(self) -> str:
        return f"Neighbours({len(self.connections)} connected, {self._candidates!r})"

    # --- connections ------------------------------------------------------------------------
    def next_key(self) -> int:
        """A key for a new connection."""
        return next(self._keys)

    def wants(self, peer_id: PeerId, endpoint: Endpoint, *, incoming: bool) -> bool:
        """Whether to go on with a peer that has shaken hands; an older connection may give way."""
        if peer_id == self._me or self._candidates.is_banned(peer_id, endpoint):
            return False
        for connection in self.connections.values():
            if connection.handshake.peer_id == peer_id and connection.close_reason is None:
                if not keeps_new_connection(me=self._me, other=peer_id, incoming=incoming):
                    return False
                connection.close("replaced by a second connection")
        return len(self.connections) < self._limit

    def add(self, connection: PeerConnection) -> None:
        """The connection is taken; who it is is kept for a ban that may come after it has left."""
        if not connection.incoming:
            self._candidates.connected(connection.endpoint)
        self.connections[connection.key] = connection
        self._identities[connection.key] = (connection.handshake.peer_id, connection.endpoint)
        if len(self._identities) > MAX_IDENTITIES:
            del self._identities[next(iter(self._identities))]

    def remove(self, connection: PeerConnection, now: float) -> None:
        """The connection has ended."""
        self.connections.pop(connection.key, None)
        self._candidates.failed(connection.endpoint, now)

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

    # --- dialling ---------------------------------------------------------------------------
    def to_dial(self, now: float) -> Iterable[Endpoint]:
        """Whom to connect to now; each is answered with a connection or `dial_failed`."""
        room = self._limit - len(self.connections)
        connected = [connection.known_as for connection in self.connections.values()]
        return self._candidates.to_dial(connected, room, now)

    def dial_failed(self, endpoint: Endpoint, now: float) -> None:
        """A dial came to nothing."""
        self._candidates.failed(endpoint, now)
