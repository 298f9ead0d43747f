"""What clients say to a relay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.wire.relay import FIRST_BYTE, REQUEST_LENGTH, decode_request, encode_request


@given(st.binary(min_size=16, max_size=16).map(bytes.hex))
def test_a_ticket_arrives(ticket: str) -> None:
    data = encode_request(ticket)
    assert len(data) == REQUEST_LENGTH
    assert data[:1] == FIRST_BYTE
    assert decode_request(data) == ticket
    for damaged in (data[:-1], data + b"x", b"x" + data[1:]):
        assert decode_request(damaged) is None


@given(st.binary(max_size=2 * REQUEST_LENGTH))
def test_anything_else_is_no_ticket(data: bytes) -> None:
    assert decode_request(data) is None
