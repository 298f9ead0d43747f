from __future__ import annotations

import pytest

from client.core.protocol.peer_stream_decoder import PeerStreamDecoder
from client.core.swarm.peer import CREDIT, STINGY, Peer
from client.core.swarm.swarm_config import SwarmConfig
from common.types import BLOCK_SIZE
from tests.support.swarm.runs import one
from tests.support.swarm.waiting_blocks import WaitingBlocks
from tests.unit.client.core.protocol.streams import download_of

LIMITS = SwarmConfig(
    initial_window=100,
    min_window=10,
    max_window=400,
    window_seconds=3.0,
    default_max_requests=250,
)


def peer_with_rate(blocks_a_second: int, seconds: int) -> Peer:
    peer = Peer(1, 8, PeerStreamDecoder(), WaitingBlocks(), fast=True, now=0.0)
    for second in range(1, seconds + 1):
        peer.down.add(blocks_a_second * BLOCK_SIZE)
        peer.down.update(float(second))
    return peer


@pytest.mark.parametrize(
    ("blocks_a_second", "window"), [(0, 10), (3, 10), (20, 60), (50, 150), (83, 249), (1000, 250)]
)
def test_the_window_covers_three_seconds(blocks_a_second: int, window: int) -> None:
    peer = peer_with_rate(blocks_a_second, 10)
    assert peer.window(LIMITS, 10.0) == pytest.approx(window, abs=1)


def test_the_window_grows_with_each_received_block() -> None:
    peer = Peer(1, 8, PeerStreamDecoder(), WaitingBlocks(), fast=True, now=5.0)
    assert peer.window(LIMITS, 7.9) == 100
    peer.down.add(3 * BLOCK_SIZE)
    assert peer.window(LIMITS, 7.9) == 103
    peer.down.add(1000 * BLOCK_SIZE)
    peer.max_requests = 2000
    assert peer.window(LIMITS, 7.9) == 400
    assert peer.window(LIMITS, 8.1) == 10  # the rate counts now


@pytest.mark.parametrize(
    ("blocks_a_second", "seconds", "ahead"),
    [(0, 10, 4), (20, 10, 20), (1000, 10, 1000), (0, 2, 400)],
)
def test_another_piece_is_begun_when_a_seconds_worth_is_left(
    blocks_a_second: int, seconds: int, ahead: int
) -> None:
    peer = peer_with_rate(blocks_a_second, seconds)
    assert peer.ahead(LIMITS, float(seconds)) == pytest.approx(ahead, abs=1)


@pytest.mark.parametrize(("said", "window"), [(None, 250), (20, 20), (5000, 400)])
def test_the_window_respects_the_peers_queue(said: int | None, window: int) -> None:
    peer = peer_with_rate(1000, 10)
    peer.max_requests = said
    assert peer.window(LIMITS, 10.0) == window


def test_requested_bytes_are_owed() -> None:
    peer = Peer(1, 8, PeerStreamDecoder(), WaitingBlocks(), fast=True, now=0.0)
    download = download_of(0, 2 * BLOCK_SIZE)
    owed = [peer.owes]
    peer.downloads[0] = download
    owed.append(peer.owes)
    download.request(1)
    owed.append(peer.owes)
    download.receive(one(0))
    owed.append(peer.owes)
    assert owed == [False, False, True, False]


@pytest.mark.parametrize(
    ("given", "got", "wanted", "choking", "takes"),
    [
        (CREDIT, 0, 1, True, False),  # that is given on trust
        (CREDIT + 1, 0, 1, True, True),
        (CREDIT + 1, 0, 0, True, False),  # it has nothing for us
        (CREDIT + 1, 0, 1, False, False),  # it is about to send
        (STINGY * CREDIT, CREDIT, 1, True, False),
        (STINGY * CREDIT, CREDIT - 1, 1, True, True),
    ],
)
def test_a_peer_that_gives_nothing_for_a_few_pieces_takes(
    given: int, got: int, wanted: int, *, choking: bool, takes: bool
) -> None:
    peer = peer_with_rate(0, 0)
    peer.up.add(given * BLOCK_SIZE)
    peer.down.add(got * BLOCK_SIZE)
    peer.wanted, peer.peer_choking = wanted, choking
    peer.settle(BLOCK_SIZE)
    assert peer.takes is takes


def test_a_peer_takes_until_it_gives() -> None:
    peer = peer_with_rate(0, 0)
    peer.up.add((CREDIT + 1) * BLOCK_SIZE)
    peer.wanted = 1
    peer.settle(BLOCK_SIZE)
    peer.wanted = 0
    peer.settle(BLOCK_SIZE)
    assert peer.takes
    peer.down.add(BLOCK_SIZE)
    peer.settle(BLOCK_SIZE)
    assert not peer.takes
