"""The client's limit of connections, which share its descriptors and threads."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Final

import structlog

from client.core.admission.crowding import Held, judge
from client.net.peers.connection import Connection

CLOSING: Final = 16
"""Connections that may still be closing, on top of the limit."""

log = structlog.get_logger(__name__)


class Places:
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
        """Take a place for a connection; a connection of a crowding party may be closed for it."""
        with self._lock:
            held = [
                Held(place, owner, place.carried)
                for place, owner in self._held.items()
                if place.close_reason is None
            ]
            verdict = judge(held, party, self._limit, max(1, self._limit // 2))
            if len(self._held) >= self._limit + CLOSING:
                return False
            if verdict.admitted:
                self._held[connection] = party
        if verdict.displaced is not None:
            log.info("peer displaced", peer=str(verdict.displaced.endpoint))
            verdict.displaced.close("others need its place")
        return verdict.admitted

    def give_back(self, connection: Connection) -> None:
        """Free the place of a connection that has ended, or was not used after all."""
        with self._lock:
            self._held.pop(connection, None)
