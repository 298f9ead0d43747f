"""What both sides of a rendezvous say to each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.messages import WireError
from common.wire.rendezvous import HELLO_LENGTH, OPENING, Hello, decode_hello

TOKENS = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(TOKENS, st.booleans(), st.booleans())
def test_what_is_said_is_understood(token: str, asked: bool, dialled: bool) -> None:
    hello = Hello(token, asked=asked, dialled=dialled)
    data = hello.encode()
    assert len(data) == HELLO_LENGTH
    assert data[:2] == OPENING
    assert decode_hello(data) == hello


@given(st.binary(max_size=2 * HELLO_LENGTH))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_hello(data)


def test_unknown_flags_and_lengths_are_refused() -> None:
    data = Hello("00" * 16, asked=True, dialled=True).encode()
    for damaged in (data[:-1], data + b"x", data.replace(b"\3", b"\4"), b"x" + data[1:]):
        with pytest.raises(WireError):
            decode_hello(damaged)
