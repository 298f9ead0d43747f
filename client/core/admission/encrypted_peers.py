"""Which peers hang up unless the connection begins with encryption (MSE)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from common.types import Endpoint

MEMORY: Final = 3600.0
"""Seconds for which a peer is remembered."""

MAX_PEERS: Final = 4096


class EncryptedPeers:
    """Peers to which only a connection with encryption succeeded. Not thread-safe."""

    def __init__(self) -> None:
        self._until: OrderedDict[Endpoint, float] = OrderedDict()

    def add(self, peer: Endpoint, now: float) -> None:
        """Remember a peer for a while."""
        self._until[peer] = now + MEMORY
        self._until.move_to_end(peer)
        if len(self._until) > MAX_PEERS:
            self._until.popitem(last=False)

    def discard(self, peer: Endpoint) -> None:
        """Forget a peer."""
        self._until.pop(peer, None)

    def has(self, peer: Endpoint, now: float) -> bool:
        """Return whether a peer is remembered."""
        return self._until.get(peer, now) > now
