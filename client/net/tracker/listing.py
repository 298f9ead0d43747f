"""The peers that a tracker lists, as candidates to dial."""

from __future__ import annotations

from client.core.admission.candidates import PeerCandidate
from common.api.presence import Address, FilePresence
from common.types import Endpoint, peer_id_from_hex


def listed_peers(presence: FilePresence) -> list[PeerCandidate]:
    """Return the peers of a file."""
    return [
        PeerCandidate(
            _endpoint(peer),
            peer_id_from_hex(peer.peer_id),
            peer.user,
            others=tuple(_endpoint(one) for one in peer.others if one.port),
            silent=peer.silent,
        )
        for peer in presence.peers
    ]


def _endpoint(address: Address) -> Endpoint:
    return Endpoint(address.host, address.port)
