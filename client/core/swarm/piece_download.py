"""A piece being downloaded: its buffer, and which of its blocks are requested or received."""

from __future__ import annotations

from typing import Final, Protocol

from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.codec import LENGTH, PIECE_HEADER, PIECE_NUMBER

HEADER_SIZE: Final = PIECE_HEADER.size
"""Bytes before the block in a piece message (13)."""

COUNTED_HEADER: Final = HEADER_SIZE - LENGTH.size
"""Bytes of that header which the message's length field counts (9)."""


class Buffer(Protocol):
    """Memory lent for one piece."""

    @property
    def view(self) -> memoryview:
        """The memory, exactly as long as the piece."""


NOBODY: Final = 0
"""No peer's key: the sender of a block that is missing or not credited yet."""

_MISSING = 0
_REQUESTED = 1
_RECEIVED = 2


class PieceDownload:
    """One piece being downloaded into a buffer of exactly its size.

    Invariant: a block is in exactly one of missing, requested, received. At most one peer at a
    time has requests in flight and writes into the buffer; `senders` holds each block's sender.
    `cancelled` tells that peer's reader that the piece has arrived from another peer.

    `headers` are the piece messages' headers as they have to arrive, `header_space` is where they
    are read to; `lent` is the buffer as its pool lent it.
    """

    __slots__ = (
        "_credited",
        "_missing",
        "_received",
        "_state",
        "block_count",
        "buffer",
        "cancelled",
        "header_space",
        "headers",
        "index",
        "lent",
        "senders",
        "size",
    )

    def __init__(self, index: PieceIndex, lent: Buffer) -> None:
        self.index = index
        self.lent = lent
        self.buffer = lent.view
        self.size = len(self.buffer)
        self.block_count = -(-self.size // BLOCK_SIZE)
        self.senders = [NOBODY] * self.block_count
        self.cancelled = False
        self._state = bytearray(self.block_count)
        self._missing = self.block_count
        self._received = 0
        self._credited = 0  # received blocks whose sender is recorded
        self.headers = self._expected_headers()
        self.header_space = memoryview(bytearray(len(self.headers)))

    @property
    def sources(self) -> set[int]:
        """The keys of all peers that sent a block."""
        return set(self.senders) - {NOBODY}

    @property
    def complete(self) -> bool:
        """Whether every block is received."""
        return self._received == self.block_count

    @property
    def empty(self) -> bool:
        """Whether no block is received."""
        return self._received == 0

    @property
    def missing(self) -> int:
        """How many blocks are neither received nor requested."""
        return self._missing

    @property
    def outstanding(self) -> int:
        """How many blocks are requested and not received yet."""
        return self.block_count - self._missing - self._received

    def block(self, number: int) -> Block:
        """Return the block's place in the torrent; only the last may be shorter than 16 KiB."""
        begin = number * BLOCK_SIZE
        return Block(self.index, begin, min(BLOCK_SIZE, self.size - begin))

    def request(self, limit: int) -> list[int]:
        """Mark up to `limit` missing blocks as requested and return their numbers, ascending."""
        if self._missing == self.block_count and limit >= self.block_count:
            self._missing = 0
            self._state = bytearray((_REQUESTED,)) * self.block_count
            return list(range(self.block_count))
        numbers: list[int] = []
        start = 0
        while len(numbers) < limit and (start := self._state.find(_MISSING, start)) >= 0:
            self._state[start] = _REQUESTED
            numbers.append(start)
        self._missing -= len(numbers)
        return numbers

    def requested(self) -> list[Block]:
        """Return the blocks that are requested and not received yet."""
        return [self.block(n) for n, state in enumerate(self._state) if state == _REQUESTED]

    def is_requested(self, number: int) -> bool:
        """Return whether this block is requested and not received yet; any int is allowed."""
        return 0 <= number < self.block_count and self._state[number] == _REQUESTED

    def receive(self, number: int) -> None:
        """Mark a requested block as received."""
        self._state[number] = _RECEIVED
        self._received += 1

    def withdraw(self, number: int) -> None:
        """Mark a requested block that was rejected as missing again."""
        self._state[number] = _MISSING
        self._missing += 1

    def withdraw_all(self) -> None:
        """Mark all requested blocks as missing again (the peer choked us or left)."""
        self._state = self._state.replace(bytes((_REQUESTED,)), bytes((_MISSING,)))
        self._missing = self.block_count - self._received

    def credit(self, peer: int) -> None:
        """Record this peer as the sender of all blocks received since the last call."""
        if self._received == self._credited:
            return
        self._credited = self._received
        for number, state in enumerate(self._state):
            if state == _RECEIVED and self.senders[number] == NOBODY:
                self.senders[number] = peer

    def _expected_headers(self) -> bytes:
        pack = PIECE_HEADER.pack
        last = self.block_count - 1
        headers = [
            pack(COUNTED_HEADER + BLOCK_SIZE, PIECE_NUMBER, self.index, number * BLOCK_SIZE)
            for number in range(last)
        ]
        tail = self.block(last)
        headers.append(pack(COUNTED_HEADER + tail.length, PIECE_NUMBER, self.index, tail.begin))
        return b"".join(headers)
