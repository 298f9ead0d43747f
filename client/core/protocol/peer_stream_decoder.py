"""Decode a peer's byte stream into events, reading block payloads straight into piece buffers.

There are two ways to read. *Scatter*: at the start of a message, while blocks are expected,
headers and payloads are read straight into their places (see
`client.core.protocol.scatter_read_queue`). No payload byte passes through Python.

*Staging*: bytes are read into one buffer and handled message by message, or a run of blocks at a
time while they come in the expected order. When a header is not the expected one (a `have`, a
choke, a block out of order), the bytes that a scatter read put past that point are handled in the
same way. The rest of a block that is cut off at the end is still read straight into its place.

There is no I/O here: the caller reads into `buffers()` and passes the byte count to `advance()`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from client.core.protocol.scatter_read_queue import UNIT, CutBlock, ScatterReadQueue
from client.core.swarm.piece_download import COUNTED_HEADER, HEADER_SIZE, PieceDownload
from common.types import BLOCK_SIZE, BlockRun
from common.wire.codec import (
    HAVE,
    HAVE_NUMBER,
    HEAD,
    LENGTH,
    MAX_MESSAGE,
    MAX_REQUEST,
    PIECE_HEADER,
    PIECE_NUMBER,
    REQUEST,
    REQUEST_NUMBER,
    count_equal,
    decode,
    decode_haves,
    decode_requests,
)
from common.wire.messages import KeepAlive, Message, WireError

SMALLEST_STAGING: Final = MAX_MESSAGE + LENGTH.size
"""Bytes of the longest message, which the staging buffer must hold."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message arrived: any but those that have events of their own."""

    message: Message


@dataclass(frozen=True, slots=True)
class HavesReceived:
    """Haves of these pieces arrived, with nothing between them; the numbers are unchecked."""

    pieces: Sequence[int]


@dataclass(frozen=True, slots=True)
class RequestsReceived:
    """Requests arrived, with no other message between them; the numbers are unchecked."""

    runs: list[BlockRun]


@dataclass(frozen=True, slots=True)
class PieceReceived:
    """The last block of a piece arrived; nothing reads into its buffer any more."""

    download: PieceDownload


@dataclass(frozen=True, slots=True)
class PieceDropped:
    """A cancelled piece's buffer is free: nothing reads into it any more."""

    download: PieceDownload


StreamEvent: TypeAlias = (
    MessageReceived | HavesReceived | RequestsReceived | PieceReceived | PieceDropped
)


