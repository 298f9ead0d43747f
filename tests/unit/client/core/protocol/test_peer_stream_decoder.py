from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.protocol.peer_stream_decoder import (
    SMALLEST_STAGING,
    HavesReceived,
    MessageReceived,
    PeerStreamDecoder,
    PieceDropped,
    PieceReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.protocol.scatter_read_queue import FEWEST_BLOCKS, MOST_BLOCKS
from client.core.swarm.piece_download import PieceDownload
from common.types import BLOCK_SIZE, Block, BlockRun, PieceIndex
from common.wire.codec import MAX_MESSAGE, MAX_REQUEST, encode, encode_requests
from common.wire.messages import (
    BitfieldMessage,
    Choke,
    Have,
    Interested,
    KeepAlive,
    Reject,
    Suggest,
    Unchoke,
    WireError,
)
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.scatter import fill
from tests.unit.client.core.protocol.streams import (
    block_bytes,
    content_of,
    download_of,
    dropped,
    is_intact,
    messages,
    pieces,
    pump,
)

STAGING = MAX_MESSAGE + 4


def answer(piece: int, size: int, *numbers: int) -> bytes:
    content = content_of(piece, size)
    return b"".join(block_bytes(content, piece, number) for number in numbers)


def haves(*pieces: int) -> bytes:
    return b"".join(encode(Have(piece)) for piece in pieces)


def asked(decoder: PeerStreamDecoder, piece: int, size: int, limit: int = 10_000) -> PieceDownload:
    download = download_of(piece, size)
    decoder.expect(download, download.request(limit))
    return download


def scatters(decoder: PeerStreamDecoder) -> bool:
    """Whether it reads blocks to where they belong, and not into one buffer to copy them from."""
    return len(decoder.buffers()) > 1


def test_an_ordered_piece_needs_no_copy_and_few_reads() -> None:
    decoder = PeerStreamDecoder()
    size = 100 * BLOCK_SIZE
    download = asked(decoder, 3, size)
    assert decoder.outstanding == 100
    laid_out = decoder.buffers()
    assert [len(view) for view in laid_out] == [13, BLOCK_SIZE] * FEWEST_BLOCKS
    events = pump(decoder, answer(3, size, *range(100)))
    assert events == [PieceReceived(download)]
    assert download.buffer == content_of(3, size)
    assert decoder.payload == size
    assert decoder.discarded == decoder.outstanding == 0


def test_a_have_between_blocks_keeps_the_fast_path() -> None:
    decoder = PeerStreamDecoder()
    size = 30 * BLOCK_SIZE
    download = asked(decoder, 0, size)
    stream = answer(0, size, 0, 1) + encode(Have(7)) + answer(0, size, 2)
    assert pump(decoder, stream) == [HavesReceived([7])]
    assert scatters(decoder)
    assert decoder.outstanding == 27
    pump(decoder, answer(0, size, *range(3, 30)))
    assert download.buffer == content_of(0, size)


def test_after_a_block_out_of_order_those_behind_it_are_expected() -> None:
    """A peer that reads its disk in several threads goes on, and sends what is late in between."""
    decoder = PeerStreamDecoder()
    size = 40 * BLOCK_SIZE
    download = asked(decoder, 0, size)
    pump(decoder, answer(0, size, 5))
    assert scatters(decoder)
    assert decoder.outstanding == 39
    following = answer(0, size, *range(6, 20))
    assert fill(decoder.buffers(), following) == len(following)
    assert (
        download.buffer[6 * BLOCK_SIZE : 20 * BLOCK_SIZE]
        == content_of(0, size)[6 * BLOCK_SIZE : 20 * BLOCK_SIZE]
    )
    assert decoder.advance(len(following)) == []
    order = [3, 4, 20, 0, 1, 2, *range(21, 40)]
    assert pump(decoder, answer(0, size, *order), 50_000) == [PieceReceived(download)]
    assert download.buffer == content_of(0, size)


@pytest.mark.parametrize("limit", [2**30, 3 * BLOCK_SIZE])
def test_a_source_that_fills_one_buffer_gets_one(limit: int) -> None:
    decoder = PeerStreamDecoder(memoryview(bytearray(SMALLEST_STAGING)))
    size = 9 * BLOCK_SIZE + 5
    downloads = [asked(decoder, piece, size) for piece in (0, 1)]
    stream = answer(0, size, *range(10)) + encode(Have(7)) + answer(1, size, *range(10))
    events = pump(decoder, stream, limit)
    assert pieces(events) == [0, 1]
    assert messages(events) == [Have(7)]
    assert [bytes(download.buffer) for download in downloads] == [
        content_of(piece, size) for piece in (0, 1)
    ]
    assert len(decoder.buffers()) == 1


def test_a_block_cut_at_the_end_of_staging_is_read_into_its_place_and_the_next_as_well() -> None:
    decoder = PeerStreamDecoder()
    size = 2 * BLOCK_SIZE
    download = asked(decoder, 0, size)
    stream = encode(KeepAlive()) + answer(0, size, 1)
    pump(decoder, stream[:100])
    rest, *others = decoder.buffers()
    assert len(rest) == BLOCK_SIZE - (100 - 4 - 13)
    assert [len(view) for view in others] == [13, BLOCK_SIZE]
    pump(decoder, stream[100:] + answer(0, size, 0))
    assert download.complete
    assert download.buffer == content_of(0, size)


def test_a_header_cut_at_the_end_of_staging_is_put_together() -> None:
    decoder = PeerStreamDecoder()
    size = 2 * BLOCK_SIZE
    download = asked(decoder, 0, size)
    stream = encode(KeepAlive()) + answer(0, size, 1, 0)
    pump(decoder, stream[: 4 + 7])
    assert download.outstanding == 2
    pump(decoder, stream[4 + 7 :])
    assert download.buffer == content_of(0, size)


def test_requests_come_in_runs_between_other_messages() -> None:
    decoder = PeerStreamDecoder()
    run, lone = BlockRun(1, 0, 40, BLOCK_SIZE), BlockRun(1, 5, 1, 7)
    stream = encode_requests([run, lone]) + encode(Interested()) + encode_requests([run, run])
    assert pump(decoder, stream) == [
        RequestsReceived([run, lone]),
        MessageReceived(Interested()),
        RequestsReceived([run, run]),
    ]


def test_haves_come_together_between_other_messages() -> None:
    decoder = PeerStreamDecoder()
    run = BlockRun(1, 0, 4, BLOCK_SIZE)
    stream = encode_requests([run]) + haves(3, 1, 3) + encode(Suggest(2)) + haves(2**32 - 1)
    assert pump(decoder, stream) == [
        RequestsReceived([run]),
        HavesReceived([3, 1, 3]),
        MessageReceived(Suggest(2)),
        HavesReceived([2**32 - 1]),
    ]


@pytest.mark.parametrize("cut", range(1, 27))
def test_haves_cut_anywhere_are_put_together(cut: int) -> None:
    decoder = PeerStreamDecoder()
    stream = haves(5, 6, 7)
    assert messages(pump(decoder, stream, cut)) == [Have(5), Have(6), Have(7)]


def test_a_have_of_impossible_length_ends_those_before_it() -> None:
    decoder = PeerStreamDecoder()
    with pytest.raises(WireError):
        pump(decoder, haves(5) + bytes((0, 0, 0, 6, 4, 0, 0, 0, 1, 0)))


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_message_cut_anywhere_is_put_together(cut: int) -> None:
    decoder = PeerStreamDecoder()
    stream = encode(Have(PieceIndex(3)))
    assert pump(decoder, stream[:cut]) == []
    assert messages(pump(decoder, stream[cut:])) == [Have(PieceIndex(3))]


def test_the_longest_message_fits() -> None:
    decoder = PeerStreamDecoder()
    message = BitfieldMessage(bytes(MAX_MESSAGE - 1))
    assert messages(pump(decoder, encode(message) + encode(Choke()), 70_000)) == [
        message,
        Choke(),
    ]


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">IB", MAX_MESSAGE + 1, 20),
        struct.pack(">IB", 2**32 - 1, 200),
        encode(Choke()) + struct.pack(">IB", MAX_MESSAGE + 1, 20),
        struct.pack(">IB", 8, 7),
        struct.pack(">IB", 9 + MAX_REQUEST + 1, 7),
        struct.pack(">IBI", 5, 6, 0),
        struct.pack(">IBB", 2, 0, 0),
    ],
)
def test_impossible_lengths_end_the_connection_at_once(header: bytes) -> None:
    with pytest.raises(WireError):
        pump(PeerStreamDecoder(), header)


