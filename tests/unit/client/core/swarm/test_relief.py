from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from client.core.protocol.peer_stream_decoder import PeerStreamDecoder
from client.core.swarm.peer import Peer
from client.core.swarm.relief import find_relief
from client.core.swarm.swarm_config import SwarmConfig
from common.types import BLOCK_SIZE
from tests.support.swarm.runs import one
from tests.support.swarm.waiting_blocks import WaitingBlocks
from tests.unit.client.core.protocol.streams import download_of

PIECES = 4
NOW = 10.0


@dataclass(frozen=True)
class Shape:
    has: frozenset[int]
    asked: frozenset[int]
    begun: frozenset[int]
    choking: bool
    fast: bool
    snubbed: bool
    block_at: float


SHAPES = st.builds(
    Shape,
    has=st.frozensets(st.integers(0, PIECES - 1)),
    asked=st.frozensets(st.integers(0, PIECES - 1)),
    begun=st.frozensets(st.integers(0, PIECES - 1)),
    choking=st.booleans(),
    fast=st.booleans(),
    snubbed=st.booleans(),
    block_at=st.integers(0, 20).map(lambda half: half / 2),
)


def peer_of(key: int, shape: Shape) -> Peer:
    peer = Peer(key, PIECES, PeerStreamDecoder(), WaitingBlocks(), fast=shape.fast, now=0.0)
    peer.peer_choking, peer.snubbed = shape.choking, shape.snubbed
    peer.block_at = shape.block_at
    for piece in shape.has:
        peer.has.add(piece)
    peer.wanted = len(shape.has)
    for piece in shape.asked:
        download = peer.downloads[piece] = download_of(piece, 2 * BLOCK_SIZE)
        download.request(2)
        if piece in shape.begun:
            download.receive(one(0))
    return peer


@given(SHAPES)
def test_a_peer_has_stalled_if_it_owes_blocks_and_sends_none(shape: Shape) -> None:
    peer = peer_of(1, shape)
    assert peer.has_stalled(SwarmConfig(), NOW) is (bool(shape.asked) and shape.block_at < NOW - 1)


@given(st.lists(SHAPES, max_size=6), st.sets(st.integers(0, PIECES - 1)))
def test_idle_peers_relieve_those_that_stall(shapes: list[Shape], spared: set[int]) -> None:
    peers = [peer_of(key, shape) for key, shape in enumerate(shapes)]
    found = find_relief(peers, SwarmConfig(), NOW, spared)
    assert len({relief.idle.key for relief in found}) == len(found)
    for relief in found:
        idle, stalled = shapes[relief.idle.key], shapes[relief.stalled.key]
        assert relief.piece in idle.has & stalled.asked - stalled.begun - spared
        assert not (idle.asked or idle.choking or idle.snubbed or stalled.snubbed)
        assert stalled.fast
        assert NOW - stalled.block_at > 1.0
    waits = [relief.stalled.block_at for relief in found]
    assert waits == sorted(waits)


@given(
    st.integers(0, 20).map(lambda half: half / 2), st.sets(st.integers(0, PIECES - 1), min_size=1)
)
def test_an_idle_peer_always_relieves_one_that_stalls(block_at: float, asked: set[int]) -> None:
    everything = frozenset(range(PIECES))
    shape = Shape(everything, frozenset(), frozenset(), False, True, False, 0.0)
    stalled = Shape(everything, frozenset(asked), frozenset(), False, True, False, block_at)
    peers = [peer_of(1, shape), peer_of(2, stalled)]
    assert bool(find_relief(peers, SwarmConfig(), NOW, ())) is (NOW - block_at > 1.0)
