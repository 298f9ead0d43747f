"""Extended messages: peers introduce themselves and ask for our metadata (BEP 9, 10).

A magnet link carries nothing but an info-hash: a peer that has only the link asks us for the info
dictionary.
"""

from __future__ import annotations

from typing import Final

from client.core.swarm.actions import Action, Send
from client.core.swarm.peer import Peer
from common.wire import metadata
from common.wire.handshake import EXTENSION_HANDSHAKE, ExtensionHandshake
from common.wire.messages import Extended
from common.wire.metadata import MetadataPiece, MetadataReject, MetadataRequest

MAX_HELD_REQUESTS: Final = 64
"""Requests kept per peer until it is confirmed as a member."""

MAX_COPIES: Final = 3
"""How often a peer may fetch the whole info dictionary; some ask twice for what they lost."""


class Extensions:
    """The extended messages of one torrent; `info` is its bencoded info dictionary."""

    def __init__(self, info: bytes) -> None:
        self._info = info
        self._piece_count = metadata.piece_count(len(info))

    def receive(self, peer: Peer, message: Extended) -> list[Action]:
        """Handle a message; raises WireError when it is malformed."""
        if message.number == EXTENSION_HANDSHAKE:
            self._introduced(peer, ExtensionHandshake.decode(message.payload))
            return []
        if message.number != metadata.UT_METADATA or peer.metadata_number is None:
            return []
        request = metadata.decode(message.payload)
        if not isinstance(request, MetadataRequest):
            return []
        if peer.confirmed or len(peer.metadata_wanted) >= MAX_HELD_REQUESTS:
            return [self._answer(peer, peer.metadata_number, request.piece)]
        peer.metadata_wanted.append(request.piece)
        return []

    def _introduced(self, peer: Peer, theirs: ExtensionHandshake) -> None:
        # A peer may introduce itself again later with only what has changed.
        peer.max_requests = theirs.max_requests or peer.max_requests
        peer.client = theirs.client or peer.client
        peer.is_mapped = peer.is_mapped or theirs.is_mapped
        peer.metadata_number = theirs.metadata_number or peer.metadata_number

    def answer_held(self, peer: Peer) -> list[Action]:
        """Answer what the peer asked for before it was confirmed as a member."""
        number, wanted = peer.metadata_number, peer.metadata_wanted
        if number is None:
            return []
        peer.metadata_wanted = []
        return [self._answer(peer, number, piece) for piece in wanted]

    def _answer(self, peer: Peer, number: int, piece: int) -> Action:
        """Return the requested piece of the info dictionary, or a reject."""
        may_have_more = peer.metadata_sent < MAX_COPIES * self._piece_count
        if not (peer.confirmed and piece < self._piece_count and may_have_more):
            return Send(peer.key, Extended(number, MetadataReject(piece).encode()))
        peer.metadata_sent += 1
        answer = MetadataPiece(piece, len(self._info), metadata.cut(self._info, piece))
        return Send(peer.key, Extended(number, answer.encode()))
