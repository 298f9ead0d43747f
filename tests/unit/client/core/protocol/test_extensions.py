"""Extended messages of a torrent's peers: introductions, and requests for its metadata."""

from __future__ import annotations

import pytest

from client.core.protocol.extensions import MAX_COPIES, MAX_HELD_REQUESTS, Extensions
from client.core.protocol.peer_stream_decoder import PeerStreamDecoder
from client.core.swarm.actions import Action, Send
from client.core.swarm.peer import Peer
from common.types import BLOCK_SIZE
from common.wire import metadata
from common.wire.handshake import ExtensionHandshake
from common.wire.messages import Extended, WireError
from common.wire.metadata import MetadataMessage, MetadataPiece, MetadataReject, MetadataRequest
from tests.support.swarm.waiting_blocks import WaitingBlocks

THEIRS = 7
INFO = bytes(range(250)) * 100


@pytest.fixture
def peer() -> Peer:
    """A member that has introduced itself."""
    peer = Peer(1, 4, PeerStreamDecoder(), WaitingBlocks(), fast=True, now=0.0)
    peer.confirmed = True
    introduce(peer, ExtensionHandshake("Other 1.0", 50, metadata_number=THEIRS))
    return peer


def introduce(peer: Peer, handshake: ExtensionHandshake) -> None:
    message = Extended(0, handshake.encode("127.0.0.1"))
    assert Extensions(INFO).receive(peer, message) == []


def request(piece: int) -> Extended:
    return Extended(metadata.UT_METADATA, MetadataRequest(piece).encode())


def said(actions: list[Action]) -> list[MetadataMessage | None]:
    """The metadata messages that are to be sent."""
    messages = []
    for action in actions:
        assert isinstance(action, Send)
        assert isinstance(action.message, Extended)
        assert action.message.number == THEIRS
        messages.append(metadata.decode(action.message.payload))
    return messages


def test_a_peers_extensions_are_kept_until_it_changes_them(peer: Peer) -> None:
    introduce(peer, ExtensionHandshake(upload_only=True))
    assert (peer.client, peer.max_requests, peer.metadata_number) == ("Other 1.0", 50, THEIRS)
    introduce(peer, ExtensionHandshake("Other 2.0", 60, metadata_number=9))
    assert (peer.client, peer.max_requests, peer.metadata_number) == ("Other 2.0", 60, 9)


def test_metadata_for_a_member(peer: Peer) -> None:
    extensions = Extensions(INFO)
    assert said(extensions.receive(peer, request(0))) == [
        MetadataPiece(0, len(INFO), INFO[:BLOCK_SIZE])
    ]
    assert said(extensions.receive(peer, request(1))) == [
        MetadataPiece(1, len(INFO), INFO[BLOCK_SIZE:])
    ]
    assert said(extensions.receive(peer, request(2))) == [MetadataReject(2)]


def test_no_metadata_before_membership_is_confirmed(peer: Peer) -> None:
    peer.confirmed = False
    extensions = Extensions(INFO)
    assert extensions.receive(peer, request(1)) == []
    assert extensions.receive(peer, request(0)) == []
    peer.confirmed = True
    assert said(extensions.answer_held(peer)) == [
        MetadataPiece(1, len(INFO), INFO[BLOCK_SIZE:]),
        MetadataPiece(0, len(INFO), INFO[:BLOCK_SIZE]),
    ]
    assert extensions.answer_held(peer) == []


def test_an_unidentified_peer_that_keeps_asking_is_refused(peer: Peer) -> None:
    peer.confirmed = False
    extensions = Extensions(INFO)
    for _ in range(MAX_HELD_REQUESTS):
        assert extensions.receive(peer, request(0)) == []
    assert said(extensions.receive(peer, request(0))) == [MetadataReject(0)]
    assert len(peer.metadata_wanted) == MAX_HELD_REQUESTS


def test_a_member_that_keeps_asking_is_refused(peer: Peer) -> None:
    extensions = Extensions(INFO)
    for _ in range(2 * MAX_COPIES):
        (answer,) = said(extensions.receive(peer, request(0)))
        assert isinstance(answer, MetadataPiece)
    assert said(extensions.receive(peer, request(0))) == [MetadataReject(0)]


def test_useless_messages(peer: Peer) -> None:
    extensions = Extensions(INFO)
    reject = Extended(metadata.UT_METADATA, MetadataReject(0).encode())
    assert extensions.receive(peer, reject) == []
    assert extensions.receive(peer, Extended(99, b"garbage")) == []
    silent = Peer(2, 4, PeerStreamDecoder(), WaitingBlocks(), fast=True, now=0.0)
    assert extensions.receive(silent, request(0)) == []  # it never said how to answer
    assert extensions.answer_held(silent) == []


def test_broken_messages_end_the_connection(peer: Peer) -> None:
    for message in (Extended(0, b"garbage"), Extended(metadata.UT_METADATA, b"garbage")):
        with pytest.raises(WireError):
            Extensions(INFO).receive(peer, message)
