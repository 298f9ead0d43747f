"""Downloading an info dictionary from one peer (BEP 9).

Each peer we ask sends all of it: a single piece can't be verified, so we don't mix the pieces of
several peers, or one liar would spoil what the others sent. The first complete and correct copy
wins.
"""

from __future__ import annotations

import hashlib
from typing import Final

from common.types import BLOCK_SIZE, InfoHash
from common.wire import metadata
from common.wire.handshake import EXTENSION_HANDSHAKE, ExtensionHandshake
from common.wire.messages import Extended, WireError
from common.wire.metadata import MetadataPiece, MetadataReject, MetadataRequest

WINDOW: Final = 4
"""Requests in flight at once."""


class MetadataDownload:
    """What one peer has sent so far; `info` is the info dictionary once it is complete."""

    def __init__(self, info_hash: InfoHash) -> None:
        self.info: bytes | None = None
        self._info_hash = info_hash
        self._number: int | None = None  # the peer's message number for requests
        self._size = 0
        self._pieces: dict[int, bytes] = {}
        self._asked = 0  # pieces requested, from the first on

    def receive(self, message: Extended) -> list[Extended]:
        """Handle an extended message and return the messages to send.

        Raises WireError when this peer can't give us the metadata: it offers none, offers too
        much, refuses, or sent something that doesn't match the info-hash.
        """
        if message.number == EXTENSION_HANDSHAKE:
            return self._introduced(ExtensionHandshake.decode(message.payload))
        if message.number != metadata.UT_METADATA:
            return []
        match metadata.decode(message.payload):
            case MetadataReject():
                raise WireError("refuses to send its metadata")
            case MetadataPiece() as piece:
                return self._take(piece)
            case _:
                return []  # we have no metadata to send yet

    def _introduced(self, theirs: ExtensionHandshake) -> list[Extended]:
        if self._number is not None:
            return []
        if theirs.metadata_number is None or theirs.metadata_size is None:
            raise WireError("has no metadata to offer")
        if theirs.metadata_size > metadata.MAX_METADATA_SIZE:
            raise WireError(f"offers metadata of {theirs.metadata_size} bytes")
        self._number, self._size = theirs.metadata_number, theirs.metadata_size
        return self._requests()

    def _take(self, piece: MetadataPiece) -> list[Extended]:
        if piece.piece >= self._asked or piece.piece in self._pieces:
            return []
        expected = min(BLOCK_SIZE, self._size - piece.piece * BLOCK_SIZE)
        if len(piece.data) != expected:
            raise WireError(f"{len(piece.data)} bytes of metadata where {expected} belong")
        self._pieces[piece.piece] = piece.data
        if len(self._pieces) == metadata.piece_count(self._size):
            self._finish()
        return self._requests()

    def _finish(self) -> None:
        info = b"".join(data for _, data in sorted(self._pieces.items()))
        if hashlib.sha1(info, usedforsecurity=False).digest() != self._info_hash:
            raise WireError("sent metadata with the wrong hash")
        self.info = info

    def _requests(self) -> list[Extended]:
        assert self._number is not None
        until = min(metadata.piece_count(self._size), len(self._pieces) + WINDOW)
        wanted = range(self._asked, until)
        self._asked = max(self._asked, until)
        return [Extended(self._number, MetadataRequest(piece).encode()) for piece in wanted]
