"""A torrent and the pieces on their way from peers to the disk."""

from __future__ import annotations

import pytest

from client.core.swarm.swarm_config import SwarmConfig
from client.storage.files.naming import partial_path
from common.errors import ErrorCode, MinitorrentError
from common.types import BLOCK_SIZE, PieceIndex
from common.wire.codec import encode
from common.wire.messages import Choke, Have, HaveAll, Request, Unchoke
from tests.support.fakes.torrents import FakeClient, TorrentBench
from tests.unit.client.torrent.conftest import CONTENT, PIECE, Bench

FULL = MinitorrentError(ErrorCode.DISK_FULL, "The disk is full.")


def on_disk(bench: TorrentBench) -> bytes:
    return partial_path(bench.metainfo, bench.files.final).read_bytes()


def test_a_download_from_a_seeder_completes_once(bench: Bench) -> None:
    at_work = bench()
    seeder = at_work.seeder()
    assert at_work.torrent.done == 0
    seeder.give()
    assert on_disk(at_work) == CONTENT
    torrent = at_work.torrent
    assert (torrent.complete, torrent.done, torrent.left) == (True, len(CONTENT), 0)
    assert (torrent.downloaded, torrent.source_count) == (len(CONTENT), 1)
    assert at_work.owner.completed == 1


def test_every_peer_is_sent_a_have_for_a_verified_piece(bench: Bench) -> None:
    at_work = bench()
    seeder, other = at_work.seeder(), at_work.member("eve", "127.0.0.3")
    assert other.received
    seeder.give(1)
    (piece,) = at_work.torrent.have()
    assert other.received == [Have(piece)]


def test_completion_waits_for_pieces_being_written(bench: Bench) -> None:
    at_work = bench(0, 1, 2)
    at_work.client.workers.busy = True
    at_work.seeder().give()
    assert (at_work.torrent.writing, at_work.owner.completed) == (1, 0)
    assert not at_work.torrent.complete
    at_work.client.workers.work()
    assert (at_work.torrent.writing, at_work.owner.completed) == (0, 1)


