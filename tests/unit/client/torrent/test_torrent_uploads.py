"""A torrent and its uploads."""

from __future__ import annotations

import pytest

from common.errors import ErrorCode
from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.messages import (
    Cancel,
    Choke,
    Interested,
    NotInterested,
    Reject,
    Request,
    Unchoke,
)
from tests.support.fakes.connections import FakeConnection
from tests.support.fakes.torrents import TorrentBench
from tests.unit.client.torrent.conftest import CONTENT, PIECE, Bench

FIRST = Block(PieceIndex(0), 0, BLOCK_SIZE)


def served(bench: TorrentBench) -> FakeConnection:
    """A member that is interested and unchoked."""
    connection = bench.member()
    connection.receive(Interested())
    assert Unchoke() in connection.received
    return connection


def test_requests_wait_for_the_writer_and_count_when_they_are_sent(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    peer = served(at_work)
    peer.receive(Request(*FIRST), Request(0, BLOCK_SIZE, BLOCK_SIZE))
    assert (len(peer.waiting), at_work.torrent.uploaded) == (2, 0)
    assert peer.answer() == PIECE
    assert at_work.torrent.uploaded == PIECE


def test_a_rate_is_measured_over_the_last_seconds(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    peer = served(at_work)
    for _ in range(5):
        peer.receive(Request(*FIRST))
        peer.answer()
        at_work.pass_time(1.0)
    down, up = at_work.torrent.rates()
    assert down == 0.0
    assert up == pytest.approx(BLOCK_SIZE, rel=0.5)
    at_work.pass_time(60.0)
    _, up = at_work.torrent.rates()
    assert up == pytest.approx(0.0, abs=200.0)


def test_requests_for_missing_pieces_are_refused(bench: Bench) -> None:
    at_work = bench(0)
    peer = served(at_work)
    peer.receive(Request(1, 0, BLOCK_SIZE))
    assert peer.received == [Reject(1, 0, BLOCK_SIZE)]
    assert peer.waiting == []


def test_requests_of_choked_peers_are_refused(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    peer = at_work.member()
    peer.receive(NotInterested())
    at_work.pass_time(10.0)
    assert Choke() in peer.received
    peer.receive(Request(*FIRST))
    assert peer.received == [Reject(*FIRST)]


def test_blocks_cancelled_in_time_are_not_sent(bench: Bench) -> None:
    peer = served(bench(0, 1, 2, 3))
    peer.receive(Request(*FIRST), Cancel(*FIRST))
    assert peer.waiting == []
    assert peer.received == [Reject(*FIRST)]


def test_a_request_outside_the_torrent_ends_the_connection(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    peer = served(at_work)
    peer.receive(Request(3, PIECE, BLOCK_SIZE))
    assert "outside the torrent" in (peer.close_reason or "")
    assert at_work.torrent.connection_count == 0


def test_a_limit_holds_blocks_back_until_some_may_pass(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    assert at_work.torrent.upload_requests() == []
    at_work.throttle.up.own.set_rate(1000, 0.0)
    peer = served(at_work)
    assert at_work.torrent.upload_requests() == []
    peer.receive(Request(*FIRST), Request(1, 0, BLOCK_SIZE))
    (request,) = at_work.torrent.upload_requests()
    assert request.key == at_work.metainfo.info_hash
    assert request.take(1) == BLOCK_SIZE
    assert peer.allowed == 1
    assert at_work.torrent.upload_requests() == []
    assert request.take(5) == BLOCK_SIZE
    assert request.take(5) == 0
    assert peer.allowed == 2


def test_under_a_limit_peers_are_sent_a_piece_in_turn(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    at_work.throttle.up.own.set_rate(10**6, 0.0)
    peers = [served(at_work), served(at_work)]
    starts = range(0, PIECE, BLOCK_SIZE)
    for peer in peers:
        for piece in (0, 1):
            peer.receive(*(Request(piece, start, BLOCK_SIZE) for start in starts))
    (request,) = at_work.torrent.upload_requests()
    passed = []
    while request.take(1):
        passed.append([peer.allowed for peer in peers])
    assert passed == [[1, 0], [2, 0], [2, 1], [2, 2], [3, 2], [4, 2], [4, 3], [4, 4]]


def test_peers_read_the_content_itself(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    source = served(at_work).source
    assert b"".join(source.block_views(FIRST)) == CONTENT[:BLOCK_SIZE]
    assert source.piece_size(PieceIndex(3)) == PIECE


def test_a_file_that_got_shorter_fails_the_torrent(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    served(at_work).source.on_content_lost()
    assert [error.code for error in at_work.owner.failed] == [ErrorCode.FILE_CHANGED]


def test_wrong_content_is_damaged_and_not_sent(bench: Bench) -> None:
    at_work = bench(0, 1, 2)  # piece 0 differs from the record
    source = served(at_work).source
    with pytest.raises(OSError, match="piece 0 is wrong"):
        source.read([FIRST], [memoryview(bytearray(BLOCK_SIZE))])
    assert (at_work.owner.damaged, at_work.owner.failed) == (1, [])


def test_wrong_pieces_after_a_stop_are_not_reported(bench: Bench) -> None:
    at_work = bench(0, 1, 2)
    source = served(at_work).source
    at_work.torrent.stop()
    with pytest.raises(OSError, match="piece 0 is wrong"):
        source.read([FIRST], [memoryview(bytearray(BLOCK_SIZE))])
    assert at_work.owner.damaged == 0


def test_a_share_that_nobody_downloads_needs_no_tick(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    at_work.pass_time(100.0)
    assert at_work.client.dialer.take() == []
    peer = served(at_work)
    at_work.pass_time(200.0)
    assert peer.close_reason == "said nothing for too long"
