"""The client's limit of connections, which share its descriptors and threads."""

from __future__ import annotations

import threading
from collections.abc import Hashable

import structlog

from client.core.admission.crowding import MAX_CLOSING, Held, judge
from client.net.peers.connection import Connection

log = structlog.get_logger(__name__)


class ConnectionSlots:
    """The connections over all torrents, at most half of them for one party. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._held: dict[Connection, Hashable] = {}

    @property
    def free(self) -> int:
        """Connections that can still be made without closing another."""
        return max(0, self._limit - len(self._held))

    def take(self, connection: Connection, party: Hashable) -> bool:
        """Take a slot for a party's connection; returns False when there is none.

        A connection of the party with the most may be closed for it.
        """
        with self._lock:
            held = [
                Held(other, owner, other.carried)
                for other, owner in self._held.items()
                if other.close_reason is None
            ]
            verdict = judge(held, party, self._limit, max(1, self._limit // 2))
            if len(self._held) >= self._limit + MAX_CLOSING:
                return False
            if verdict.admitted:
                self._held[connection] = party
        if verdict.displaced is not None:
            log.info("peer displaced", peer=str(verdict.displaced.endpoint))
            verdict.displaced.close("others need its place")
        return verdict.admitted

    def give_back(self, connection: Connection) -> None:
        """Free the slot of a connection that has ended, or was not used after all."""
        with self._lock:
            self._held.pop(connection, None)
