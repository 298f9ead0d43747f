"""The messages of BEP 9."""

from __future__ import annotations

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.types import BLOCK_SIZE
from common.wire import metadata
from common.wire.messages import WireError
from common.wire.metadata import MetadataPiece, MetadataReject, MetadataRequest

NUMBERS = st.integers(0, 2**31)
MESSAGES = (
    st.builds(MetadataRequest, NUMBERS)
    | st.builds(MetadataReject, NUMBERS)
    | st.builds(MetadataPiece, NUMBERS, NUMBERS, st.binary(max_size=200))
)


@given(MESSAGES)
def test_round_trip(message: metadata.MetadataRequest) -> None:
    assert metadata.decode(message.encode()) == message


def test_bytes_match_bep_9() -> None:
    assert MetadataRequest(0).encode() == b"d8:msg_typei0e5:piecei0ee"
    assert MetadataPiece(0, 3425, b"xy").encode() == (
        b"d8:msg_typei1e5:piecei0e10:total_sizei3425eexy"
    )
    assert MetadataReject(0).encode() == b"d8:msg_typei2e5:piecei0ee"


def test_unknown_fields_and_types_are_ignored() -> None:
    assert metadata.decode(b"d8:msg_typei7e5:piecei0ee") is None
    more = bencode2.bencode({b"a": [1, [2]], b"free": b"ee", b"msg_type": 0, b"piece": 5})
    assert metadata.decode(more) == MetadataRequest(5)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"garbage",
        b"ee",
        b"li1eee",
        b"d8:msg_typei0ee",
        b"d5:piecei0ee",
        b"d8:msg_type1:05:piecei0ee",
        b"d8:msg_typei0e5:piecei-1ee",
        b"d8:msg_typei1e5:piecei0eexx",
        b"d8:msg_typei1e5:piecei0e10:total_size1:xe",
        MetadataPiece(0, 17, bytes(BLOCK_SIZE + 1)).encode(),
        bencode2.bencode({b"a": bytes(2000), b"msg_type": 0, b"piece": 0}),
    ],
)
def test_invalid_input_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        metadata.decode(payload)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_wire_error(payload: bytes) -> None:
    try:
        message = metadata.decode(payload)
    except WireError:
        return
    assert message is None or message.piece >= 0


@given(st.binary(max_size=100) | st.integers(0, 3).map(lambda n: bytes(n * BLOCK_SIZE + n)))
def test_the_pieces_add_up_to_the_whole(info: bytes) -> None:
    count = metadata.piece_count(len(info))
    pieces = [metadata.cut(info, piece) for piece in range(count)]
    assert b"".join(pieces) == info
    assert all(0 < len(piece) <= BLOCK_SIZE for piece in pieces)
    assert metadata.cut(info, count) == b""
