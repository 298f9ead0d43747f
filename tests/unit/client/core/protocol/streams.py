"""What the tests of the stream decoder share: guarded piece buffers, a pump and a plain decoder."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from random import Random

from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    PeerStreamDecoder,
    PieceDropped,
    PieceReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.swarm.piece_download import PieceDownload, Slots
from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.codec import decode
from common.wire.messages import Have, KeepAlive, Message, Reject, Request
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import blocks_of
from tests.support.swarm.scatter import fill

GUARD = 64
UNTOUCHED = 0xEE


class GuardedBuffer:
    """A piece's memory between two guards."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.memory = bytearray([UNTOUCHED]) * (size + 2 * GUARD)
        self.view = memoryview(self.memory)[GUARD : GUARD + size]
        self.slots = Slots(self.view)

    @property
    def intact(self) -> bool:
        fence = bytes([UNTOUCHED]) * GUARD
        return self.memory[:GUARD] == fence and self.memory[-GUARD:] == fence


def content_of(piece: int, size: int) -> bytes:
    return Random(piece).randbytes(size)


def is_intact(download: PieceDownload) -> bool:
    assert isinstance(download.lent, GuardedBuffer)
    return download.lent.intact


def download_of(piece: int, size: int) -> PieceDownload:
    return PieceDownload(PieceIndex(piece), GuardedBuffer(size))


def block_bytes(content: bytes, piece: int, number: int) -> bytes:
    """Return an encoded block."""
    begin = number * BLOCK_SIZE
    payload = content[begin : begin + BLOCK_SIZE]
    return piece_header(Block(PieceIndex(piece), begin, len(payload))) + payload


def pump(
    decoder: PeerStreamDecoder,
    data: bytes,
    limit: int = 2**30,
    between: Callable[[], None] = lambda: None,
) -> list[StreamEvent]:
    """Let the decoder read `data`, `limit` bytes at most at a time.

    `between` is called once, after the first buffers were laid out and before they are filled.
    """
    events: list[StreamEvent] = []
    view = memoryview(data)
    while view:
        buffers = decoder.buffers()
        between()
        between = _nothing
        count = fill(buffers, view[:limit])
        view = view[count:]
        batch = decoder.advance(count)
        for event in batch:
            if isinstance(event, MessageReceived) and isinstance(event.message, Reject):
                decoder.withdraw(event.message.piece, event.message.begin)
        events += batch
    return events


def _nothing() -> None:
    pass


def messages(events: Iterable[StreamEvent]) -> list[Message]:
    """All messages, requests and haves one by one."""
    found: list[Message] = []
    for event in events:
        if isinstance(event, RequestsReceived):
            found += [Request(*block) for block in blocks_of(event.runs)]
        elif isinstance(event, HavesReceived):
            found += map(Have, event.pieces)
        elif isinstance(event, MessageReceived):
            found.append(event.message)
    return found


def pieces(events: Iterable[StreamEvent]) -> list[int]:
    """The received pieces, in order."""
    return [event.download.index for event in events if isinstance(event, PieceReceived)]


def dropped(events: Iterable[StreamEvent]) -> list[int]:
    """The released cancelled pieces."""
    return [event.download.index for event in events if isinstance(event, PieceDropped)]


class Reference:
    """The plainest decoder: a byte array, one message after the other, every byte copied."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.messages: list[Message] = []
        self.pieces: list[int] = []
        self.requested: set[tuple[int, int]] = set()
        self.received: set[tuple[int, int]] = set()
        self.cancelled: set[int] = set()
        self._bytes = bytearray()
        self._skip = 0
        self._cut: tuple[int, int, int] | None = None  # piece, number, bytes left

    def feed(self, data: bytes) -> None:
        self._bytes += data
        while self._step():
            pass

    def forget(self) -> None:
        self.requested.clear()
        if self._cut is not None:
            self._skip, self._cut = self._cut[2], None

    def length(self, piece: int, number: int) -> int:
        return min(BLOCK_SIZE, self.sizes[piece] - number * BLOCK_SIZE)

    def _step(self) -> bool:
        if self._skip:
            return self._consume_skipped()
        if self._cut is not None:
            return self._consume_block(*self._cut)
        if len(self._bytes) < 4:
            return False
        length = int.from_bytes(self._bytes[:4], "big")
        if length == 0:
            self.messages.append(KeepAlive())
            del self._bytes[:4]
            return True
        if len(self._bytes) < 5:
            return False
        if self._bytes[4] == 7:
            return self._begin_block(length)
        if len(self._bytes) < 4 + length:
            return False
        message = decode(self._bytes[4], bytes(self._bytes[5 : 4 + length]))
        self.messages.append(message)
        if isinstance(message, Reject):
            self.requested.discard((message.piece, message.begin // BLOCK_SIZE))
        del self._bytes[: 4 + length]
        return True

    def _begin_block(self, length: int) -> bool:
        if len(self._bytes) < 13:
            return False
        piece, begin = struct.unpack(">II", self._bytes[5:13])
        del self._bytes[:13]
        number, odd = divmod(begin, BLOCK_SIZE)
        asked = (piece, number) in self.requested and not odd
        if asked and length - 9 == self.length(piece, number):
            self._cut = (piece, number, length - 9)
        else:
            self._skip = length - 9
        return True

    def _consume_skipped(self) -> bool:
        taken = min(self._skip, len(self._bytes))
        del self._bytes[:taken]
        self._skip -= taken
        return taken > 0

    def _consume_block(self, piece: int, number: int, left: int) -> bool:
        taken = min(left, len(self._bytes))
        del self._bytes[:taken]
        self._cut = (piece, number, left - taken)
        if left == taken:
            self._cut = None
            self.requested.discard((piece, number))
            self.received.add((piece, number))
            whole = -(-self.sizes[piece] // BLOCK_SIZE)
            if sum(1 for p, _ in self.received if p == piece) == whole:
                self.pieces.append(piece)
        return taken > 0
