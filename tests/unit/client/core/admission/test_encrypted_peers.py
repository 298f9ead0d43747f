from __future__ import annotations

from client.core.admission.encrypted_peers import MAX_PEERS, MEMORY, EncryptedPeers
from common.types import Endpoint

PEER = Endpoint("10.0.0.1", 6881)


def test_a_peer_is_remembered_for_a_while() -> None:
    peers = EncryptedPeers()
    assert not peers.has(PEER, 0)
    peers.add(PEER, 0)
    assert peers.has(PEER, MEMORY - 1)
    assert not peers.has(PEER, MEMORY)
    peers.add(PEER, 10)
    assert peers.has(PEER, MEMORY)


def test_a_peer_is_forgotten_when_told() -> None:
    peers = EncryptedPeers()
    peers.discard(PEER)
    peers.add(PEER, 0)
    peers.discard(PEER)
    assert not peers.has(PEER, 1)


def test_of_very_many_the_oldest_are_forgotten() -> None:
    peers = EncryptedPeers()
    for number in range(MAX_PEERS + 1):
        peers.add(Endpoint("10.0.0.1", number), 0)
    assert not peers.has(Endpoint("10.0.0.1", 0), 1)
    assert peers.has(Endpoint("10.0.0.1", 1), 1)
