"""A connected peer as the user sees it."""

from __future__ import annotations

from client.core.peer import Peer
from client.engine.status import PeerRow
from client.net.peer_io import PeerConnection


def peer_row(connection: PeerConnection, peer: Peer) -> PeerRow:
    """One row of `peers`."""
    pieces = peer.has.size
    return PeerRow(
        address=str(connection.endpoint),
        client=connection.client,
        user=connection.user,
        progress=peer.has.count / pieces if pieces else 1.0,
        down_rate=peer.down.rate,
        up_rate=peer.up.rate,
        downloaded=peer.down.total,
        uploaded=peer.up.total,
        flags=flags(peer, incoming=connection.incoming),
    )


def flags(peer: Peer, *, incoming: bool) -> str:
    """Letters as other clients use them; PeerRow says what they mean."""
    letters = (
        ("D" if not peer.peer_choking else "d", peer.am_interested),
        ("U" if not peer.am_choking else "u", peer.peer_interested),
        ("O", peer.optimistic),
        ("I", incoming),
        ("S", peer.snubbed),
        ("X", peer.has.complete),
    )
    return "".join(letter for letter, on in letters if on)
