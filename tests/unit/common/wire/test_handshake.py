from __future__ import annotations

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.types import InfoHash, PeerId
from common.wire.handshake import (
    HANDSHAKE_LENGTH,
    MAX_HANDSHAKE_SIZE,
    ExtensionHandshake,
    Handshake,
    client_name,
    printable,
)
from common.wire.messages import WireError

TWENTY = st.binary(min_size=20, max_size=20)
HANDSHAKES = st.builds(
    Handshake, TWENTY.map(InfoHash), TWENTY.map(PeerId), st.booleans(), st.booleans()
)


@given(HANDSHAKES)
def test_round_trip(handshake: Handshake) -> None:
    data = handshake.encode()
    assert len(data) == HANDSHAKE_LENGTH
    assert Handshake.decode(data) == handshake
    for length in range(HANDSHAKE_LENGTH + 1):
        Handshake.check_prefix(data[:length])


def test_other_reserved_bits_are_ignored() -> None:
    data = bytearray(Handshake(InfoHash(bytes(20)), PeerId(bytes(20))).encode())
    data[20:28] = b"\xff" * 8
    assert Handshake.decode(bytes(data)).fast
    data[20:28] = bytes((255, 255, 255, 255, 255, 0xEF, 255, 0xFB))
    plain = Handshake.decode(bytes(data))
    assert not plain.fast
    assert not plain.extended


@given(HANDSHAKES, st.integers(0, 19), st.integers(1, 255))
def test_another_protocol_is_refused_at_its_first_wrong_byte(
    handshake: Handshake, place: int, change: int
) -> None:
    data = bytearray(handshake.encode())
    data[place] ^= change
    Handshake.check_prefix(bytes(data[:place]))
    with pytest.raises(WireError):
        Handshake.check_prefix(bytes(data[: place + 1]))
    with pytest.raises(WireError):
        Handshake.decode(bytes(data))


@pytest.mark.parametrize("length", [0, 20, 67, 69])
def test_a_handshake_has_68_bytes(length: int) -> None:
    data = Handshake(InfoHash(bytes(20)), PeerId(bytes(20))).encode() + b"x"
    with pytest.raises(WireError):
        Handshake.decode(data[:length])


# --- the extension handshake ---
@given(
    st.builds(
        ExtensionHandshake,
        client=st.text(st.characters(blacklist_categories=("C", "Z")), max_size=64),
        max_requests=st.none() | st.integers(1, 1_000_000),
        port=st.none() | st.integers(1, 65535),
        upload_only=st.booleans(),
        is_mapped=st.booleans(),
        metadata_number=st.none() | st.integers(1, 255),
        metadata_size=st.none() | st.integers(1, 2**31),
    ),
    st.sampled_from(["127.0.0.1", "::1", "fe80::1%eth0", "host.example"]),
)
def test_extension_round_trip(handshake: ExtensionHandshake, host: str) -> None:
    assert ExtensionHandshake.decode(handshake.encode(host)) == handshake


@pytest.mark.parametrize(
    ("host", "packed"),
    [("10.0.0.1", b"\x0a\0\0\x01"), ("fe80::1%lo", b"\xfe\x80" + bytes(13) + b"\x01")],
)
def test_our_handshake_carries_the_peers_address(host: str, packed: bytes) -> None:
    assert bencode2.bdecode(ExtensionHandshake().encode(host))[b"yourip"] == packed


def test_a_host_name_is_not_sent() -> None:
    assert b"yourip" not in bencode2.bdecode(ExtensionHandshake().encode("example.org"))


@pytest.mark.parametrize(
    "fields",
    [
        {b"v": 5, b"reqq": b"many", b"p": b"http", b"upload_only": b"1"},
        {b"v": [b"x"], b"reqq": {}, b"p": [], b"upload_only": 2},
        {b"reqq": 0, b"p": 0},
        {b"reqq": -1, b"p": 65536},
        {b"m": b"ut_metadata", b"metadata_size": b"17"},
        {b"m": {b"ut_metadata": 0}, b"metadata_size": 0},
        {b"m": {b"ut_metadata": 256}, b"metadata_size": 2**31 + 1},
        {b"m": {b"ut_metadata": b"3"}, b"metadata_size": -1},
        {b"reqq": 10**30, b"p": -(10**30)},
        {},
    ],
)
def test_fields_of_wrong_type_or_size_are_ignored(fields: dict[bytes, object]) -> None:
    assert ExtensionHandshake.decode(bencode2.bencode(fields)) == ExtensionHandshake()


def test_oversized_handshakes_are_refused() -> None:
    fields = {b"v": b"a client", b"x": bytes(MAX_HANDSHAKE_SIZE)}
    with pytest.raises(WireError, match="bytes"):
        ExtensionHandshake.decode(bencode2.bencode(fields))
    fields[b"x"] = bytes(MAX_HANDSHAKE_SIZE - 100)
    assert ExtensionHandshake.decode(bencode2.bencode(fields)).client == "a client"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"d",
        b"i1e",
        b"le",
        b"4:spam",
        b"d1:v3:abcee",
        b"d" * 10_000,
        b"l" * 200_000,
        b"d1:a" * 60_000,
        b"i" + b"9" * 20_000 + b"e",
        b"d4:reqqi" + b"9" * 20_000 + b"ee",
        b"99999999999999999999:x",
        b"d1:v99999999999:xe",
        b"d1:b0:1:a0:e",
        b"d1:b0:exx",
        b"d1:al" + b"le" * 8_000 + b"ee",
        b"d1:al" + b"le" * 100_000 + b"ee",
        b"\xff\xfe",
        b"d1:mi1ei2ee",
    ],
    ids=lambda payload: repr(payload[:20]),
)
def test_hostile_payloads_raise_wire_error_or_are_ignored(payload: bytes) -> None:
    try:
        handshake = ExtensionHandshake.decode(payload)
    except WireError:
        return
    assert handshake == ExtensionHandshake()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_handshake_or_a_wire_error(payload: bytes) -> None:
    for data in (payload, b"d" + payload + b"e", b"d1:v" + payload + b"e"):
        try:
            handshake = ExtensionHandshake.decode(data)
        except WireError:
            continue
        assert handshake.client.isprintable()
        assert len(handshake.client) <= 64


def test_a_client_name_cannot_act_on_the_terminal() -> None:
    assert printable(b"\x1b[31mred\n\x00") == "?[31mred??"
    assert printable(b"\xff\xfe") == "\N{REPLACEMENT CHARACTER}" * 2
    assert printable("\N{RIGHT-TO-LEFT OVERRIDE}x".encode()) == "?x"
    assert len(printable(b"x" * 1000)) == 64


@pytest.mark.parametrize(
    ("peer_id", "name"),
    [
        (b"-TR3000-abcdefghijkl", "TR 3000"),
        (b"-qB5010-abcdefghijkl", "qB 5010"),
        (b"A2-1-36-0-abcdefghij", "aria2"),
        (b"-\xff\xffABCD-abcdefghijkl", "unknown"),
        (b"-TR 000-abcdefghijkl", "unknown"),
        (b"-TR3000xabcdefghijkl", "unknown"),
        (bytes(20), "unknown"),
    ],
)
def test_a_peer_id_names_the_client(peer_id: bytes, name: str) -> None:
    assert client_name(PeerId(peer_id)) == name
