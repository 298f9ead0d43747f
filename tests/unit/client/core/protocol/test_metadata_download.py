"""Metadata from one peer: right, or a reason to leave that peer."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.protocol.metadata_download import WINDOW, MetadataDownload
from common.types import BLOCK_SIZE, InfoHash
from common.wire import metadata
from common.wire.handshake import ExtensionHandshake
from common.wire.messages import Extended, WireError
from common.wire.metadata import MetadataPiece, MetadataReject, MetadataRequest

THEIRS = 7
"""The number under which the other side takes requests."""

INFO = random.Random(1).randbytes(5 * BLOCK_SIZE + 17)
HASH = InfoHash(hashlib.sha1(INFO).digest())


def introduction(size: int | None = len(INFO), number: int | None = THEIRS) -> Extended:
    handshake = ExtensionHandshake(metadata_number=number, metadata_size=size)
    return Extended(0, handshake.encode("127.0.0.1"))


def piece(number: int, info: bytes = INFO) -> Extended:
    data = metadata.cut(info, number)
    return Extended(metadata.UT_METADATA, MetadataPiece(number, len(info), data).encode())


def wanted(requests: list[Extended]) -> list[int]:
    """The pieces that these messages ask for."""
    assert all(request.number == THEIRS for request in requests)
    asked = [metadata.decode(request.payload) for request in requests]
    return [request.piece for request in asked if isinstance(request, MetadataRequest)]


@given(st.integers(0, 8 * BLOCK_SIZE), st.randoms(use_true_random=False))
def test_metadata_arrives_in_any_order(size: int, rng: random.Random) -> None:
    info = random.Random(2).randbytes(size or 1)
    download = MetadataDownload(InfoHash(hashlib.sha1(info).digest()))
    open_requests = wanted(download.receive(introduction(len(info))))
    asked = list(open_requests)
    while open_requests:
        assert len(open_requests) <= WINDOW
        assert download.info is None
        chosen = open_requests.pop(rng.randrange(len(open_requests)))
        more = wanted(download.receive(piece(chosen, info)))
        open_requests += more
        asked += more
    assert download.info == info
    assert asked == list(range(metadata.piece_count(len(info))))


def test_other_messages_are_ignored() -> None:
    download = MetadataDownload(HASH)
    assert download.receive(piece(0)) == []  # unrequested
    first = download.receive(introduction())
    assert wanted(first) == list(range(WINDOW))
    for message in (
        introduction(17, 9),  # it may repeat its handshake; the first one counts
        Extended(9, b"whatever"),
        Extended(metadata.UT_METADATA, MetadataRequest(0).encode()),
        Extended(metadata.UT_METADATA, b"d8:msg_typei9e5:piecei0ee"),
        piece(5),  # not asked for yet
    ):
        assert download.receive(message) == []
    assert wanted(download.receive(piece(0))) == [WINDOW]
    assert download.receive(piece(0)) == []  # a second time
    assert download.info is None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (introduction(None), "no metadata"),
        (introduction(number=None), "no metadata"),
        (introduction(metadata.MAX_METADATA_SIZE + 1), "6000001 bytes"),
        (Extended(0, b"garbage"), "not bencoded"),
    ],
)
def test_a_peer_without_metadata(message: Extended, words: str) -> None:
    with pytest.raises(WireError, match=words):
        MetadataDownload(HASH).receive(message)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Extended(metadata.UT_METADATA, MetadataReject(0).encode()), "refuses"),
        (Extended(metadata.UT_METADATA, b"garbage"), "not bencoded"),
        (Extended(metadata.UT_METADATA, MetadataPiece(0, 17, b"short").encode()), "5 bytes"),
        (piece(0, b""), "0 bytes"),
    ],
)
def test_a_peer_that_refuses_after_offering(message: Extended, words: str) -> None:
    download = MetadataDownload(HASH)
    download.receive(introduction())
    with pytest.raises(WireError, match=words):
        download.receive(message)


def test_wrong_metadata_is_detected_at_the_end() -> None:
    download = MetadataDownload(HASH)
    download.receive(introduction())
    spoilt = bytes(len(INFO))
    for number in range(5):
        download.receive(piece(number, spoilt if number == 2 else INFO))
    with pytest.raises(WireError, match="wrong hash"):
        download.receive(piece(5))
    assert download.info is None
