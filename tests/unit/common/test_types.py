from __future__ import annotations

import pytest

from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, info_hash_from_hex, peer_id_from_hex, plain_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:7400", "127.0.0.1", 7400),
        ("tracker.example:1", "tracker.example", 1),
        ("[::1]:65535", "::1", 65535),
        ("localhost:0", "localhost", 0),
    ],
)
def test_an_address_is_read_and_written(text: str, host: str, port: int) -> None:
    endpoint = Endpoint.parse(text)
    assert endpoint == (host, port)
    assert str(endpoint) == text


@pytest.mark.parametrize(
    ("host", "is_loopback", "is_unspecified"),
    [
        ("127.0.0.9", True, False),
        ("::1", True, False),
        ("localhost", True, False),
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("10.0.0.1", False, False),
        ("tracker.example", False, False),
    ],
)
def test_loopback_and_unspecified_hosts(host: str, is_loopback: bool, is_unspecified: bool) -> None:
    endpoint = Endpoint(host, 1)
    assert (endpoint.is_loopback, endpoint.is_unspecified) == (is_loopback, is_unspecified)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        ":1",
        "host:",
        "host:x",
        "host:-1",
        "host:65536",
        "host:١",
        "a b:1",
        "::1:1",
        "[::1]",
        "[host]:1",
        "[]:1",
        "[:1",
    ],
)
def test_invalid_addresses_are_refused(text: str) -> None:
    with pytest.raises(MinitorrentError, match="write HOST:PORT") as caught:
        Endpoint.parse(text)
    assert caught.value.code is ErrorCode.USAGE


def test_twenty_bytes_are_read_from_hex() -> None:
    assert info_hash_from_hex("00ff" * 10) == b"\x00\xff" * 10
    assert peer_id_from_hex("AB" * 20) == b"\xab" * 20


@pytest.mark.parametrize("text", ["", "00", "00" * 19, "00" * 21, "zz" * 20])
def test_other_hex_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        info_hash_from_hex(text)


def test_an_error_shows_its_code_and_its_sentence() -> None:
    error = MinitorrentError(ErrorCode.LAST_ADMIN, "Promote somebody first.")
    assert repr(error) == "MinitorrentError(last_admin: Promote somebody first.)"
    assert str(error) == error.message


@pytest.mark.parametrize(
    ("address", "plain"),
    [("127.0.0.1", "127.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("2001:DB8::1", "2001:db8::1")],
)
def test_addresses_are_shown_in_usable_form(address: str, plain: str) -> None:
    assert plain_address(address) == plain


def test_a_name_is_not_an_address() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        plain_address("localhost")


@pytest.mark.parametrize(
    "port", ["9" * 5000, "0" * 5000 + "80", "٣٤", "²", "6_0", "+80", " 80", ""]
)
def test_a_port_is_a_few_plain_digits(port: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        Endpoint.parse(f"127.0.0.1:{port}")
    assert len(caught.value.message) < 600
