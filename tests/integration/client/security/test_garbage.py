"""Arbitrary bytes at the peer port: nothing leaks or breaks, and sharing continues."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.types import Block, PieceIndex, info_hash_from_hex
from common.wire.codec import HEAD, PIECE_HEADER, encode, encode_requests
from common.wire.handshake import Handshake
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Ignored,
    Interested,
    KeepAlive,
    NotInterested,
    Reject,
    Request,
    Unchoke,
)
from tests.integration.client.team import Person, Team
from tests.support.content import make_file
from tests.support.peers import RawPeer, new_peer_id
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import alone
from tests.support.waiting import wait_until

BLOCK = 16 * 1024
U32 = st.integers(0, 2**32 - 1) | st.integers(0, 200)
MESSAGES = st.one_of(
    st.sampled_from(
        [Choke(), Unchoke(), Interested(), NotInterested(), KeepAlive(), HaveAll(), HaveNone()]
    ),
    st.builds(Have, U32),
    st.builds(Request, U32, U32, U32),
    st.builds(Cancel, U32, U32, U32),
    st.builds(Reject, U32, U32, U32),
    st.builds(BitfieldMessage, st.binary(max_size=40)),
    st.builds(Extended, st.integers(0, 255), st.binary(max_size=60)),
    st.builds(Ignored, st.sampled_from([9, 13, 17, 99, 255])),
)

RECORDED = [
    b"",
    b"\0" * 1000,
    b"\xff" * 1000,
    HEAD.pack(2**32 - 1, 0),
    HEAD.pack(2**32 - 1, 7),
    HEAD.pack(256 * 1024 + 1, 20),
    HEAD.pack(5, 7) + b"abcd",
    HEAD.pack(8, 7) + b"abcdefg",
    HEAD.pack(2, 0) + b"x",
    HEAD.pack(1, 4),
    HEAD.pack(1, 20),
    PIECE_HEADER.pack(9, 7, 0, 0),
    PIECE_HEADER.pack(9 + 2**17 + 1, 7, 0, 0),
    piece_header(Block(PieceIndex(0), 0, BLOCK)) + bytes(BLOCK),
    piece_header(Block(PieceIndex(2**32 - 1), 2**32 - 1, BLOCK)) + bytes(100),
    encode(Request(0, 0, 0)),
    encode(Request(0, 0, 2**17 + 1)),
    encode(Request(0, 2**32 - 1, 1)),
    encode(Request(2**32 - 1, 0, BLOCK)),
    encode(Have(2**32 - 1)),
    encode(BitfieldMessage(b"")),
    encode(BitfieldMessage(b"\xff" * 100)),
    encode(HaveAll()) * 2,
    encode(Extended(0, b"d1:ad1:ad1:a")),
    encode(Extended(0, b"i99999999999999999999999e")),
    encode(Extended(0, b"l" * 200_000)),
    encode(Extended(0, b"d1:a" * 50_000)),  # nested as deep as a message allows
    encode(Extended(0, b"d4:reqqi-1e1:v" + b"4:\xff\xff\xff\xffe")),
    encode(Extended(0, b"d1:vi3e4:reqq3:abce")),
    encode(Extended(0, b"d4:reqqi0ee")) + encode(Interested()),
    encode(Cancel(0, 0, BLOCK)) * 1000,
    encode(Choke()) * 5000,
    encode_requests(alone([Block(PieceIndex(0), 0, BLOCK)] * 5000)),
]


@pytest.fixture
def seeder(team: Team, tmp_path: Path) -> tuple[Person, Handshake]:
    """Set up a sharer, and the handshake of an outsider who wants the file."""
    ann = team.member("ann")
    name = team.share(ann, make_file(tmp_path / "content", 20 * BLOCK))
    (row,) = ann.session.files.list("lab").files
    assert row.name == name
    return ann, Handshake(info_hash_from_hex(row.info_hash), new_peer_id())


def throw(person: Person, data: bytes) -> None:
    """Connect, send, and leave."""
    with suppress(OSError), socket.create_connection(person.address, 5.0) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(5.0)
        while sock.recv(1 << 16):
            pass


def no_peer_threads() -> bool:
    """Whether every connection has ended."""
    return not any(
        thread.name.startswith(("peer ", "handshake")) for thread in threading.enumerate()
    )


def still_shares(team: Team, person: Person) -> None:
    """Another member downloads, as if nothing had been."""
    wait_until(no_peer_threads, what="the connections to end")
    bob = team.member("bob")
    assert bob.fetch("content").stat().st_size == 20 * BLOCK
    wait_until(
        lambda: not bob.session.transfers.peers("lab", "content").peers, what="two seeds to part"
    )


def with_every(data: st.SearchStrategy[bytes], examples: int) -> Callable[..., None]:
    """Run a function for many bytes."""

    def run(act: Callable[[bytes], None]) -> None:
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(data)
        def each(drawn: bytes) -> None:
            act(drawn)

        each()

    return run


def test_arbitrary_bytes_instead_of_a_handshake(
    team: Team, seeder: tuple[Person, Handshake]
) -> None:
    ann, _ = seeder
    prefix = b"\x13BitTorrent protocol"
    starts = st.sampled_from([b"", prefix, prefix + bytes(8)])
    with_every(st.builds(bytes.__add__, starts, st.binary(max_size=300)), 60)(
        lambda data: throw(ann, data)
    )
    still_shares(team, ann)


def test_arbitrary_messages_after_the_handshake(
    team: Team, seeder: tuple[Person, Handshake]
) -> None:
    ann, handshake = seeder
    streams = st.lists(MESSAGES.map(encode) | st.binary(max_size=30), max_size=12).map(b"".join)
    with_every(streams, 80)(lambda data: throw(ann, handshake.encode() + data))
    still_shares(team, ann)


def test_recorded_cases(team: Team, seeder: tuple[Person, Handshake]) -> None:
    ann, handshake = seeder
    for data in RECORDED:
        throw(ann, handshake.encode() + data)
    still_shares(team, ann)


def test_random_floods(team: Team, seeder: tuple[Person, Handshake]) -> None:
    ann, handshake = seeder
    noise = random.Random(5)
    for _ in range(5):
        throw(ann, handshake.encode() + noise.randbytes(300_000))
    still_shares(team, ann)


def test_a_crowd_of_short_connections(team: Team, seeder: tuple[Person, Handshake]) -> None:
    ann, handshake = seeder
    (transfer,) = ann.session._transfers.all()
    torrent = transfer.torrent
    assert torrent is not None

    def come(stack: ExitStack, number: int) -> None:
        with suppress(OSError):
            host = f"127.0.{1 + number % 20}.1"
            peer = RawPeer.dial(ann.address, handshake.info_hash, source=host)
            stack.enter_context(peer)

    with ExitStack() as crowd:
        with ThreadPoolExecutor(20) as pool:
            for number in range(120):
                pool.submit(come, crowd, number)
        wait_until(lambda: torrent.connection_count == 50, what="as many as a torrent takes")
    still_shares(team, ann)
