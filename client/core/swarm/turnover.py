"""Which peers a full download parts with, so that others get their places.

In a crowd whose members leave once they are done, those who are left may all lack the same piece,
with all their places taken by each other: then nobody dials the one who has it, or takes its call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from client.core.swarm.peer import Peer
from client.core.swarm.swarm_config import SwarmConfig

if TYPE_CHECKING:
    from random import Random

PARTING: Final = 5
"""One out of so many peers goes at a time."""


class Turnover:
    """Watches whether any peer has something for us; `now` is in seconds."""

    def __init__(self, config: SwarmConfig, rng: Random, now: float) -> None:
        self._config = config
        self._rng = rng
        self._useful_at = now  # a peer had something for us, or there was a place for another

    def choose(self, peers: Mapping[int, Peer], now: float) -> list[int]:
        """Return the keys of peers to part with, while something is missing.

        That is a fifth of them when, for `useless_after` seconds, all places were taken and nobody
        had what we lack. Those who want something from us stay, unless all do: then one has to go.
        """
        is_full = len(peers) >= max(1, self._config.connections)
        if not is_full or any(peer.wanted for peer in peers.values()):
            self._useful_at = now
        if now - self._useful_at < self._config.useless_after:
            return []
        self._useful_at = now
        idle = [key for key, peer in peers.items() if not peer.wants]
        count = min(len(idle), max(1, self._config.connections // PARTING))
        return self._rng.sample(idle, count) or [self._rng.choice(list(peers))]
