"""A peer's two threads over a real socket pair: full speed both ways, slow readers, every end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from client.core.bandwidth.throttle import BandwidthChannel, TokenBucket
from client.core.bandwidth.upload_turns import Allowance
from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    PieceReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.swarm.piece_download import PieceDownload
from client.net.peers.connection import Connection
from client.net.peers.peer_io import MAX_DEFERRED, PeerConnection
from client.net.transports.transport import PlainTransport
from common.types import Block, BlockRun, Endpoint, InfoHash, PeerId, PieceIndex
from common.wire.codec import encode, encode_requests
from common.wire.handshake import Handshake
from common.wire.messages import Have, Interested, KeepAlive, Message, Unchoke, WireError
from tests.support.peers import Piece, RawPeer
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.memory import Memory
from tests.support.swarm.runs import alone
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log
from tests.unit.client.net.sockets import connected

BLOCK = 16 * 1024
PIECE = 16 * BLOCK
PIECES = 64
CONTENT = memoryview(bytes(range(256)) * (PIECE * PIECES // 256))
SHAKEN = Handshake(InfoHash(b"h" * 20), PeerId(b"-XX0001-abcdefghijkl"))


class Handler:
    """Answers every request and keeps all messages."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.pieces: list[PieceDownload] = []
        self.sent = 0
        self.split = False  # whether the content spans several files
        self.closed = threading.Event()
        self.fails: Exception | None = None
        self.unreadable = False
        self.content_lost = False
        self.doubted: list[PieceIndex] = []

    def on_received(self, peer: Connection, events: list[StreamEvent], count: int) -> None:
        if self.fails is not None:
            raise self.fails
        assert count > 0
        for event in events:
            match event:
                case MessageReceived(message):
                    self.messages.append(message)
                case HavesReceived(pieces):
                    self.messages += map(Have, pieces)
                case RequestsReceived(runs):
                    peer.send_blocks(runs)
                case PieceReceived(download):
                    self.pieces.append(download)

    def on_sent(self, peer: Connection, payload: int) -> None:
        self.sent += payload

    def on_closed(self, peer: Connection) -> None:
        self.closed.set()

    def check(self, runs: Sequence[Block]) -> None: ...

    def on_content_lost(self) -> None:
        self.content_lost = True

    def piece_size(self, piece: PieceIndex) -> int:
        return PIECE

    def doubt(self, pieces: Sequence[PieceIndex]) -> None:
        self.doubted += pieces

    def block_views(self, block: Block) -> Sequence[memoryview]:
        if self.unreadable:
            raise OSError("the file is gone")
        start = block.piece * PIECE + block.begin
        whole = CONTENT[start : start + block.length]
        half = len(whole) // 2
        return [whole[:half], whole[half:]] if self.split else [whole]

    def read(self, runs: Sequence[Block], buffers: Sequence[memoryview]) -> None:
        raise AssertionError("nothing is encrypted here")


