"""A peer's byte stream turned into events, with block payloads landing in their piece buffers.

A peer answers requests in order, so the bytes to come are known: 13 bytes of header, a block, and
again. `buffers` lays out exactly that for a scatter read, headers into a side space and payloads
side by side into the piece's buffer; `advance` compares the headers that came with the expected
ones, all in one comparison a run. No payload byte passes through Python. This is *scatter*.

When a header is not the expected one (a `have`, a choke, a block out of order), what was read past
that point is gathered and replayed message by message from a staging buffer. This is *staging*; it
lasts while blocks come out of order, and a block that is cut off at the end of the staging buffer
is still read straight into its place.

No I/O here: the caller reads into `buffers()` and tells `advance()` how many bytes it got.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from client.core.piece_download import HEADER_SIZE, PieceDownload
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

SCATTER_BLOCKS: Final = 64
"""Blocks laid out for one scatter read at most, two slots each (Linux allows 1,024 slots)."""

ORDERLY: Final = 16
"""Blocks that must have come in the expected order before staging ends."""

_STAGING_SIZE: Final = MAX_MESSAGE + 4


@dataclass(frozen=True, slots=True)
class Received:
    """A message came."""

    message: Message


@dataclass(frozen=True, slots=True)
class RequestsReceived:
    """A run of requests came; the numbers are unchecked."""

    requests: list[Request]


@dataclass(frozen=True, slots=True)
class PieceReceived:
    """The last block of a piece came; nothing reads into its buffer any more."""

    download: PieceDownload


@dataclass(frozen=True, slots=True)
class PieceDropped:
    """A cancelled piece's buffer is free: nothing reads into it any more."""

    download: PieceDownload


Event: TypeAlias = Received | RequestsReceived | PieceReceived | PieceDropped


