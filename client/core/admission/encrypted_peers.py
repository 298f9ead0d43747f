"""Which peers hang up unless the connection begins with encryption (MSE)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from client.core.admission.obstacle import is_ours
from common.types import Endpoint, PeerId

MEMORY: Final = 3600.0
"""Seconds for which a peer is remembered."""

MAX_PEERS: Final = 4096


def may_demand_encryption(listed: PeerId | None, *, has_spoken: bool) -> bool:
    """Return whether a peer that hung up on our plain handshake may want an encrypted one.

    `listed` is the peer id that the tracker has listed, None if it has none. Our own clients take
    plain handshakes, and hang up for other reasons; so does whoever `has_spoken`, in plain text.
    """
    return not has_spoken and not (listed is not None and is_ours(listed))


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