def test_unrequested_blocks_are_discarded() -> None:
    decoder = PeerStreamDecoder()
    size = 2 * BLOCK_SIZE
    download = asked(decoder, 4, size, limit=1)
    junk = [
        piece_header(Block(PieceIndex(5), 0, 9)) + bytes(9),  # no such piece
        piece_header(Block(PieceIndex(4), 1, BLOCK_SIZE)) + bytes(BLOCK_SIZE),  # no block there
        answer(4, size, 1),  # not requested
        piece_header(Block(PieceIndex(4), 0, 5)) + bytes(5),  # another length
        piece_header(Block(PieceIndex(4), 2**32 - BLOCK_SIZE, 0)),  # far out
    ]
    stream = b"".join(junk) + encode(Have(1))
    assert messages(pump(decoder, stream, 5000)) == [Have(1)]
    assert decoder.discarded == 9 + 2 * BLOCK_SIZE + 5
    assert decoder.payload == 0
    assert download.requested() == [download.block(0)]


def test_a_block_before_its_request_is_discarded() -> None:
    """Another thread has marked it, but not put it on its way."""
    decoder = PeerStreamDecoder()
    size = 3 * BLOCK_SIZE
    download = asked(decoder, 0, size, limit=1)
    decoder.buffers()
    numbers = download.request(1)
    pump(decoder, answer(0, size, 1, 0))
    decoder.expect(download, numbers)
    assert decoder.discarded == BLOCK_SIZE
    assert decoder.outstanding == 1
    pump(decoder, answer(0, size, 1))
    assert download.outstanding == 0
    assert download.missing == 1


