"""The HTTP tracker protocol of stock clients."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import announce
from common.announce import AnnouncedPeer, AnnounceRequest, AnnounceResponse, ScrapedFile
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash, PeerId

HASH = InfoHash(bytes(range(236, 256)))
PEER = PeerId(b"-TR4000-abcdefghijkl")
IPV4 = AnnouncedPeer("127.0.0.1", 80, PEER)
IPV6 = AnnouncedPeer("::1", 6881, PEER)
BINARY20 = st.binary(min_size=20, max_size=20)


def query(**values: bytes | str | int) -> bytes:
    return b"&".join(
        f"{key}={quote_from_bytes(v if isinstance(v, bytes) else str(v).encode())}".encode()
        for key, v in values.items()
    )


def decode(answer: bytes) -> Any:
    return bencode2.bdecode(answer)


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=10), st.lists(st.binary(), min_size=1, max_size=3)
    )
)
def test_arbitrary_bytes_survive_a_query_string(values: dict[bytes, list[bytes]]) -> None:
    raw = b"&".join(
        f"{quote_from_bytes(key, safe='')}={quote_from_bytes(value, safe='')}".encode()
        for key, found in values.items()
        for value in found
    )
    assert announce.parse_query(raw) == values


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"=x", {}),
        (b"a", {b"a": [b""]}),
        (b"a=b=c", {b"a": [b"b=c"]}),
        (b"a=%zz%4", {b"a": [b"%zz%4"]}),
        (b"a=+%2B", {b"a": [b" +"]}),
        (b"a=\xff\x00", {b"a": [b"\xff\x00"]}),
    ],
)
def test_odd_query_strings(raw: bytes, values: dict[bytes, list[bytes]]) -> None:
    assert announce.parse_query(raw) == values


@given(BINARY20, BINARY20, st.integers(0, 65535), st.integers(0, 2**64 - 1))
def test_an_announce_is_read_from_raw_bytes(
    info_hash: bytes, peer_id: bytes, port: int, left: int
) -> None:
    read = announce.parse_announce(
        query(info_hash=info_hash, peer_id=peer_id, port=port, left=left)
    )
    assert read == AnnounceRequest(InfoHash(info_hash), PeerId(peer_id), port, left)


@given(st.binary(max_size=300))
def test_any_query_is_an_announce_or_a_refusal(raw: bytes) -> None:
    for parse in (announce.parse_announce, announce.parse_scrape):
        try:
            parse(raw)
        except MinitorrentError as error:
            assert error.code is ErrorCode.USAGE


GOOD: dict[str, bytes | int] = {"info_hash": HASH, "peer_id": PEER, "port": 1, "left": 2}


def test_a_full_announce() -> None:
    read = announce.parse_announce(
        query(
            **GOOD,
            uploaded=3,
            downloaded=4,
            event="completed",
            numwant=7,
            compact=0,
            no_peer_id=1,
            trackerid=b"\xff\x00",
            key=b"\x80binary",
            ip="10.0.0.1",
            supportcrypto=1,
        )
    )
    assert read == AnnounceRequest(HASH, PEER, 1, 2, 3, 4, "completed", 7, False, True, b"\xff\x00")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"info_hash": b"short"}, "info_hash must be 20 bytes"),
        ({"peer_id": b"x" * 21}, "peer_id must be 20 bytes"),
        ({"port": "65536"}, "port is not a valid number"),
        ({"port": "http"}, "port is not a valid number"),
        ({"port": "-1"}, "port is not a valid number"),
        ({"port": ""}, "port is not a valid number"),
        ({"left": "1.5"}, "left is not a valid number"),
        ({"left": "--1"}, "left is not a valid number"),
        ({"left": str(2**64)}, "left is not a valid number"),
        ({"left": "-" + "9" * 5000}, "left is not a valid number"),
        ({"uploaded": "9" * 5000}, "uploaded is not a valid number"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        announce.parse_announce(query(**{**GOOD, **change}))
    assert raised.value.message == reason


@pytest.mark.parametrize("key", sorted(GOOD))
def test_a_missing_value_is_named(key: str) -> None:
    values = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(MinitorrentError, match=f"{key} is missing"):
        announce.parse_announce(query(**values))


@pytest.mark.parametrize("text", ["-1", "-9223372036854775808", ""])
def test_an_unknown_count(text: str) -> None:
    values = {**GOOD, "left": text, "uploaded": text, "downloaded": text}
    read = announce.parse_announce(query(**values))
    assert (read.left > 0, read.uploaded, read.downloaded) == (True, 0, 0)


def test_the_first_of_duplicate_keys_counts() -> None:
    twice = query(**GOOD) + b"&" + query(**{**GOOD, "port": 9, "left": 9}, event="stopped")
    assert announce.parse_announce(twice) == AnnounceRequest(HASH, PEER, 1, 2, event="stopped")


@pytest.mark.parametrize("key", ["info_hash", "peer_id"])
def test_duplicate_ids_are_refused(key: str) -> None:
    raw = query(**GOOD) + b"&" + query(**{key: bytes(20)})
    with pytest.raises(MinitorrentError, match=f"{key} appears more than once"):
        announce.parse_announce(raw)


def test_lower_case_escapes_and_plain_characters() -> None:
    values = {"info_hash": HASH, "peer_id": PEER}
    escaped = b"&".join(
        f"{key}=".encode() + b"".join(b"%%%02x" % byte for byte in value)
        for key, value in values.items()
    )
    read = announce.parse_announce(escaped + b"&port=1&left=2&nonsense&=&%=%")
    assert read == AnnounceRequest(HASH, PEER, 1, 2)


@pytest.mark.parametrize("text", ["A", "abc-DEF_019", "x" * 64])
def test_an_announce_key(text: str) -> None:
    assert announce.parse_key(text) == text


@pytest.mark.parametrize("text", ["a/b", "a/", "x" * 65, "\0", "a b", "\ufffd", "a\n"])
def test_an_invalid_key(text: str) -> None:
    with pytest.raises(MinitorrentError, match="not valid"):
        announce.parse_key(text)


@pytest.mark.parametrize("text", ["", "/", "//"])
def test_an_address_without_a_key(text: str) -> None:
    with pytest.raises(MinitorrentError, match="no key"):
        announce.parse_key(text)


@pytest.mark.parametrize(
    ("text", "numwant"), [("0", 0), ("200", 200), ("-1", None), ("", None), ("9" * 10, None)]
)
def test_numwant_is_clamped(text: str, numwant: int | None) -> None:
    assert announce.parse_announce(query(**GOOD, numwant=text)).numwant == numwant


@pytest.mark.parametrize(
    ("text", "event"), [("started", "started"), ("stopped", "stopped"), ("", "none"), ("x", "none")]
)
def test_events(text: str, event: str) -> None:
    assert announce.parse_announce(query(**GOOD, event=text)).event == event


def test_compact_is_the_default() -> None:
    assert announce.parse_announce(query(**GOOD)).compact
    assert announce.parse_announce(query(**GOOD, compact=1)).compact
    assert not announce.parse_announce(query(**GOOD, compact=0)).compact


def test_a_scrape_of_several_torrents() -> None:
    other = bytes(20)
    raw = query(info_hash=HASH) + b"&" + query(info_hash=other)
    assert announce.parse_scrape(raw) == [HASH, other]


@pytest.mark.parametrize("raw", [b"", b"info_hash=x", b"&".join([query(info_hash=HASH)] * 101)])
def test_a_scrape_of_nothing_or_too_much_is_refused(raw: bytes) -> None:
    with pytest.raises(MinitorrentError, match="info_hash"):
        announce.parse_scrape(raw)


REQUEST = announce.parse_announce(query(**GOOD))
RESPONSE = AnnounceResponse(120, 20, 1, 2, (IPV4, IPV6))


def test_a_compact_answer() -> None:
    assert decode(announce.encode_announce(REQUEST, RESPONSE)) == {
        b"interval": 120,
        b"min interval": 20,
        b"complete": 1,
        b"incomplete": 2,
        b"peers": bytes([127, 0, 0, 1, 0, 80]),
        b"peers6": bytes(15) + bytes([1, 0x1A, 0xE1]),
    }


def test_without_peers_the_list_is_empty() -> None:
    answer = decode(announce.encode_announce(REQUEST, AnnounceResponse(1, 1, 0, 0)))
    assert answer[b"peers"] == b""
    assert b"peers6" not in answer
    assert b"tracker id" not in answer


def test_an_answer_with_peer_dictionaries() -> None:
    request = announce.parse_announce(query(**GOOD, compact=0, trackerid="abc"))
    answer = decode(announce.encode_announce(request, RESPONSE))
    assert answer[b"peers"] == [
        {b"ip": b"127.0.0.1", b"port": 80, b"peer id": PEER},
        {b"ip": b"::1", b"port": 6881, b"peer id": PEER},
    ]
    assert answer[b"tracker id"] == b"abc"


def test_peer_ids_are_omitted_on_request() -> None:
    request = announce.parse_announce(query(**GOOD, compact=0, no_peer_id=1))
    answer = decode(announce.encode_announce(request, RESPONSE))
    assert answer[b"peers"][0] == {b"ip": b"127.0.0.1", b"port": 80}


def test_a_scrape_answer() -> None:
    answer = decode(announce.encode_scrape({HASH: ScrapedFile(1, 5, 2)}))
    assert answer == {b"files": {HASH: {b"complete": 1, b"downloaded": 5, b"incomplete": 2}}}


def test_a_failure_is_bencoded() -> None:
    assert announce.encode_failure("no") == b"d14:failure reason2:noe"
