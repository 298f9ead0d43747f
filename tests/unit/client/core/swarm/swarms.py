"""What swarms receive."""

from __future__ import annotations

from client.core.swarm.swarm import Swarm
from common.types import BLOCK_SIZE
from tests.support.swarm.runs import one


def receive_all(swarm: Swarm, key: int, piece: int) -> bool:
    """Receive the rest of a piece from a peer; return what the swarm answers to its end."""
    download = swarm.peers[key].downloads[piece]
    for block in download.requested():
        download.receive(one(block.begin // BLOCK_SIZE))
    return swarm.piece_received(swarm.peers[key], download)