def test_forgetting_requests_skips_the_block_being_read() -> None:
    decoder = PeerStreamDecoder()
    size = 3 * BLOCK_SIZE
    download = asked(decoder, 0, size)
    stream = answer(0, size, 0, 1)
    pump(decoder, stream[:-1000])
    assert decoder.outstanding == 2
    decoder.forget()
    decoder.forget()
    assert (decoder.outstanding, download.missing, download.outstanding) == (0, 2, 0)
    download.buffer[BLOCK_SIZE:] = bytes(2 * BLOCK_SIZE)
    assert messages(pump(decoder, stream[-1000:] + encode(Unchoke()))) == [Unchoke()]
    assert bytes(download.buffer[BLOCK_SIZE:]) == bytes(2 * BLOCK_SIZE)


def test_a_rejected_block_is_missing_again() -> None:
    decoder = PeerStreamDecoder()
    size = 2 * BLOCK_SIZE
    download = asked(decoder, 6, size)
    assert decoder.withdraw(6, BLOCK_SIZE) is download
    assert decoder.withdraw(6, BLOCK_SIZE) is None
    assert decoder.withdraw(6, 5) is None
    assert decoder.withdraw(7, 0) is None
    assert decoder.withdraw(6, 0) is download
    assert decoder.withdraw(6, 0) is None  # the piece is forgotten
    assert (download.missing, decoder.outstanding) == (2, 0)


def test_a_block_cannot_be_rejected_in_the_middle() -> None:
    decoder = PeerStreamDecoder()
    asked(decoder, 0, BLOCK_SIZE)
    pump(decoder, answer(0, BLOCK_SIZE, 0)[:100])
    with pytest.raises(WireError):
        decoder.withdraw(0, 0)


