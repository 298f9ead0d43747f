"""A piece being downloaded: its buffer, and which of its blocks are requested or received."""

from __future__ import annotations

from typing import Any, Final, Protocol, TypeAlias, TypeVar

from common.types import BLOCK_SIZE, Block, BlockRun, PieceIndex
from common.wire.codec import LENGTH, PIECE_HEADER, piece_headers

HEADER_SIZE: Final = PIECE_HEADER.size
"""Bytes before the block in a piece message (13)."""

COUNTED_HEADER: Final = HEADER_SIZE - LENGTH.size
"""Bytes of that header which the message's length field counts (9)."""


class Slots:
    """Where the messages of a piece's blocks are read to: `views` has a header, a payload, ...

    The payloads lie side by side in `view`, the piece's memory, the headers in `headers`.
    """

    __slots__ = ("headers", "views")

    def __init__(self, view: memoryview) -> None:
        starts = range(0, len(view), BLOCK_SIZE)
        self.headers = memoryview(bytearray(HEADER_SIZE * len(starts)))
        self.views: list[memoryview] = [view] * (2 * len(starts))
        self.views[0::2] = [
            self.headers[start : start + HEADER_SIZE]
            for start in range(0, len(self.headers), HEADER_SIZE)
        ]
        self.views[1::2] = [view[start : start + BLOCK_SIZE] for start in starts]


class Buffer(Protocol):
    """Memory lent for one piece, allocated when it is first used."""

    @property
    def size(self) -> int:
        """The size of the piece in bytes."""

    @property
    def view(self) -> memoryview:
        """The memory, exactly as long as the piece."""

    @property
    def slots(self) -> Slots:
        """The slots of that memory, made once for all the pieces it is lent for."""


BufferT = TypeVar("BufferT", bound=Buffer)


class Buffers(Protocol[BufferT]):
    """The source of piece buffers."""

    def take(self, size: int) -> BufferT | None:
        """Return a buffer of exactly `size` bytes, or None while too much is in use."""

    def give_back(self, buffer: BufferT) -> None:
        """Take a buffer back that nobody reads from or writes into any more."""


AnyBuffers: TypeAlias = Buffers[Any]
"""A source whose kind of buffer doesn't matter: each buffer goes back to the source it is from."""


NOBODY: Final = 0
"""No peer's key: the sender of a block that is missing or not credited yet."""

_MISSING = 0
_MISSING_BYTE = bytes((_MISSING,))
_REQUESTED = 1
_RECEIVED = 2


class PieceDownload:
    """One piece being downloaded into a buffer of exactly its size.

    Invariant: a block is in exactly one of missing, requested, received. At most one peer at a
    time has requests in flight and writes into the buffer; `senders` holds each block's sender.
    `cancelled` tells that peer's reader that the piece has arrived from another peer.

    `headers` are the piece messages' headers as they have to arrive; `lent` is the buffer as its
    pool lent it.
    """

    __slots__ = (
        "_credited",
        "_missing",
        "_received",
        "_state",
        "block_count",
        "cancelled",
        "headers",
        "index",
        "lent",
        "senders",
        "size",
    )

    def __init__(self, index: PieceIndex, lent: Buffer) -> None:
        self.index = index
        self.lent = lent
        self.size = lent.size
        self.block_count = -(-self.size // BLOCK_SIZE)
        self.senders = [NOBODY] * self.block_count
        self.cancelled = False
        self._state = bytearray(self.block_count)
        self._missing = self.block_count
        self._received = 0
        self._credited = 0  # received blocks whose sender is recorded
        self.headers = b"".join(map(piece_headers, self.runs(range(self.block_count))))

    @property
    def buffer(self) -> memoryview:
        """The piece's memory, to write what arrives into."""
        return self.lent.view

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

    def runs(self, numbers: range) -> list[BlockRun]:
        """Return these adjacent blocks as runs: the piece's last block may be one of its own."""
        whole = range(numbers.start, min(numbers.stop, self.size // BLOCK_SIZE))
        begin = numbers.start * BLOCK_SIZE
        found = [BlockRun(self.index, begin, len(whole), BLOCK_SIZE)] if whole else []
        if len(whole) < len(numbers):
            tail = self.block(self.block_count - 1)
            found.append(BlockRun(self.index, tail.begin, 1, tail.length))
        return found

    def size_of(self, numbers: range) -> int:
        """Return the size in bytes of adjacent blocks (at least one)."""
        return min(numbers.stop * BLOCK_SIZE, self.size) - numbers.start * BLOCK_SIZE

    def request(self, limit: int) -> range:
        """Mark the first missing blocks as requested: adjacent ones, at most `limit` (at least 1).

        Returns their numbers, none when nothing is missing.
        """
        start = self._state.find(_MISSING)
        if start < 0:
            return range(0)
        stop = min(start + limit, self.block_count)
        run = self._state[start:stop].lstrip(_MISSING_BYTE)
        stop -= len(run)
        self._mark(range(start, stop), _REQUESTED)
        self._missing -= stop - start
        return range(start, stop)

    def requested(self) -> list[Block]:
        """Return the blocks that are requested and not received yet."""
        return [self.block(n) for n, state in enumerate(self._state) if state == _REQUESTED]

    def is_requested(self, number: int) -> bool:
        """Return whether this block is requested and not received yet; any int is allowed."""
        return 0 <= number < self.block_count and self._state[number] == _REQUESTED

    def receive(self, numbers: range) -> None:
        """Mark adjacent requested blocks as received."""
        self._mark(numbers, _RECEIVED)
        self._received += len(numbers)

    def withdraw(self, number: int) -> None:
        """Mark a requested block that was rejected as missing again."""
        self._state[number] = _MISSING
        self._missing += 1

    def withdraw_all(self) -> None:
        """Mark all requested blocks as missing again (the peer choked us or left)."""
        self._state = self._state.replace(bytes((_REQUESTED,)), _MISSING_BYTE)
        self._missing = self.block_count - self._received

    def credit(self, peer: int) -> None:
        """Record this peer as the sender of all blocks received since the last call."""
        if self._received == self._credited:
            return
        self._credited = self._received
        if self.complete and not any(self.senders):  # one peer has sent all of it
            self.senders = [peer] * self.block_count
            return
        for number, state in enumerate(self._state):
            if state == _RECEIVED and self.senders[number] == NOBODY:
                self.senders[number] = peer

    def _mark(self, numbers: range, state: int) -> None:
        self._state[numbers.start : numbers.stop] = bytes((state,)) * len(numbers)
