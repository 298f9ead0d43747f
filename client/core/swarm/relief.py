"""Which idle peers could send at once what others keep waiting in their queues."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from client.core.swarm.peer import Peer
from client.core.swarm.swarm_config import SwarmConfig


@dataclass(frozen=True, slots=True)
class Relief:
    """`idle` could send a piece of which `stalled` has sent nothing."""

    idle: Peer
    stalled: Peer
    piece: int


def find_relief(
    peers: Collection[Peer], config: SwarmConfig, now: float, spared: Collection[int]
) -> list[Relief]:
    """Return at most one piece for each peer that serves us and was asked for nothing.

    The peers that have stalled for longest come first. They must know BEP 6, so as to answer a
    cancelled request too. Pieces that are `spared` stay where they are.
    """
    idle = [p for p in peers if p.wanted and not (p.peer_choking or p.downloads or p.snubbed)]
    if not idle:
        return []
    found: list[Relief] = []
    for stalled, piece in _waiting(peers, config, now):
        able = [] if piece in spared else [peer for peer in idle if peer.has[piece]]
        if able:
            idle.remove(able[0])
            found.append(Relief(able[0], stalled, piece))
    return found


def _waiting(peers: Iterable[Peer], config: SwarmConfig, now: float) -> list[tuple[Peer, int]]:
    stalled = [
        peer for peer in peers if peer.fast and not peer.snubbed and peer.has_stalled(config, now)
    ]
    return [
        (peer, download.index)
        for peer in sorted(stalled, key=lambda peer: peer.block_at)
        for download in peer.downloads.values()
        if download.empty and download.outstanding
    ]