def test_a_cancelled_piece_is_released_with_the_next_bytes() -> None:
    decoder = PeerStreamDecoder()
    size = 3 * BLOCK_SIZE
    gone, kept = asked(decoder, 0, size), asked(decoder, 1, size)
    stream = answer(0, size, 0, 1)
    pump(decoder, stream[:-5000])
    gone.cancelled = True
    events = pump(decoder, stream[-5000:-4000])
    assert events == [PieceDropped(gone)]
    assert decoder.outstanding == 3
    gone.buffer[:] = bytes(size)
    events = pump(decoder, stream[-4000:] + answer(0, size, 2) + answer(1, size, 0, 1, 2))
    assert events == [PieceReceived(kept)]
    assert bytes(gone.buffer) == bytes(size)
    assert kept.buffer == content_of(1, size)


def test_a_piece_cancelled_before_a_cut_block_of_another() -> None:
    decoder = PeerStreamDecoder()
    size = 2 * BLOCK_SIZE
    kept, gone = asked(decoder, 1, size), asked(decoder, 0, size)
    stream = answer(1, size, 0, 1)
    pump(decoder, stream[:100])
    gone.cancelled = True
    assert dropped(pump(decoder, stream[100:200])) == [0]
    assert pieces(pump(decoder, stream[200:])) == [1]
    assert kept.buffer == content_of(1, size)


def test_a_cancelled_piece_is_released_after_its_last_block() -> None:
    """No more of it was requested, so nothing else would ever arrive."""
    decoder = PeerStreamDecoder()
    size = 3 * BLOCK_SIZE
    gone = asked(decoder, 0, size, limit=2)
    stream = answer(0, size, 0, 1)

    def cancel() -> None:
        gone.cancelled = True

    assert pump(decoder, stream, between=cancel) == [PieceDropped(gone)]
    assert decoder.outstanding == 0


def test_a_cancelled_piece_that_arrives_whole_is_reported() -> None:
    decoder = PeerStreamDecoder()
    gone = asked(decoder, 0, 5)
    gone.cancelled = True
    assert pump(decoder, answer(0, 5, 0)) == [PieceReceived(gone)]


# --- garbage ---
def _mutate(stream: bytes, places: list[tuple[int, int]]) -> bytes:
    mutated = bytearray(stream)
    for place, value in places:
        mutated[place % len(mutated)] = value
    return bytes(mutated)


PLACES = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=6)


def read_garbage(decoder: PeerStreamDecoder, stream: bytes, cut: int) -> list[StreamEvent]:
    """Read until the decoder has enough of it; its memory must stay bounded all the time."""
    events: list[StreamEvent] = []
    for start in range(0, len(stream), cut):
        room = sum(map(len, decoder.buffers()))
        assert 0 < room <= STAGING + (MOST_BLOCKS + 1) * (BLOCK_SIZE + 13)
        try:
            events += pump(decoder, stream[start : start + cut])
        except WireError:
            break
    return events


@given(garbage=st.binary(min_size=1, max_size=2000), cut=st.integers(50, 3000))
def test_garbage_raises_only_wire_errors(garbage: bytes, cut: int) -> None:
    decoder = PeerStreamDecoder()
    download = asked(decoder, 0, 20 * BLOCK_SIZE)
    read_garbage(decoder, garbage, cut)
    assert is_intact(download)


@given(places=PLACES, cut=st.integers(1000, 200_000), seed=st.integers(0, 9))
def test_a_damaged_stream_writes_only_to_its_own_memory(
    places: list[tuple[int, int]], cut: int, seed: int
) -> None:
    decoder = PeerStreamDecoder()
    size = 10 * BLOCK_SIZE + 50
    downloads = [asked(decoder, piece, size) for piece in range(2)]
    numbers = list(range(11))
    if seed:
        Random(seed).shuffle(numbers)
    stream = answer(0, size, *numbers) + encode(Reject(1, 0, 1)) + answer(1, size, *numbers)
    # Damage headers rather than payloads: those are where the traps are.
    header_places = [(place // 13 % 22 * (BLOCK_SIZE + 13) + place % 13, v) for place, v in places]
    read_garbage(decoder, _mutate(stream, header_places), cut)
    assert all(map(is_intact, downloads))
