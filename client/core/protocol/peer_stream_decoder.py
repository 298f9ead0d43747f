"""Decode a peer's byte stream into events, reading block payloads straight into piece buffers.

There are two ways to read. *Scatter*: while blocks arrive in the order in which we requested them,
headers and payloads are read straight into their places (see
`client.core.protocol.scatter_read_queue`). No payload byte passes through Python.

*Staging*: when a header is not the expected one (a `have`, a choke, a block out of order), the
bytes read past that point are replayed message by message. Staging lasts while a message is
incomplete and while blocks arrive out of order; the rest of a block that is cut off at the end of
the staging buffer is still read straight into its place.

There is no I/O here: the caller reads into `buffers()` and passes the byte count to `advance()`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from client.core.protocol.scatter_read_queue import CutBlock, ScatterReadQueue
from client.core.swarm.piece_download import COUNTED_HEADER, HEADER_SIZE, PieceDownload
from common.types import BLOCK_SIZE
from common.wire.codec import (
    HEAD,
    LENGTH,
    MAX_MESSAGE,
    MAX_REQUEST,
    PIECE_HEADER,
    PIECE_NUMBER,
    REQUEST,
    REQUEST_NUMBER,
    decode,
)
from common.wire.messages import KeepAlive, Message, Request, WireError

IN_ORDER_BLOCKS: Final = 16
"""Blocks that must arrive in the expected order before staging ends."""

_STAGING_SIZE: Final = MAX_MESSAGE + 4


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message arrived."""

    message: Message


@dataclass(frozen=True, slots=True)
class RequestsReceived:
    """A run of requests arrived; the numbers are unchecked."""

    requests: list[Request]


@dataclass(frozen=True, slots=True)
class PieceReceived:
    """The last block of a piece arrived; nothing reads into its buffer any more."""

    download: PieceDownload


@dataclass(frozen=True, slots=True)
class PieceDropped:
    """A cancelled piece's buffer is free: nothing reads into it any more."""

    download: PieceDownload


StreamEvent: TypeAlias = MessageReceived | RequestsReceived | PieceReceived | PieceDropped