def test_complete_content_is_no_news(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    at_work.torrent.tick()
    assert at_work.torrent.complete
    assert at_work.owner.completed == 0


def test_a_wrong_piece_is_not_written_and_bans_its_sender(bench: Bench) -> None:
    at_work = bench()
    liar = at_work.seeder(lies=[0, 1, 2, 3])
    liar.give(1)
    assert at_work.torrent.done == 0
    assert not any(on_disk(at_work))
    assert liar.connection.close_reason == "banned: sent a piece with the wrong hash"
    assert at_work.torrent.liars() == ("127.0.0.2:6000",)
    assert at_work.admit() is None, "it doesn't get in again"


def test_wrong_pieces_are_downloaded_again_from_another_peer(bench: Bench) -> None:
    at_work = bench()
    at_work.seeder(lies=[0, 1, 2, 3]).give(1)
    at_work.seeder("eve", "127.0.0.3").give()
    assert on_disk(at_work) == CONTENT
    assert at_work.owner.completed == 1


@pytest.mark.parametrize("fast", [True, False])
def test_choking_peers_get_no_requests_until_they_unchoke(bench: Bench, fast: bool) -> None:
    at_work = bench()
    seeder = at_work.seeder(fast=fast)
    assert seeder.listen()
    seeder.asked.clear()
    seeder.connection.receive(Choke())
    at_work.pass_time(1.0)
    assert seeder.listen() == []
    if not fast:  # with BEP 6 the requests would still have to be answered
        seeder.connection.receive(Unchoke())
        seeder.give()
        assert at_work.owner.completed == 1


def test_pieces_of_a_choking_peer_are_downloaded_from_another(bench: Bench) -> None:
    at_work = bench()
    choking = at_work.seeder(fast=False)
    choking.connection.receive(Choke())
    at_work.seeder("eve", "127.0.0.3").give()
    assert at_work.owner.completed == 1


def test_pieces_of_a_departing_peer_are_downloaded_from_another(bench: Bench) -> None:
    at_work = bench()
    leaving = at_work.seeder()
    assert len(leaving.listen()) == len(CONTENT) // BLOCK_SIZE
    leaving.connection.end()
    at_work.seeder("eve", "127.0.0.3").give()
    assert at_work.owner.completed == 1


def test_pieces_of_a_silent_peer_are_downloaded_from_another(bench: Bench) -> None:
    at_work = bench()
    silent = at_work.seeder()
    other = at_work.seeder("eve", "127.0.0.3")
    other.give()
    at_work.pass_time(SwarmConfig().snubbed_after + 2.0)
    other.give()
    assert at_work.owner.completed == 1
    assert silent.connection.decoder.payload == 0


def test_a_piece_that_arrived_with_a_violation_counts(bench: Bench) -> None:
    at_work = bench(0, 1)
    seeder = at_work.seeder()
    piece = seeder.listen()[0].piece
    first, last = (seeder.block(one) for one in seeder.listen() if one.piece == piece)
    seeder.connection.receive(first)
    seeder.connection.receive(last + encode(Have(99)))  # both in one read
    assert at_work.torrent.have()[PieceIndex(piece)]
    assert "99" in (seeder.connection.close_reason or "")
    assert at_work.torrent.connection_count == 0


def test_a_violation_closes_the_connection_only(bench: Bench) -> None:
    at_work = bench()
    bad, good = at_work.member(), at_work.seeder("eve", "127.0.0.3")
    bad.receive(Have(4))
    assert bad.close_reason == "violated the protocol: a have of piece 4, which does not exist"
    assert at_work.torrent.connection_count == 1
    assert at_work.torrent.liars() == ()
    good.give()
    assert at_work.owner.completed == 1


def test_a_disk_that_fails_is_the_owners_affair(bench: Bench) -> None:
    at_work = bench()
    at_work.client.workers.error = FULL
    seeder = at_work.seeder()
    seeder.give(1)
    assert at_work.owner.failed == [FULL]
    assert (at_work.torrent.done, at_work.torrent.writing) == (0, 0)
    assert seeder.connection.close_reason is None, "it is not the peer's fault"
    at_work.client.workers.error = None
    seeder.give()
    assert at_work.owner.completed == 1


def test_an_unexpected_error_has_a_code(bench: Bench) -> None:
    at_work = bench()
    at_work.client.workers.error = ZeroDivisionError("a bug")
    at_work.seeder().give(1)
    assert [error.code for error in at_work.owner.failed] == [ErrorCode.INTERNAL]


def test_a_second_copy_of_a_piece_is_not_written_over_the_first(bench: Bench) -> None:
    """Two peers send the last piece; only the first copy counts."""
    at_work = bench(0, 1, 2)
    first, second = at_work.seeder(), at_work.seeder("eve", "127.0.0.3")
    assert {request.piece for request in first.listen()} == {3}
    assert {request.piece for request in second.listen()} == {3}, "the endgame"
    at_work.client.workers.busy = True
    first.give()
    second.give()
    at_work.client.workers.work(1)
    assert (at_work.torrent.writing, at_work.owner.completed) == (1, 0)
    at_work.client.workers.work()
    assert at_work.owner.completed == 1
    assert at_work.torrent.done == len(CONTENT)
    assert at_work.torrent.writing == 0


def test_nothing_is_reported_after_the_stop(bench: Bench) -> None:
    at_work = bench(0, 1, 2)
    at_work.client.workers.busy = True
    at_work.seeder().give()
    at_work.torrent.stop(timeout=0.0)
    at_work.client.workers.work()
    assert at_work.owner.completed == 0
    assert at_work.torrent.complete, "but the piece is on the disk"


def test_a_failure_after_the_stop_is_not_reported(bench: Bench) -> None:
    at_work = bench(0, 1, 2)
    at_work.client.workers.busy = True
    at_work.seeder().give()
    at_work.torrent.stop(timeout=0.0)
    at_work.client.workers.error = FULL
    at_work.client.workers.work()
    assert at_work.owner.failed == []


def test_requests_are_sent_as_far_as_the_limit_permits(bench: Bench) -> None:
    at_work = bench()
    at_work.throttle.down.own.set_rate(1, 0.0)
    seeder = at_work.seeder()
    at_work.pass_time(1.0)
    assert seeder.listen() == []
    (request,) = at_work.torrent.download_requests()
    assert request.take(1) == BLOCK_SIZE
    assert len(seeder.listen()) == 1
    at_work.throttle.down.own.set_rate(0, 0.0)
    at_work.pass_time(1.0)
    seeder.give()
    assert at_work.owner.completed == 1


def test_verified_pieces_are_not_requested(bench: Bench) -> None:
    at_work = bench(1, 3)
    seeder = at_work.seeder()
    assert {request.piece for request in seeder.listen()} == {0, 2}
    seeder.give()
    assert at_work.torrent.downloaded == 2 * PIECE


def test_unidentified_peers_get_no_requests(bench: Bench) -> None:
    at_work = bench()
    unknown = at_work.admit()
    assert unknown is not None
    unknown.receive(HaveAll(), Unchoke())
    at_work.pass_time(2.0)
    assert not [one for one in unknown.received if isinstance(one, Request)]
    at_work.torrent.identified(unknown.key, "bob", is_member=True)
    at_work.pass_time(1.0)
    assert [one for one in unknown.received if isinstance(one, Request)]


def test_bytes_of_a_peer_that_has_left_are_ignored(bench: Bench) -> None:
    at_work = bench(client=FakeClient())
    seeder = at_work.seeder()
    seeder.connection.end()
    at_work.torrent.on_received(seeder.connection, [], 1)
    assert at_work.torrent.peers() == []
    assert at_work.torrent.have()[PieceIndex(0)] is False