class End:
    """A connection with its handler."""

    def __init__(self, sock: socket.socket, key: int = 1) -> None:
        self.handler = Handler()
        self.channel = BandwidthChannel(TokenBucket(0, 0.0), TokenBucket(0, 0.0))
        self.peer = PeerConnection(
            key,
            PlainTransport(sock),
            Endpoint("127.0.0.1", key),
            SHAKEN,
            self.handler,
            self.handler,
            self.channel,
            incoming=True,
        )

    def ask(self, pieces: range) -> None:
        """Request whole pieces, as the engine does."""
        for index in pieces:
            download = PieceDownload(PieceIndex(index), Memory(PIECE))
            numbers = download.request(PIECE // BLOCK)
            self.peer.decoder.expect(download, numbers)
            self.peer.send(encode_requests(download.runs(numbers)))

    def close(self) -> None:
        """End the connection and wait for its threads."""
        self.peer.close("the test is over")
        assert self.peer.join(5.0)


@pytest.fixture
def end_and_raw() -> Iterator[tuple[End, RawPeer]]:
    ours, theirs = connected()
    end = End(ours)
    end.peer.start()
    raw = RawPeer(theirs)
    yield end, raw
    end.close()
    raw.close()


def test_two_peers_that_send_at_full_speed_do_not_block_each_other() -> None:
    first, second = (End(sock, key) for key, sock in enumerate(connected(), 1))
    for end in (first, second):
        end.peer.start()
    for end in (first, second):
        end.ask(range(PIECES))
    wait_until(
        lambda: all(len(end.handler.pieces) == PIECES for end in (first, second)),
        what="all pieces",
    )
    for end in (first, second):
        # Sent bytes are counted a moment after they have arrived.
        wait_until(lambda: end.handler.sent == PIECE * PIECES, what="the count")  # noqa: B023 # called here only
        for download in end.handler.pieces:
            start = download.index * PIECE
            assert download.buffer == CONTENT[start : start + PIECE]
        end.close()
        assert end.handler.closed.is_set()


def test_messages_are_sent_before_waiting_blocks(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    blocks = [Block(PieceIndex(0), number * BLOCK, BLOCK) for number in range(16)]
    end.peer.send_blocks(alone(blocks * 100))
    raw.until(Piece)
    end.peer.send(encode(Have(7)))
    before = 0
    while isinstance(raw.read(), Piece):
        before += 1
    assert before < 1599  # it has overtaken some


@pytest.mark.parametrize("split", [False, True])
def test_blocks_are_answered_in_order(end_and_raw: tuple[End, RawPeer], split: bool) -> None:
    end, raw = end_and_raw
    end.handler.split = split
    blocks = [
        Block(PieceIndex(0), 0, BLOCK),
        Block(PieceIndex(0), BLOCK, BLOCK),
        Block(PieceIndex(3), BLOCK, 100),
        Block(PieceIndex(3), 0, BLOCK),
    ]
    raw.send_bytes(encode_requests(alone(blocks)))
    for block in blocks:
        piece = raw.until(Piece)
        start = block.piece * PIECE + block.begin
        assert (piece.piece, piece.begin) == (block.piece, block.begin)
        assert piece.data == CONTENT[start : start + block.length]
    wait_until(lambda: end.handler.sent == 3 * BLOCK + 100, what="the count")


def test_a_piece_requested_again_is_doubted(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    whole = [Block(PieceIndex(2), begin, BLOCK) for begin in range(0, PIECE, BLOCK)]
    for _ in range(2):
        raw.send_bytes(encode_requests(alone(whole)))
        for _ in whole:
            raw.until(Piece)
    assert end.handler.doubted == [2]
    raw.close()
    assert end.handler.closed.wait(5.0)
    assert end.handler.doubted == [2, 2], "who hangs up after a piece may have found it wrong"


def test_several_messages_in_one_send(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    raw.send(Interested(), KeepAlive(), Have(3), Unchoke())
    wait_until(lambda: len(end.handler.messages) == 4, what="four messages")
    assert end.handler.messages == [Interested(), KeepAlive(), Have(3), Unchoke()]


def test_requests_can_be_withdrawn(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    # The writer blocks at the first blocks, because the peer doesn't read.
    for number in range(2000):
        end.peer.send_blocks(alone([Block(PieceIndex(number % PIECES), 0, BLOCK)]))
    raw.until(Piece)
    last = Block(PieceIndex(1999 % PIECES), 0, BLOCK)
    assert end.peer.withdraw_block(last)
    assert not end.peer.withdraw_block(Block(PieceIndex(0), 1, 1))
    withdrawn = end.peer.withdraw_blocks(keep=0)
    assert 0 < len(withdrawn) < 2000
    assert end.peer.withdraw_blocks(keep=0) == []


def test_a_limit_bounds_the_sent_blocks(
    end_and_raw: tuple[End, RawPeer],
) -> None:
    end, raw = end_and_raw
    end.channel.own.set_rate(1, 0.0)
    held_back = [end.peer.is_held_back]  # nothing waits
    blocks = [Block(PieceIndex(0), number * BLOCK, BLOCK) for number in range(4)]
    end.peer.send_blocks(alone([*blocks, Block(PieceIndex(1), 0, 7)]))
    held_back.append(end.peer.is_held_back)
    assert held_back == [False, True]
    end.peer.send(encode(Have(7)))
    assert raw.read() == Have(7)  # nothing but blocks is held back
    assert end.peer.allow(2) == Allowance(2, 2 * BLOCK, ends_piece=False)
    assert [raw.until(Piece).begin for _ in range(2)] == [0, BLOCK]
    wait_until(lambda: end.handler.sent == 2 * BLOCK, what="the writer to count what it sent")
    assert end.peer.is_held_back
    assert end.peer.allow(100) == Allowance(2, 2 * BLOCK, ends_piece=True)
    assert end.peer.allow(100) == Allowance(1, 7, ends_piece=False)
    assert [len(raw.until(Piece).data) for _ in range(3)] == [BLOCK, BLOCK, 7]
    assert end.peer.allow(1) == Allowance(0, 0, ends_piece=False)


def test_messages_that_can_wait_go_with_the_next_ones(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    end.peer.send_later(encode(Have(1)))
    end.peer.send_later(encode(Have(2)))
    end.peer.send(encode(Interested()))
    assert [raw.read() for _ in range(3)] == [Have(1), Have(2), Interested()]
    end.peer.send_later(encode(Have(3)))
    end.peer.flush()
    end.peer.flush()
    assert raw.read() == Have(3)
    sent = 0
    while sent <= MAX_DEFERRED:  # they are not kept without limit
        end.peer.send_later(encode(Have(4)))
        sent += len(encode(Have(4)))
    assert raw.read() == Have(4)


def test_lifting_a_limit_sends_the_waiting_blocks(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    end.channel.own.set_rate(1, 0.0)
    end.peer.send_blocks([BlockRun(0, 0, 4, BLOCK)])
    end.channel.own.set_rate(0, 0.0)
    end.peer.allow(0)
    assert [raw.until(Piece).begin for _ in range(4)] == [n * BLOCK for n in range(4)]


def test_a_connection_waiting_for_a_limit_closes_at_once(end_and_raw: tuple[End, RawPeer]) -> None:
    end, _ = end_and_raw
    end.channel.own.set_rate(1, 0.0)
    end.peer.send_blocks(alone([Block(PieceIndex(0), 0, BLOCK)]))
    assert end.peer.withdraw_blocks(keep=0)
    end.peer.send_blocks(alone([Block(PieceIndex(0), 0, BLOCK)]))
    end.peer.close("enough")
    assert end.handler.closed.wait(5.0)
    assert end.handler.sent == 0


def test_a_peer_that_never_reads_is_disconnected(end_and_raw: tuple[End, RawPeer]) -> None:
    end, _ = end_and_raw
    message = encode(Have(1)) * 10_000
    while end.peer.close_reason is None:
        end.peer.send(message)
    assert end.peer.close_reason == "does not read what is sent"
    assert end.handler.closed.wait(5.0)


def test_slow_readers_get_everything(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    raw.send_bytes(encode_requests([BlockRun(n, 0, 1, BLOCK) for n in range(PIECES)] * 10))
    wait_until(lambda: end.handler.sent, what="the first blocks")
    assert sum(len(raw.until(Piece).data) for _ in range(PIECES * 10)) == PIECES * 10 * BLOCK


def test_the_first_reason_for_closing_counts(end_and_raw: tuple[End, RawPeer]) -> None:
    end, _ = end_and_raw
    end.peer.close("first")
    end.peer.close("second")
    assert end.handler.closed.wait(5.0)
    assert end.peer.close_reason == "first"


def test_the_other_side_closes(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    raw.close()
    assert end.handler.closed.wait(5.0)
    assert end.peer.close_reason == "closed by the peer"


def test_the_other_side_resets(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    end.peer.send_blocks(alone([Block(PieceIndex(0), 0, BLOCK)] * 1000))
    raw.until(Piece)
    raw._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raw._sock.close()
    assert end.handler.closed.wait(5.0)
    assert "connection lost" in (end.peer.close_reason or "")


def test_a_broken_protocol(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    raw.send_bytes(piece_header(Block(PieceIndex(0), 0, 2**31)))
    assert end.handler.closed.wait(5.0)
    assert "violated the protocol" in (end.peer.close_reason or "")


def test_a_refused_message_ends_the_connection(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    end.handler.fails = WireError("not with us")
    raw.send(Interested())
    assert end.handler.closed.wait(5.0)
    assert end.peer.close_reason == "violated the protocol: not with us"


def test_an_internal_failure_is_logged_and_ends_the_connection(
    end_and_raw: tuple[End, RawPeer], log: Log
) -> None:
    end, raw = end_and_raw
    end.handler.fails = ValueError("a bug")
    raw.send(Interested())
    assert end.handler.closed.wait(5.0)
    assert end.peer.close_reason == "internal error"
    assert [entry["event"] for entry in log if entry.get("exc_info")] == ["peer reader failed"]
    log.clear()


def test_a_send_failure_is_logged_and_ends_the_connection(
    end_and_raw: tuple[End, RawPeer], log: Log
) -> None:
    end, _ = end_and_raw
    end.peer.send_blocks([BlockRun(-1, 0, 1, BLOCK)])
    assert end.handler.closed.wait(5.0)
    assert [entry["event"] for entry in log if entry.get("exc_info")] == ["peer writer failed"]
    log.clear()


def test_content_that_cannot_be_read(end_and_raw: tuple[End, RawPeer]) -> None:
    end, raw = end_and_raw
    end.handler.unreadable = True
    raw.send_bytes(encode_requests(alone([Block(PieceIndex(0), 0, BLOCK)])))
    assert end.handler.closed.wait(5.0)
    assert "the file is gone" in (end.peer.close_reason or "")
