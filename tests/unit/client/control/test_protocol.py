"""The messages between a running client and its callers: a round trip, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.config import LONGEST_LINE
from client.control import protocol
from client.control.protocol import LineBuffer, Message, ProtocolError, decode, encode

START = protocol.Start(
    folder="/home/ann",
    as_json=False,
    stay=False,
    can_ask=True,
    quit_ends_client=False,
    out_width=None,
    out_colour=False,
    out_unicode=True,
    err_width=80,
    err_colour=True,
    err_unicode=True,
)


@given(st.one_of(*(st.from_type(kind) for kind in get_args(Message))))
def test_every_message_survives_as_one_line(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line.removesuffix(b"\n")) == message


def test_a_line_that_is_not_utf8_survives() -> None:
    message = protocol.Line(b"login \xff\xfe".decode("utf-8", "surrogateescape"))
    assert decode(encode(message).strip()) == message


def test_the_longest_line_fits_however_it_is_escaped() -> None:
    line = protocol.Line((b"\x01" * (LONGEST_LINE + 1)).decode())
    assert len(encode(line)) <= protocol.LONGEST_REQUEST


def test_a_secret_is_not_shown() -> None:
    assert "swordfish" not in repr(protocol.Secret("swordfish"))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x16\x03\x01",
        b"GET / HTTP/1.1",
        b"[]",
        b"{}",
        b'{"is": []}',
        b'{"is": "Nothing"}',
        b'{"is": "Line"}',
        b'{"is": "Line", "text": 1}',
        b'{"is": "Line", "text": "whoami", "more": 1}',
        b'{"is": "Exit", "status": true, "client_ends": false}',
        b'{"is": "Exit", "status": 1, "client_ends": 0}',
        b'{"is": "Exit", "status": 1e400, "client_ends": false}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


@pytest.mark.parametrize("value", ["80", 80.5, True, [80]])
def test_a_width_is_a_number_or_none(value: object) -> None:
    message = encode(dataclasses.replace(START, out_width=81)).strip()
    with pytest.raises(ProtocolError, match="out_width"):
        decode(message.replace(b"81", json.dumps(value).encode()))


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_lines_arrive_whole_however_they_are_cut(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)
    buffer = LineBuffer(longest=1000)
    found = [line for at in range(0, len(data), step) for line in buffer.feed(data[at : at + step])]
    assert found == data.split(b"\n")[:-1]
    assert buffer.is_inside_line == bool(data.split(b"\n")[-1])


@pytest.mark.parametrize("data", [b"12345", b"12345\n", b"1\n12345\n", b"1\n12345"])
def test_a_line_that_is_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="too long"):
        LineBuffer(longest=4).feed(data)
