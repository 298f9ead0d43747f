"""Refusing uTP (BEP 29), and nothing else."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.utp import refusal

SYN = bytes.fromhex("4100 9abc 00112233 00000000 00100000 0001 0000")
"""As libtorrent sends it: connection 0x9abc, sequence number 1."""


def test_an_attempt_to_connect_is_reset() -> None:
    answer = refusal(SYN + b"an extension or so")
    assert answer is not None
    assert len(answer) == len(SYN)
    kind, _, connection = struct.unpack_from(">BBH", answer)
    assert (kind, connection) == (0x31, 0x9ABC), "a reset of version 1, for that connection"
    assert answer[-2:] == b"\x00\x01", "it names what it answers"


@pytest.mark.parametrize(
    "packet", [b"", SYN[:19], b"\x01" + SYN[1:], b"\x21" + SYN[1:], b"\x40" + SYN[1:]]
)
def test_nothing_else_is_answered(packet: bytes) -> None:
    assert refusal(packet) is None


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x41" + rest))
def test_answers_are_never_longer_and_never_answered(packet: bytes) -> None:
    answer = refusal(packet)
    if answer is not None:
        assert len(answer) <= len(packet)
        assert refusal(answer) is None