class PeerStreamDecoder:
    """Decodes one peer's incoming stream, after the handshake.

    Any thread may call `expect`, before the requests are sent; everything else belongs to the
    reader. `payload` counts useful block bytes, `discarded` those of unrequested blocks. With a
    `staging` buffer of their source, bytes are always staged, in that.
    """

    def __init__(self, staging: memoryview | None = None) -> None:
        self.payload = 0
        self.discarded = 0
        self._scatters = staging is None
        self._requested: deque[tuple[PieceDownload, range]] = deque()  # not admitted yet
        self._expected = ScatterReadQueue()
        self._downloads: dict[int, PieceDownload] = {}  # pieces with blocks still to arrive
        self._cut: CutBlock | None = None  # the block being read
        self._skip = 0  # bytes left of a payload to discard
        self._staging = memoryview(bytearray(SMALLEST_STAGING)) if staging is None else staging
        self._staged = 0  # bytes of an unfinished message at the start of _staging
        self._scattered = False  # whether the last buffers() were laid out for scatter
        self._events: list[StreamEvent] = []
        self._requests: list[BlockRun] = []  # since the last other event

    @property
    def outstanding(self) -> int:
        """How many requested blocks have not arrived (including cancelled ones)."""
        return (
            len(self._expected)
            + (self._cut is not None)
            + sum(len(numbers) for _, numbers in tuple(self._requested))
        )

    def expect(self, download: PieceDownload, numbers: range) -> None:
        """Expect these adjacent blocks of a piece, which are about to be requested."""
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
        if not self._expected.remove(download, number):
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
        self._flush_requests()
        self._prune()
        return self._events

    def _admit_requested(self) -> None:
        """Move what other threads have requested into the reader's own structures."""
        while self._requested:
            download, numbers = self._requested.popleft()
            self._downloads[download.index] = download
            self._expected.extend(download, numbers)

    def _scattering(self) -> bool:
        at_boundary = not (self._staged or self._skip)
        return self._scatters and at_boundary and len(self._expected) > 0

    def _fill(self, cut: CutBlock, count: int) -> int:
        """Assign the first bytes to the block being read; returns how many are left."""
        taken = min(count, len(cut.rest))
        if taken < len(cut.rest):
            self._cut = CutBlock(cut.download, cut.number, cut.rest[taken:])
        else:
            self._cut = None
            self._finish(cut.download, range(cut.number, cut.number + 1))
        return count - taken

    def _take_scattered(self, count: int) -> None:
        landed = self._expected.land(count)
        for run in landed.runs:
            self._finish(*run)
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
                after = self._take_whole(data, position, end)
                if after == position:
                    after = self._take_block(data, position, end)
                position = after
                continue
            if length > MAX_MESSAGE:
                raise WireError(f"a message of {length} bytes")
            if end - position < LENGTH.size + length:
                break
            position += self._take_message(data[position:end], number, length)
        self._staged = end - position
        self._staging[: self._staged] = bytes(data[position:end])

    def _take_message(self, data: memoryview, number: int, length: int) -> int:
        """Handle the message at the start of `data`, or all alike that follow; return their bytes.

        That goes for haves and for requests, of which many arrive at once.
        """
        if number == REQUEST_NUMBER and length == REQUEST.size - LENGTH.size:
            run = decode_requests(data)
            self._requests.append(run)
            return run.count * REQUEST.size
        if number == HAVE_NUMBER and length == HAVE.size - LENGTH.size:
            pieces = decode_haves(data)
            self._flush_requests()
            self._events.append(HavesReceived(pieces))
            return len(pieces) * HAVE.size
        self._emit(decode(number, bytes(data[HEAD.size : LENGTH.size + length])))
        return LENGTH.size + length

    def _take_whole(self, data: memoryview, position: int, end: int) -> int:
        """Copy the whole blocks of a run into place that start here; returns where they end."""
        _, _, piece, begin = PIECE_HEADER.unpack_from(data, position)
        self._expected.expect_next(piece, begin // BLOCK_SIZE)
        if not self._expected:
            return position
        download, numbers = self._expected.first
        whole = range(numbers.start, min(numbers.stop, download.size // BLOCK_SIZE))
        starts = range(position, end - UNIT + 1, UNIT)[: len(whole)]
        headers = b"".join([data[start : start + HEADER_SIZE] for start in starts])
        expected = download.headers[numbers.start * HEADER_SIZE :]
        count = count_equal(headers, expected, HEADER_SIZE, len(starts))
        place, buffer = numbers.start * BLOCK_SIZE, download.buffer
        for start in starts[:count]:
            buffer[place : place + BLOCK_SIZE] = data[start + HEADER_SIZE : start + UNIT]
            place += BLOCK_SIZE
        if count:
            self._finish(*self._expected.take(count))
        return position + count * UNIT

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
            or not self._expected.remove(download, number)  # its request is not sent
        ):
            self.discarded += size
            self._skip = size - here
            return start + here
        download.buffer[begin : begin + here] = data[start : start + here]
        if here == size:
            self._finish(download, range(number, number + 1))
        else:
            self._cut = CutBlock(download, number, download.buffer[begin + here : begin + size])
        return start + here

    # --- events -----------------------------------------------------------------------------
    def _finish(self, download: PieceDownload, numbers: range) -> None:
        # A thread that cancels a piece marks it first and then checks for outstanding blocks; we
        # do it the other way round. So at least one of the two releases its buffer.
        download.receive(numbers)
        self.payload += download.size_of(numbers)
        if download.outstanding:
            return
        del self._downloads[download.index]
        if download.complete:
            self._events.append(PieceReceived(download))
        elif download.cancelled:
            self._events.append(PieceDropped(download))

    def _emit(self, message: Message) -> None:
        self._flush_requests()
        self._events.append(MessageReceived(message))

    def _flush_requests(self) -> None:
        if self._requests:
            self._events.append(RequestsReceived(self._requests))
            self._requests = []

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
