"""Metadata from the peers of a magnet link, all but one of which may be malicious."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from client.net.peers.metadata_fetch import fetch_metadata
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.types import BLOCK_SIZE, Endpoint, InfoHash, PeerId
from common.wire import metadata
from common.wire.handshake import ExtensionHandshake
from common.wire.messages import Extended, HaveAll
from common.wire.metadata import MetadataReject
from tests.support.peers import PeerServer, RawPeer
from tests.support.ports import free_port
from tests.support.swarm.metadata import asked, giver

INFO = random.Random(1).randbytes(3 * BLOCK_SIZE + 17)
HASH = InfoHash(hashlib.sha1(INFO).digest())
ME = PeerId(b"-MI0100-abcdefghijkl")
Behaviour = Callable[[RawPeer], None]


def introduce(_host: str) -> Extended:
    handshake = ExtensionHandshake(metadata_number=metadata.UT_METADATA)
    return Extended(0, handshake.encode("127.0.0.1"))


def silent(peer: RawPeer) -> None:
    """Promise it, and send nothing."""
    while True:
        asked(peer, len(INFO))


def rejecter(peer: RawPeer) -> None:
    """Promise it, and refuse."""
    refusal = MetadataReject(asked(peer, len(INFO)).piece)
    peer.send(Extended(metadata.UT_METADATA, refusal.encode()))
    peer.read()


def boaster(peer: RawPeer) -> None:
    """Promise two gigabytes."""
    asked(peer, 2**31)


def chatterer(peer: RawPeer) -> None:
    """Say the same again and again."""
    while True:
        peer.send(HaveAll())


def hanger_up(peer: RawPeer) -> None:
    """Close at the first request."""
    asked(peer, len(INFO))


LIARS = [giver(bytes(len(INFO))), silent, rejecter, boaster, chatterer, hanger_up]


def fetch(behaviours: list[Behaviour], time_limit: float, *, extended: bool = True) -> bytes:
    """Ask servers that behave like this."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(PeerServer(behave, HASH, extended=extended))
            for behave in behaviours
        ]
        link = Magnet(HASH, peers=tuple(server.address for server in servers))
        return fetch_metadata(link, ME, introduce, time_limit)


def test_from_one_peer() -> None:
    assert fetch([giver(INFO)], 20.0) == INFO


def test_one_honest_peer_among_liars_suffices() -> None:
    assert fetch([*LIARS, giver(INFO)], 20.0) == INFO


def test_liars_cannot_make_it_hang() -> None:
    with pytest.raises(MinitorrentError) as raised:
        fetch(LIARS, 1.0)
    assert raised.value.code is ErrorCode.NO_PEERS


@pytest.mark.parametrize("behave", [rejecter, hanger_up, boaster])
def test_it_ends_when_no_peer_is_left(behave: Behaviour) -> None:
    with pytest.raises(MinitorrentError) as raised:
        fetch([behave, behave], 3600.0)
    assert raised.value.code is ErrorCode.NO_PEERS


def test_unreachable_peers_and_peers_without_extensions() -> None:
    with pytest.raises(MinitorrentError):
        fetch([silent], 3600.0, extended=False)
    nobody = Magnet(HASH, peers=(Endpoint("127.0.0.1", free_port()),))
    with pytest.raises(MinitorrentError):
        fetch_metadata(nobody, ME, introduce, 3600.0)
