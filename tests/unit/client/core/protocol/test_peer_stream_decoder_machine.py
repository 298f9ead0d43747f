"""The stream decoder against a plain one: any stream, cut anywhere, with changing requests.

Two decoders read the same bytes: one as it likes, one message by message only. Both must say what
the plain decoder says, and nothing may be written outside the blocks that were asked for.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from client.core.protocol.peer_stream_decoder import PeerStreamDecoder, StreamEvent
from client.core.swarm.piece_download import PieceDownload
from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.codec import encode
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    Ignored,
    KeepAlive,
    Message,
    Reject,
    Request,
    Unchoke,
)
from tests.support.swarm.blocks import piece_header
from tests.unit.client.core.protocol.streams import (
    UNTOUCHED,
    Reference,
    block_bytes,
    content_of,
    download_of,
    dropped,
    is_intact,
    messages,
    pieces,
    pump,
)

SIZES = [70 * BLOCK_SIZE, 5 * BLOCK_SIZE, BLOCK_SIZE + 100, 7, 3 * BLOCK_SIZE + 1]
CONTENT = [content_of(piece, size) for piece, size in enumerate(SIZES)]
PIECES = st.integers(0, len(SIZES) - 1)
NUMBERS = st.integers(0, 2**32 - 1)
CUTS = st.one_of(st.integers(1, 40), st.integers(41, 3 * BLOCK_SIZE), st.just(2**30))
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.sampled_from([KeepAlive(), Choke(), Unchoke(), HaveAll(), Ignored(9), Ignored(255)]),
    st.builds(Have, NUMBERS),
    st.builds(BitfieldMessage, st.binary(max_size=40)),
    st.builds(Request, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Cancel, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Extended, st.integers(0, 255), st.binary(max_size=60)),
    st.just(Extended(3, bytes(60_000))),
)


class Reader:
    """A decoder with the pieces it reads and the events it returned."""

    def __init__(self, *, scatter: bool) -> None:
        self.decoder = PeerStreamDecoder(None if scatter else memoryview(bytearray(2**20)))
        self.downloads = [download_of(piece, size) for piece, size in enumerate(SIZES)]
        self.events: list[StreamEvent] = []

    def request(self, piece: int, limit: int) -> range:
        numbers = self.downloads[piece].request(limit)
        self.decoder.expect(self.downloads[piece], numbers)
        return numbers

    def check(self) -> None:
        for download in self.downloads:
            assert is_intact(download)
            for number, state in enumerate(download._state):
                block = download.block(number)
                came = download.buffer[block.begin : block.begin + block.length]
                if state == 2:
                    right = CONTENT[block.piece][block.begin : block.begin + block.length]
                    assert came == right


class DecoderMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.free = Reader(scatter=True)
        self.staged = Reader(scatter=False)
        self.readers = (self.free, self.staged)
        self.reference = Reference(SIZES)
        self.owed: list[tuple[int, int]] = []  # requests that the peer has not answered
        self.asked: set[tuple[int, int]] = set()  # blocks that were ever requested
        self.sent: list[tuple[int, int]] = []
        self.rejected: set[tuple[int, int]] = set()  # on the way
        self.wire = bytearray()

    # --- our side ---
    @rule(piece=PIECES, limit=st.integers(1, 80))
    def request(self, piece: int, limit: int) -> None:
        if piece in self.reference.cancelled:
            return
        first, second = (reader.request(piece, limit) for reader in self.readers)
        assert first == second
        self._note_requests(piece, first)

    @initialize(limit=st.integers(1, 70))
    def request_the_first(self, limit: int) -> None:
        self.request(0, limit)

    @rule(piece=PIECES)
    def cancel(self, piece: int) -> None:
        self.reference.cancelled.add(piece)
        for reader in self.readers:
            reader.downloads[piece].cancelled = True

    @precondition(lambda self: not self.rejected)
    @rule()
    def forget(self) -> None:
        for reader in self.readers:
            reader.decoder.forget()
            assert reader.decoder.outstanding == 0
        self.reference.forget()
        self.owed.clear()

    # --- the peer's side ---
    @precondition(lambda self: self.owed)
    @rule(count=st.integers(1, 70))
    def answer_in_order(self, count: int) -> None:
        for _ in range(min(count, len(self.owed))):
            self._answer(0)

    @precondition(lambda self: self.owed)
    @rule(place=st.integers(0, 2**16))
    def answer_out_of_order(self, place: int) -> None:
        self._answer(place % len(self.owed))

    def _answer(self, place: int) -> None:
        piece, number = self.owed.pop(place)
        self.sent.append((piece, number))
        self.wire += block_bytes(CONTENT[piece], piece, number)

    @rule(
        piece=st.integers(0, 3),
        begin=st.one_of(st.integers(0, 2).map(lambda n: n * BLOCK_SIZE), NUMBERS),
        count=st.integers(1, 150),
        size=st.sampled_from([0, 1, BLOCK_SIZE, 4 * BLOCK_SIZE]),
    )
    def ask_for_a_run(self, piece: int, begin: int, count: int, size: int) -> None:
        for number in range(count):
            at = (begin + number * size) % 2**32
            self.wire += encode(Request(PieceIndex(piece), at, size))

    @precondition(lambda self: self.sent)
    @rule(place=st.integers(0, 2**16))
    def answer_twice(self, place: int) -> None:
        piece, number = self.sent[place % len(self.sent)]
        if (piece, number) not in self.rejected:
            self.wire += block_bytes(CONTENT[piece], piece, number)

    @precondition(lambda self: self.owed)
    @rule(place=st.integers(0, 2**16))
    def reject(self, place: int) -> None:
        piece, number = self.owed.pop(place % len(self.owed))
        if piece in self.reference.cancelled:
            return
        self.rejected.add((piece, number))
        length = self.reference.length(piece, number)
        self.wire += encode(Reject(piece, number * BLOCK_SIZE, length))

    @rule(message=MESSAGES)
    def say(self, message: Message) -> None:
        self.wire += encode(message)

    @rule(piece=st.integers(0, 9), begin=NUMBERS, length=st.integers(0, 2 * BLOCK_SIZE))
    def send_what_nobody_wants(self, piece: int, begin: int, length: int) -> None:
        block = Block(PieceIndex(piece), begin | 1, length)
        self.wire += piece_header(block) + bytes(length)

    @precondition(lambda self: self.owed)
    @rule(length=st.integers(0, 7 * BLOCK_SIZE))
    def answer_with_another_length(self, length: int) -> None:
        piece, number = self.owed[0]
        if length != self.reference.length(piece, number):
            block = Block(PieceIndex(piece), number * BLOCK_SIZE, length)
            self.wire += piece_header(block) + bytes(length)

    # --- reading ---
    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 5 * BLOCK_SIZE), cut=CUTS)
    def deliver_some(self, count: int, cut: int) -> None:
        self._deliver(count, max(cut, count // 50))

    @precondition(lambda self: self.wire)
    @rule(cut=CUTS)
    def deliver_all(self, cut: int) -> None:
        self._deliver(len(self.wire), max(cut, len(self.wire) // 50))

    @precondition(lambda self: self.wire)
    @rule(piece=PIECES, limit=st.integers(1, 80), cancelled=PIECES)
    def deliver_while_work_comes_and_goes(self, piece: int, limit: int, cancelled: int) -> None:
        """Another thread asks for more and calls off a piece while the reader waits for bytes."""
        data = bytes(self.wire)
        self.wire.clear()
        self.rejected.clear()
        alive = piece not in self.reference.cancelled
        asked: list[range] = []
        for reader in self.readers:

            def change(reader: Reader = reader) -> None:
                asked.append(reader.request(piece, limit) if alive else range(0))
                reader.downloads[cancelled].cancelled = True

            reader.events += pump(reader.decoder, data, between=change)
        assert asked[0] == asked[1]
        self._note_requests(piece, asked[0])
        self.reference.cancelled.add(cancelled)
        self.reference.feed(data)

    def _note_requests(self, piece: int, numbers: range) -> None:
        blocks = [(piece, number) for number in numbers]
        self.owed += blocks
        self.asked.update(blocks)
        self.reference.requested.update(blocks)

    def _deliver(self, count: int, cut: int) -> None:
        data = bytes(self.wire[:count])
        del self.wire[:count]
        if not self.wire:
            self.rejected.clear()
        for reader in self.readers:
            reader.events += pump(reader.decoder, data, cut)
        self.reference.feed(data)

    @invariant()
    def both_say_what_the_plain_decoder_says(self) -> None:
        gone = self.reference.cancelled
        for reader in self.readers:
            assert messages(reader.events) == self.reference.messages
            came = [piece for piece in pieces(reader.events) if piece not in gone]
            assert came == [piece for piece in self.reference.pieces if piece not in gone]
            for piece, download in enumerate(reader.downloads):
                if piece not in gone:
                    self._compare(piece, download)

    def _compare(self, piece: int, download: PieceDownload) -> None:
        received = {n for p, n in self.reference.received if p == piece}
        assert {n for n, state in enumerate(download._state) if state == 2} == received
        requested = {n for p, n in self.reference.requested if p == piece}
        assert {n for n, state in enumerate(download._state) if state == 1} == requested

    @invariant()
    def nothing_is_written_where_nothing_was_asked_for(self) -> None:
        for reader in self.readers:
            assert all(is_intact(download) for download in reader.downloads)
            for download in reader.downloads[1:]:
                for number in range(download.block_count):
                    if (download.index, number) not in self.asked:
                        block = download.block(number)
                        place = download.buffer[block.begin : block.begin + block.length]
                        assert bytes(place) == bytes([UNTOUCHED]) * block.length

    def teardown(self) -> None:
        self._deliver(len(self.wire) + 4, 2**30)
        self.both_say_what_the_plain_decoder_says()
        for reader in self.readers:
            reader.check()
            gone = dropped(reader.events)
            assert len(gone) == len(set(gone))
            assert self.reference.cancelled >= set(gone)


DecoderMachine.TestCase.settings = settings(stateful_step_count=30)
TestDecoderMachine = pytest.mark.slow(DecoderMachine.TestCase)
