from __future__ import annotations

import pytest

from client.core.admission.encrypted_peers import (
    MAX_PEERS,
    MEMORY,
    EncryptedPeers,
    may_demand_encryption,
)
from common.types import Endpoint, PeerId

PEER = Endpoint("10.0.0.1", 6881)


@pytest.mark.parametrize(
    ("listed", "has_spoken", "may"),
    [
        (b"-qB5000-abcdefghijkl", False, True),
        (b"-qB5000-abcdefghijkl", True, False),
        (b"-MI0100-abcdefghijkl", False, False),
        (None, False, True),
        (None, True, False),
    ],
)
def test_who_hangs_up_for_lack_of_encryption(
    listed: bytes | None, has_spoken: bool, may: bool
) -> None:
    peer_id = None if listed is None else PeerId(listed)
    assert may_demand_encryption(peer_id, has_spoken=has_spoken) is may


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
