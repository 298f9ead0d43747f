"""A scripted other side of BEP 9."""

from __future__ import annotations

from collections.abc import Callable

from common.wire import metadata
from common.wire.handshake import ExtensionHandshake
from common.wire.messages import Extended, HaveAll
from common.wire.metadata import MetadataPiece, MetadataRequest
from tests.support.peers import RawPeer

NUMBER = 9
"""The number under which these peers accept metadata messages."""


def introduction(size: int | None = None) -> Extended:
    """Return an extended handshake that offers so many bytes of metadata."""
    handshake = ExtensionHandshake(metadata_number=NUMBER, metadata_size=size)
    return Extended(0, handshake.encode("127.0.0.1"))


def received(peer: RawPeer) -> metadata.MetadataMessage | None:
    """The next metadata message from the other side."""
    while True:
        message = peer.until(Extended)
        if message.number == NUMBER:
            return metadata.decode(message.payload)


def asked(peer: RawPeer, size: int) -> MetadataRequest:
    """Offer metadata of this size, and wait for the first request."""
    peer.send(HaveAll(), introduction(size))
    return requested(peer)


def requested(peer: RawPeer) -> MetadataRequest:
    """The next request for a piece."""
    message = received(peer)
    assert isinstance(message, MetadataRequest)
    return message


def giver(info: bytes) -> Callable[[RawPeer], None]:
    """Return a peer that sends this, piece by piece, whatever the requests."""

    def behave(peer: RawPeer) -> None:
        wanted = asked(peer, len(info))
        while True:
            piece = MetadataPiece(wanted.piece, len(info), metadata.cut(info, wanted.piece))
            peer.send(Extended(metadata.UT_METADATA, piece.encode()))
            wanted = requested(peer)

    return behave
