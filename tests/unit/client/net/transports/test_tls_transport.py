"""Scatter reads and staged writes inside TLS, over a real socket pair."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.net.transports import tls_handshake
from client.net.transports.tls_transport import TlsTransport
from common.types import Block, BlockRun, InfoHash, PieceIndex
from tests.support.security.authority import Group
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import blocks_of
from tests.support.together import run_together
from tests.unit.client.net.sockets import connected

FILE = InfoHash(b"\x01" * 20)
BLOCK = 16 * 1024
LAB = Group("lab")
ANN, BOB = LAB.group_tls("ann"), LAB.group_tls("bob")
Pair = tuple[TlsTransport, TlsTransport]


@contextmanager
def secure_pair() -> Iterator[Pair]:
    """Return the dialling and the listening end, after the handshake."""
    ours, theirs = connected()
    welcomed: list[TlsTransport] = []
    thread = threading.Thread(
        target=lambda: welcomed.append(tls_handshake.welcome(theirs, lambda _: BOB, 5.0)[0])
    )
    thread.start()
    dialled = tls_handshake.dial(ours, ANN, FILE, 5.0)
    thread.join()
    ends = dialled, welcomed[0]
    for end in ends:
        end.set_time_limit(None)
    yield ends
    for end in ends:
        end.close()
        end.release()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with secure_pair() as ends:
        yield ends


def read_all(transport: TlsTransport, slots: Sequence[int]) -> bytes:
    """Everything up to the end of the stream, read into slots of these sizes."""
    views = [memoryview(bytearray(size)) for size in slots]
    got = bytearray()
    while count := transport.receive(views):
        got += b"".join(views)[:count]
    return bytes(got)


@given(
    sizes=st.lists(st.integers(0, 70_000), min_size=1, max_size=40),
    slots=st.lists(st.integers(1, 50_000), min_size=1, max_size=30),
)
def test_data_sent_in_parts_arrives_in_order(sizes: list[int], slots: list[int]) -> None:
    buffers: list[bytes | memoryview] = [
        bytes([number % 251]) * size for number, size in enumerate(sizes)
    ]
    with secure_pair() as (sender, decoder):

        def send() -> None:
            sender.send(buffers)
            sender.close()

        thread = threading.Thread(target=send)
        thread.start()
        assert read_all(decoder, slots) == b"".join(buffers)
        thread.join()


def test_both_ways_at_full_speed(pair: Pair) -> None:
    data = [random.Random(seed).randbytes(8 << 20) for seed in (1, 2)]
    got: dict[int, bytes] = {}

    def write(number: int) -> None:
        pair[number].send([data[number]])

    def read(number: int) -> None:
        view = memoryview(bytearray(8 << 20))
        filled = 0
        while filled < len(view):
            filled += pair[number].receive([view[filled:]])
        got[number] = bytes(view)

    run_together([partial(act, n) for act in (write, read) for n in (0, 1)], 20.0)
    assert (got[1], got[0]) == tuple(data)


class Source:
    """Content with distinct pieces; counts requests for mapped files, and reads."""

    def __init__(self) -> None:
        self.views = 0
        self.reads: list[Sequence[Block]] = []

    def block_views(self, block: Block) -> Sequence[memoryview]:
        self.views += 1
        return []

    def read(self, runs: Sequence[Block], buffers: Sequence[memoryview]) -> None:
        self.reads.append(runs)
        whole = memoryview(b"".join(map(content, runs)))
        for buffer in buffers:
            buffer[:], whole = whole[: len(buffer)], whole[len(buffer) :]

    def check(self, runs: Sequence[Block]) -> None: ...

    def piece_size(self, piece: PieceIndex) -> int:
        return 1 << 20

    def doubt(self, pieces: Sequence[PieceIndex]) -> None: ...

    def on_content_lost(self) -> None:
        raise AssertionError("nothing is lost here")


def content(run: Block) -> bytes:
    whole = b"".join(bytes([run.piece, n]) * (BLOCK // 2) for n in range(65))
    return whole[run.begin : run.begin + run.length]


def test_blocks_are_copied_and_never_mapped(pair: Pair) -> None:
    """A mapped file that is cut short kills the process that reads it; the kernel survives."""
    source = Source()
    runs = [BlockRun(piece, 0, 64, BLOCK - piece) for piece in (0, 2)]
    blocks = blocks_of(runs)
    expected = b"control" + b"".join(piece_header(block) + content(block) for block in blocks)
    pair[0].send_blocks(b"control", runs[:1], source)
    threading.Thread(target=lambda: pair[0].send_blocks(b"", runs[1:], source)).start()
    space = memoryview(bytearray(len(expected)))
    filled = 0
    while filled < len(space):
        filled += pair[1].receive([space[filled : filled + 13], space[filled + 13 :]])
    assert bytes(space) == expected
    assert not source.views


def record_ends(sock: socket.socket) -> list[int]:
    """How much plaintext there is up to the end of each record, until the stream ends."""
    data = bytearray()
    while received := sock.recv(1 << 20):
        data += received
    ends, place, total = list[int](), 0, 0
    while place < len(data):
        length = int.from_bytes(data[place + 3 : place + 5], "big")
        place += 5 + length
        total += length - 17  # its type, and the tag
        ends.append(total)
    return ends


def test_a_new_connections_blocks_can_be_read_as_soon_as_they_are_here(pair: Pair) -> None:
    """Each ends with a record: on a long line the next one arrives a round trip later."""
    unit = 13 + BLOCK
    for first in (0, 3):
        pair[0].send_blocks(b"", [BlockRun(0, first * BLOCK, 3, BLOCK)], Source())
    pair[0]._sock.shutdown(socket.SHUT_WR)
    ends = record_ends(pair[1]._sock)
    assert ends[-1] == 6 * unit
    assert {unit, 2 * unit, 3 * unit} <= set(ends)
    assert len(ends) == 3 * 2 + 4, "the others are in as few records as possible"


def test_adjacent_blocks_are_read_as_one_run(pair: Pair) -> None:
    """A look at the file for every block of it costs more than to encrypt the block."""
    source = Source()
    runs = [BlockRun(0, 0, 4, BLOCK), BlockRun(2, BLOCK, 3, BLOCK)]
    pair[0].send_blocks(b"", runs, source)
    assert source.reads == [
        [Block(PieceIndex(0), 0, 4 * BLOCK), Block(PieceIndex(2), BLOCK, 3 * BLOCK)]
    ]


def test_closing_wakes_a_reader(pair: Pair) -> None:
    counts: list[int] = []
    thread = threading.Thread(
        target=lambda: counts.append(pair[0].receive([memoryview(bytearray(10))]))
    )
    thread.start()
    pair[0].close()
    thread.join(5.0)
    assert counts == [0]


def test_closing_wakes_a_writer(pair: Pair) -> None:
    failed = threading.Event()

    def write() -> None:
        try:
            while True:
                pair[0].send([bytes(1 << 20)])
        except OSError:
            failed.set()

    thread = threading.Thread(target=write)
    thread.start()
    pair[0].close()
    assert failed.wait(5.0)
    thread.join(5.0)


def test_data_before_a_broken_record_is_not_lost(pair: Pair) -> None:
    pair[0].send([b"right"])
    pair[0]._sock.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
    pair[0]._sock.shutdown(socket.SHUT_WR)
    got = memoryview(bytearray(10))
    filled = 0
    with pytest.raises(OSError, match=r"(?i)record|decrypt"):
        while True:
            filled += pair[1].receive([got[filled:]])
    assert bytes(got[:filled]) == b"right"


def test_a_time_limit(pair: Pair) -> None:
    pair[0].set_time_limit(0.05)
    with pytest.raises(TimeoutError):
        pair[0].receive([memoryview(bytearray(10))])
    with pytest.raises(TimeoutError):
        pair[0].receive([memoryview(bytearray(10))])


def test_an_idle_connection_has_no_staging_buffer(pair: Pair) -> None:
    pair[0].send([b"a message"])
    assert len(pair[0]._outgoing) == 0


def test_unread_data_is_not_overhead(pair: Pair) -> None:
    """Otherwise the peer would be charged for it as for useless data, and no longer read."""
    sender, decoder = pair
    size = 40 * BLOCK
    handshake = 4096
    thread = threading.Thread(target=lambda: sender.send([bytes(size)]))
    thread.start()
    slot, got = memoryview(bytearray(1000)), 0
    while got < size:
        got += decoder.receive([slot])
        # A record has 22 bytes around its content; one may be half decrypted.
        assert decoder.overhead <= handshake + got // BLOCK * 22 + BLOCK
    thread.join()
    assert decoder.overhead <= handshake + size // BLOCK * 22