class PeerStreamDecoder:
    """Decodes one peer's incoming stream, after the handshake.

    Any thread may call `expect`, before the requests are sent; everything else belongs to the
    reader. `payload` counts useful block bytes, `discarded` those of unrequested blocks.
    """

    def __init__(self) -> None:
        self.payload = 0
        self.discarded = 0
        self._requested: deque[tuple[PieceDownload, list[int]]] = deque()  # not admitted yet
        self._expected = ScatterReadQueue()
        self._downloads: dict[int, PieceDownload] = {}  # pieces with blocks still to arrive
        self._cut: CutBlock | None = None  # the block being read
        self._skip = 0  # bytes left of a payload to discard
        self._staging = memoryview(bytearray(_STAGING_SIZE))
        self._staged = 0  # bytes of an unfinished message at the start of _staging
        self._in_order = IN_ORDER_BLOCKS  # blocks in the expected order since the last other one
        self._scattered = False  # whether the last buffers() were laid out for scatter
        self._events: list[StreamEvent] = []
        self._run: list[Request] = []  # requests since the last other event

    @property
    def outstanding(self) -> int:
        """How many requested blocks have not arrived (including cancelled ones)."""
        return (
            len(self._expected)
            + (self._cut is not None)
            + sum(len(numbers) for _, numbers in tuple(self._requested))
        )

    def expect(self, download: PieceDownload, numbers: list[int]) -> None:
        """Expect these blocks of a piece, which are about to be requested in this order."""
        self._requested.append((download, numbers))

    def forget(self) -> None:
        """Stop expecting everything requested; nothing reads into piece buffers any more.

        The blocks are missing again.
        """
        self._admit_requested()
        for download in self._downloads.values():
            download.withdraw_all()
        self._skip_cut()
        self._downloads.clear()
        self._expected.clear()

    def withdraw(self, piece: int, begin: int) -> PieceDownload | None:
        """Stop expecting a block whose request was rejected (BEP 6); returns its piece, if any.

        Raises WireError when the block is already being received.
        """
        self._admit_requested()
        download = self._downloads.get(piece)
        number, offset = divmod(begin, BLOCK_SIZE)
        if download is None or offset or not download.is_requested(number):
            return None
        if not self._expected.remove((download, number)):
            raise WireError("a request was rejected in the middle of its answer")
        download.withdraw(number)
        if not download.outstanding:
            del self._downloads[piece]
        return download

    # --- reading ----------------------------------------------------------------------------
    def buffers(self) -> Sequence[memoryview]:
        """Return the buffers for the next bytes, in order; never empty."""
        self._admit_requested()
        head = [self._cut.rest] if self._cut is not None else []
        self._scattered = self._scattering()
        if self._scattered:
            return head + self._expected.lay_out()
        return [*head, self._staging[self._staged :]]

    def advance(self, count: int) -> list[StreamEvent]:
        """Handle `count` bytes (> 0) read into `buffers()`; returns their events, in order.

        Raises WireError when the peer violates the protocol.
        """
        self._admit_requested()
        self._events = []
        if self._cut is not None:
            count = self._fill(self._cut, count)
        if count and self._scattered:
            self._take_scattered(count)
        elif count:
            self._parse(self._staging, self._staged + count)
        self._flush_run()
        self._prune()
        return self._events

    def _admit_requested(self) -> None:
        """Move what other threads have requested into the reader's own structures."""
        while self._requested:
            download, numbers = self._requested.popleft()
            self._downloads[download.index] = download
            self._expected.extend(download, numbers)

    def _scattering(self) -> bool:
        return (
            self._staged == 0
            and self._skip == 0
            and self._in_order >= IN_ORDER_BLOCKS
            and len(self._expected) > 0
        )

    def _fill(self, cut: CutBlock, count: int) -> int:
        """Assign the first bytes to the block being read; returns how many are left."""
        taken = min(count, len(cut.rest))
        if taken < len(cut.rest):
            self._cut = CutBlock(cut.download, cut.number, cut.rest[taken:])
        else:
            self._cut = None
            self._finish(cut.download, cut.number)
        return count - taken

    def _take_scattered(self, count: int) -> None:
        landed = self._expected.land(count)
        for download, number in landed.blocks:
            self._finish(download, number)
        self._cut = landed.cut
        if landed.stray:
            self._parse(memoryview(landed.stray), len(landed.stray))

    # --- message by message -----------------------------------------------------------------
    def _parse(self, data: memoryview, end: int) -> None:
        """Parse `data[:end]` message by message and keep an unfinished one for later."""
        position = min(self._skip, end)
        self._skip -= position
        while end - position >= LENGTH.size:
            length: int = LENGTH.unpack_from(data, position)[0]
            if length == 0:
                self._emit(KeepAlive())
                position += LENGTH.size
                continue
            if end - position < HEAD.size:
                break
            number = data[position + LENGTH.size]
            if number == PIECE_NUMBER:
                if not COUNTED_HEADER <= length <= COUNTED_HEADER + MAX_REQUEST:
                    raise WireError(f"a piece message of {length} bytes")
                if end - position < HEADER_SIZE:
                    break
                position = self._take_block(data, position, end)
                continue
            if length > MAX_MESSAGE:
                raise WireError(f"a message of {length} bytes")
            if end - position < LENGTH.size + length:
                break
            self._take_message(data, position, number, length)
            position += LENGTH.size + length
        self._staged = end - position
        self._staging[: self._staged] = bytes(data[position:end])

    def _take_message(self, data: memoryview, position: int, number: int, length: int) -> None:
        if number == REQUEST_NUMBER and length == REQUEST.size - LENGTH.size:
            self._run.append(Request(*REQUEST.unpack_from(data, position)[2:]))
        else:
            start = position + HEAD.size
            self._emit(decode(number, bytes(data[start : position + LENGTH.size + length])))

    def _take_block(self, data: memoryview, position: int, end: int) -> int:
        """Copy the available part of a block into place; returns where the next message starts."""
        length, _, piece, begin = PIECE_HEADER.unpack_from(data, position)
        size: int = length - COUNTED_HEADER
        start = position + HEADER_SIZE
        here = min(size, end - start)
        download = self._downloads.get(piece)
        number, offset = divmod(begin, BLOCK_SIZE)
        if (
            download is None
            or offset
            or not download.is_requested(number)
            or size != download.block(number).length
            or not self._accept(download, number)
        ):
            self.discarded += size
            self._skip = size - here
            return start + here
        download.buffer[begin : begin + here] = data[start : start + here]
        if here == size:
            self._finish(download, number)
        else:
            self._cut = CutBlock(download, number, download.buffer[begin + here : begin + size])
        return start + here

    def _accept(self, download: PieceDownload, number: int) -> bool:
        """Remove a block from the expected ones; False when its request has not been sent yet."""
        in_order = self._expected.is_next((download, number))
        if not self._expected.remove((download, number)):
            return False
        self._in_order = self._in_order + 1 if in_order else 0
        return True

    # --- events -----------------------------------------------------------------------------
    def _finish(self, download: PieceDownload, number: int) -> None:
        # A thread that cancels a piece marks it first and then checks for outstanding blocks; we
        # do it the other way round. So at least one of the two releases its buffer.
        download.receive(number)
        self.payload += download.block(number).length
        if download.outstanding:
            return
        del self._downloads[download.index]
        if download.complete:
            self._events.append(PieceReceived(download))
        elif download.cancelled:
            self._events.append(PieceDropped(download))

    def _emit(self, message: Message) -> None:
        self._flush_run()
        self._events.append(MessageReceived(message))

    def _flush_run(self) -> None:
        if self._run:
            self._events.append(RequestsReceived(self._run))
            self._run = []

    def _prune(self) -> None:
        """Stop expecting cancelled pieces, which another peer has sent."""
        dropped = [d for d in self._downloads.values() if d.cancelled]
        if not dropped:
            return
        if self._cut is not None and self._cut.download.cancelled:
            self._skip_cut()
        for download in dropped:
            del self._downloads[download.index]
            self._events.append(PieceDropped(download))
        self._expected.remove_cancelled()

    def _skip_cut(self) -> None:
        """Discard the rest of the block that is being read."""
        if self._cut is not None:
            self._skip = len(self._cut.rest)
            self._cut = None
