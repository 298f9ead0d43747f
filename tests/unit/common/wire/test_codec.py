from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.types import Block, BlockRun, PieceIndex
from common.wire.codec import (
    KEEP_ALIVE,
    PIECE_HEADER,
    REQUEST,
    decode,
    decode_haves,
    decode_requests,
    encode,
    encode_requests,
    piece_headers,
)
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Ignored,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Reject,
    Request,
    Suggest,
    Unchoke,
    WireError,
)
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import alone

NUMBERS = st.integers(0, 2**32 - 1)
UNUSED = [number for number in range(256) if number not in {*range(9), 13, 14, 15, 16, 20}]
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.sampled_from(
        [Choke(), Unchoke(), Interested(), NotInterested(), HaveAll(), HaveNone()],
    ),
    st.builds(Have, NUMBERS),
    st.builds(Suggest, NUMBERS),
    st.builds(BitfieldMessage, st.binary(max_size=100)),
    st.builds(Request, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Cancel, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Reject, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Extended, st.integers(0, 255), st.binary(max_size=100)),
    st.builds(Ignored, st.sampled_from(UNUSED)),
)

WIRE = {
    KeepAlive(): "00000000",
    Choke(): "0000000100",
    Unchoke(): "0000000101",
    Interested(): "0000000102",
    NotInterested(): "0000000103",
    Have(258): "000000050400000102",
    Suggest(258): "000000050d00000102",
    BitfieldMessage(b"\xf0\x80"): "0000000305f080",
    Request(1, 16384, 16384): "0000000d06000000010000400000004000",
    Cancel(1, 16384, 16384): "0000000d08000000010000400000004000",
    HaveAll(): "000000010e",
    HaveNone(): "000000010f",
    Reject(1, 16384, 16384): "0000000d10000000010000400000004000",
    Extended(0, b"de"): "0000000414006465",
    Ignored(9): "0000000109",
}


@pytest.mark.parametrize("message", WIRE, ids=repr)
def test_bytes_match_the_specifications(message: Message) -> None:
    assert encode(message).hex() == WIRE[message]


@given(MESSAGES)
def test_round_trip(message: Message) -> None:
    data = encode(message)
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert decode(data[4], data[5:]) == message


@given(st.integers(0, 255), st.binary(max_size=30))
def test_any_payload_is_a_message_or_an_error(number: int, payload: bytes) -> None:
    try:
        message = decode(number, payload)
    except WireError:
        return
    if not isinstance(message, Ignored):
        assert encode(message) == struct.pack(">IB", 1 + len(payload), number) + payload


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 6, 8, 13, 14, 15, 16])
@pytest.mark.parametrize("size", [3, 5, 11, 13])
def test_payloads_of_the_wrong_length_are_refused(number: int, size: int) -> None:
    with pytest.raises(WireError, match=f"of {size} bytes where"):
        decode(number, bytes(size))


def test_an_extended_message_needs_a_number_of_its_own() -> None:
    with pytest.raises(WireError, match="without a number"):
        decode(20, b"")


def test_piece_messages_are_not_decoded_here() -> None:
    with pytest.raises(WireError, match="piece"):
        decode(7, bytes(8))


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=20))
def test_a_burst_is_encoded_as_consecutive_requests(numbers: list[tuple[int, int, int]]) -> None:
    blocks = [Block(PieceIndex(piece), begin, length) for piece, begin, length in numbers]
    data = encode_requests(alone(blocks))
    assert data == b"".join(encode(Request(*block)) for block in blocks)
    assert [REQUEST.unpack(data[n : n + 17])[2:] for n in range(0, len(data), 17)] == numbers


RUNS = st.builds(
    BlockRun,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**31),
    st.integers(1, 100),
    st.integers(1, 2**17),
)


@given(RUNS)
def test_a_run_is_encoded_like_its_blocks(run: BlockRun) -> None:
    blocks = run.blocks()
    assert encode_requests([run]) == b"".join(encode(Request(*block)) for block in blocks)
    assert piece_headers(run) == b"".join(map(piece_header, blocks))
    assert run.extent == Block(PieceIndex(run.piece), run.begin, sum(b.length for b in blocks))


@given(RUNS, st.integers(0, 16), st.one_of(st.none(), st.integers(0, 17 * 100)))
def test_a_run_is_decoded_up_to_the_first_other_request(
    run: BlockRun, cut: int, damaged: int | None
) -> None:
    data = bytearray(encode_requests([run]) + bytes(cut))
    intact = min(run.count, 64)
    if damaged is not None and 17 <= damaged < 17 * run.count:
        data[damaged] ^= 1
        intact = min(intact, damaged // 17)
    assert decode_requests(memoryview(data)) == run.part(0, intact)


@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=1),
    st.sampled_from([b"", *(encode(m) for m in (KeepAlive(), Suggest(1), Request(1, 2, 3)))]),
    st.integers(0, 8),
)
def test_haves_are_decoded_up_to_the_first_other_message(
    pieces: list[int], other: bytes, cut: int
) -> None:
    data = b"".join(encode(Have(piece)) for piece in pieces) + other
    data += encode(Have(1))[:cut] if not other else bytes(cut)
    assert decode_haves(memoryview(data)) == pieces


@pytest.mark.parametrize("size", [0, 1, 100])
def test_requests_at_the_largest_offset_belong_to_no_run(size: int) -> None:
    last = BlockRun(3, 2**32 - 1, 1, size)
    data = memoryview(encode_requests([last, BlockRun(3, (2**32 - 1 + size) % 2**32, 1, size)]))
    assert decode_requests(data) == last


def test_a_piece_header_has_its_own_length() -> None:
    header = piece_header(Block(PieceIndex(3), 32768, 100))
    assert PIECE_HEADER.unpack(header) == (109, 7, 3, 32768)


def test_keep_alive_is_an_empty_message() -> None:
    assert encode(KeepAlive()) == KEEP_ALIVE == bytes(4)