class Receiver:
    """One peer's incoming stream, after the handshake.

    `expect` may be called by any thread, before the requests are sent; everything else belongs to
    the reader. `payload` counts useful block bytes, `discarded` those that nobody had asked for.
    """

    def __init__(self) -> None:
        self.payload = 0
        self.discarded = 0
        self._arrivals: deque[tuple[PieceDownload, list[int]]] = deque()
        self._expected: deque[tuple[PieceDownload, int]] = deque()
        self._downloads: dict[int, PieceDownload] = {}
        self._views: list[memoryview] = []  # two for each of the first expected blocks
        self._rest: memoryview | None = None  # what is left of the block being read
        self._block: tuple[PieceDownload, int] | None = None  # which block that is
        self._skip = 0  # bytes left of a payload that nobody wants
        self._staging = memoryview(bytearray(_STAGING_SIZE))
        self._staged = 0  # bytes of an unfinished message at the start of _staging
        self._orderly = ORDERLY
        self._scattered = False  # whether the last buffers() were laid out for scatter
        self._events: list[Event] = []
        self._run: list[Request] = []

    def __repr__(self) -> str:
        mode = "scatter" if self._scattering() else "staging"
        return f"Receiver({mode}, expects {self.outstanding} blocks)"

    @property
    def outstanding(self) -> int:
        """How many requested blocks have not come (cancelled ones may be among them)."""
        return (
            len(self._expected)
            + (self._block is not None)
            + sum(len(numbers) for _, numbers in tuple(self._arrivals))
        )

    def expect(self, download: PieceDownload, numbers: list[int]) -> None:
        """These blocks of the piece are about to be requested, in this order."""
        self._arrivals.append((download, numbers))

    def forget(self) -> list[PieceDownload]:
        """Nothing that was requested will come; returns the pieces that were expected.

        Their requested blocks are missing again, and nothing reads into their buffers any more.
        """
        self._admit()
        forgotten = list(self._downloads.values())
        for download in forgotten:
            download.withdraw_all()
        self._abandon_block()
        self._downloads.clear()
        self._expected.clear()
        self._views = []
        return forgotten

    def withdraw(self, piece: int, begin: int) -> PieceDownload | None:
        """A request was rejected (BEP 6): its block will not come. Returns its piece, if any.

        Raises WireError when the block was already on its way.
        """
        self._admit()
        download = self._downloads.get(piece)
        number, odd = divmod(begin, BLOCK_SIZE)
        if download is None or odd or not download.is_requested(number):
            return None
        if self._block == (download, number):
            raise WireError("a request was rejected in the middle of its answer")
        download.withdraw(number)
        self._expected.remove((download, number))
        if not download.outstanding:
            del self._downloads[piece]
        self._views = []
        return download

    # --- reading ----------------------------------------------------------------------------
    def buffers(self) -> Sequence[memoryview]:
        """Where the next bytes belong, in order. Never empty."""
        self._admit()
        head = [self._rest] if self._rest is not None else []
        self._scattered = self._scattering()
        if self._scattered:
            self._lay_out()
            return head + self._views
        return [*head, self._staging[self._staged :]]

    def advance(self, count: int) -> list[Event]:
        """`count` bytes (> 0) were read into `buffers()`; returns what they mean, in order.

        Raises WireError when the other side broke the protocol.
        """
        self._admit()
        self._events = []
        count = self._fill_rest(count)
        if self._scattered:
            self._take_scattered(count)
        elif count:
            self._parse(self._staging, self._staged + count)
        self._flush_run()
        self._prune()
        return self._events

    def _admit(self) -> None:
        while self._arrivals:
            download, numbers = self._arrivals.popleft()
            self._downloads[download.index] = download
            self._expected.extend([(download, number) for number in numbers])

    def _lay_out(self) -> None:
        for download, number in islice(self._expected, len(self._views) // 2, SCATTER_BLOCKS):
            self._views += (
                download.header_space[number * HEADER_SIZE : (number + 1) * HEADER_SIZE],
                download.buffer[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE],
            )

    def _scattering(self) -> bool:
        return (
            self._staged == 0
            and self._skip == 0
            and self._orderly >= ORDERLY
            and bool(self._expected)
        )

    def _fill_rest(self, count: int) -> int:
        """Give the first bytes to the block being read; returns how many are left."""
        if self._rest is None:
            return count
        taken = min(count, len(self._rest))
        self._rest = self._rest[taken:] if taken < len(self._rest) else None
        if self._rest is None and self._block is not None:
            (download, number), self._block = self._block, None
            self._finish(download, number)
        return count - taken

    # --- scatter ----------------------------------------------------------------------------
    def _take_scattered(self, count: int) -> None:
        """Account for `count` bytes that landed in the first of `_views`."""
        used = 0
        left = count
        views = self._views
        while left and left >= len(views[used]):
            left -= len(views[used])
            used += 1
        whole = (used + 1) // 2  # headers that are complete
        right = self._right_headers(whole)
        partial_header = left if used % 2 == 0 else 0
        if right < whole or not self._right_prefix(whole, partial_header):
            self._accept(right, None)
            self._replay(right, used, left)
            return
        if partial_header:
            self._staging[:partial_header] = views[used][:partial_header]
            self._staged = partial_header
        self._accept(used // 2, None if used % 2 == 0 else left)

    def _right_headers(self, whole: int) -> int:
        """How many of the first `whole` headers that came are the expected ones."""
        done = 0
        while done < whole:
            download, first = self._expected[done]
            run = self._run_length(download, first, done, whole)
            low, high = first * HEADER_SIZE, (first + run) * HEADER_SIZE
            if download.header_space[low:high] != download.headers[low:high]:
                return done + _common_headers(download, first, run)
            done += run
        return done

    def _run_length(self, download: PieceDownload, first: int, start: int, end: int) -> int:
        """How many expected blocks from `start` on are consecutive ones of the same piece."""
        run = 1
        while start + run < end and self._expected[start + run] == (download, first + run):
            run += 1
        return run

    def _right_prefix(self, position: int, length: int) -> bool:
        if not length:
            return True
        download, number = self._expected[position]
        low = number * HEADER_SIZE
        return download.header_space[low : low + length] == download.headers[low : low + length]

    def _accept(self, blocks: int, cut: int | None) -> None:
        """The first `blocks` are there; of the next, `cut` payload bytes (None: nothing)."""
        for _ in range(blocks):
            self._finish(*self._expected.popleft())
        used = 2 * blocks
        if cut is not None:
            self._block = self._expected.popleft()
            payload = self._views[used + 1]
            self._rest = payload[cut:]
            used += 2
        del self._views[:used]

    def _replay(self, accepted: int, used: int, left: int) -> None:
        """Take the bytes from the first unexpected header on as a stream of messages.

        `_views` has already lost its first `accepted` pairs.
        """
        used -= 2 * accepted
        parts = self._views[:used]
        if left:
            parts.append(self._views[used][:left])
        stray = memoryview(b"".join(parts))
        self._views = []
        self._parse(stray, len(stray))

    # --- staging ----------------------------------------------------------------------------
    def _parse(self, data: memoryview, end: int) -> None:
        """Take `data[:end]` message by message and keep an unfinished one for later."""
        position = 0
        if self._skip:
            position = min(self._skip, end)
            self._skip -= position
        while end - position >= 4:
            length: int = LENGTH.unpack_from(data, position)[0]
            if length == 0:
                self._emit(KeepAlive())
                position += 4
                continue
            if end - position < 5:
                break
            number = data[position + 4]
            if number == PIECE_NUMBER:
                if length > MAX_REQUEST + 9 or length < 9:
                    raise WireError(f"a piece message of {length} bytes")
                if end - position < HEADER_SIZE:
                    break
                position = self._take_block(data, position, end)
                continue
            if length > MAX_MESSAGE:
                raise WireError(f"a message of {length} bytes")
            if end - position < 4 + length:
                break
            self._take_message(data, position, number, length)
            position += 4 + length
        self._staged = end - position
        self._staging[: self._staged] = bytes(data[position:end])

    def _take_message(self, data: memoryview, position: int, number: int, length: int) -> None:
        if number == REQUEST_NUMBER and length == REQUEST.size - 4:
            self._run.append(Request(*REQUEST.unpack_from(data, position)[2:]))
        else:
            start = position + HEAD.size
            self._emit(decode(number, bytes(data[start : position + 4 + length])))

    def _take_block(self, data: memoryview, position: int, end: int) -> int:
        """Put what is there of a block into its place; returns where the next message starts."""
        length: int
        length, _, piece, begin = PIECE_HEADER.unpack_from(data, position)
        length -= 9
        start = position + HEADER_SIZE
        here = min(length, end - start)
        download = self._downloads.get(piece)
        number, odd = divmod(begin, BLOCK_SIZE)
        if (
            download is None
            or odd
            or not download.is_requested(number)
            or length != download.block(number).length
        ):
            self.discarded += length
            self._skip = length - here
            return start + here
        self._remove(download, number)
        download.buffer[begin : begin + here] = data[start : start + here]
        if here == length:
            self._finish(download, number)
        else:
            self._block = (download, number)
            self._rest = download.buffer[begin + here : begin + length]
        return start + here

    def _remove(self, download: PieceDownload, number: int) -> None:
        if self._expected and self._expected[0] == (download, number):
            self._expected.popleft()
            self._orderly += 1
        else:
            try:
                self._expected.remove((download, number))
            except ValueError:
                raise WireError("a block came before it was asked for") from None
            self._orderly = 0
        self._views = []

    # --- events -----------------------------------------------------------------------------
    def _finish(self, download: PieceDownload, number: int) -> None:
        download.receive(number)
        self.payload += download.block(number).length
        if not download.outstanding:
            del self._downloads[download.index]
        if download.complete:
            self._events.append(PieceReceived(download))

    def _emit(self, message: Message) -> None:
        self._flush_run()
        self._events.append(Received(message))

    def _flush_run(self) -> None:
        if self._run:
            self._events.append(RequestsReceived(self._run))
            self._run = []

    def _prune(self) -> None:
        """Stop expecting pieces that were cancelled: they came from elsewhere."""
        dropped = [d for d in self._downloads.values() if d.cancelled]
        if not dropped:
            return
        if self._block is not None and self._block[0].cancelled:
            self._abandon_block()
        for download in dropped:
            del self._downloads[download.index]
            self._events.append(PieceDropped(download))
        self._expected = deque([entry for entry in self._expected if not entry[0].cancelled])
        self._views = []

    def _abandon_block(self) -> None:
        """Read the rest of the block that is half there into nowhere."""
        if self._rest is not None:
            self._skip = len(self._rest)
            self._rest = self._block = None


def _common_headers(download: PieceDownload, first: int, run: int) -> int:
    """How many headers of a run came as expected, from its first on."""
    for count in range(run):
        low = (first + count) * HEADER_SIZE
        high = low + HEADER_SIZE
        if download.header_space[low:high] != download.headers[low:high]:
            return count
    return run
