"""The tracker information file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import tracker_info
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint


def test_addresses_and_ports_alternate() -> None:
    text = "# ours\n127.0.0.1\n7400\n\n  ::1  \n\t7500\r\n[2001:DB8::2]\n0\ntracker.example\n65535"
    assert tracker_info.parse(text) == [
        Endpoint("127.0.0.1", 7400),
        Endpoint("::1", 7500),
        Endpoint("2001:db8::2", 0),
        Endpoint("tracker.example", 65535),
    ]


def test_a_byte_order_mark_is_ignored() -> None:
    assert tracker_info.parse("\ufefflocalhost\n1") == [Endpoint("localhost", 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lists no tracker"),
        ("# nothing\n\n", "lists no tracker"),
        ("127.0.0.1\n", "Line 1: '127.0.0.1' has no port"),
        ("# x\n127.0.0.1\n7400\n\n::1\n", "Line 5: '::1' has no port"),
        ("127.0.0.1\nport\n", "Line 2: 'port' is not a port"),
        ("127.0.0.1\n-1\n", "Line 2: '-1' is not a port"),
        ("127.0.0.1\n65536\n", "Line 2: '65536' is not a port"),
        ("127.0.0.1\n000007400\n", "Line 2: '000007400' is not a port"),
        ("127.0.0.1\n٧\n", "Line 2: '٧' is not a port"),
        ("127.0.0.1:7400\n1\n", "Line 1: '127.0.0.1:7400' is not an address"),
        ("127.0.0\n1\n", "Line 1: '127.0.0' is not an address"),
        ("[host]\n1\n", "Line 1: '[host]' is not an address"),
        ("two words\n1\n", "Line 1: 'two words' is not an address"),
        ("-x\n1\n", "Line 1: '-x' is not an address"),
        ("host\n1\n::g\n1\n", "Line 3: '::g' is not an address"),
    ],
)
def test_an_error_names_its_line(text: str, message: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        tracker_info.parse(text)
    assert raised.value.code is ErrorCode.USAGE
    assert message in raised.value.message


@pytest.mark.parametrize("text", ["", "10.0.0", "[host]", "a b", "a:80", "x" * 254])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(MinitorrentError, match="is not an address or a host name"):
        tracker_info.parse_host(text)


@given(st.text())
def test_any_text_is_a_list_or_an_error(text: str) -> None:
    try:
        assert all(isinstance(tracker, Endpoint) for tracker in tracker_info.parse(text))
    except MinitorrentError as error:
        assert error.code is ErrorCode.USAGE
