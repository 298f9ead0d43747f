"""What an announcer does with answers, refusals and failures."""

from __future__ import annotations

import pytest

from client.config import Timing
from common.api.presence import (
    FilePresence,
    FileRefusal,
    PeerRow,
)
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log
from tests.unit.client.net.tracker.benches import Bench, FakeTorrent


def test_peers_are_passed_on(bench: Bench) -> None:
    peer = PeerRow(host="192.0.2.1", port=7000, peer_id="61" * 20, user="bob")
    bench.tracker.presence = lambda info_hash: FilePresence(info_hash=info_hash, peers=[peer])
    torrent = bench.add(FakeTorrent())
    wait_until(lambda: torrent.learned, what="the peer")
    (candidate,) = torrent.learned
    assert candidate.endpoint == Endpoint("192.0.2.1", 7000)
    assert (candidate.peer_id, candidate.user) == (b"a" * 20, "bob")


@pytest.mark.parametrize(
    ("received_code", "code"),
    [("not_member", ErrorCode.NOT_MEMBER), ("invented_later", ErrorCode.INTERNAL)],
)
def test_a_refused_torrent_gets_the_reason(
    bench: Bench, received_code: str, code: ErrorCode
) -> None:
    failure = FileRefusal(code=received_code, message="Not you.")
    bench.tracker.presence = lambda info_hash: FilePresence(info_hash=info_hash, error=failure)
    torrent = bench.add(FakeTorrent())
    wait_until(lambda: torrent.refusals, what="the refusal")
    assert (torrent.refusals[0].code, torrent.refusals[0].message) == (code, "Not you.")


def test_a_torrent_learns_that_its_file_was_removed(bench: Bench) -> None:
    failure = FileRefusal(code="no_such_file", message="ann removed it.", removed=True)
    bench.tracker.presence = lambda info_hash: FilePresence(info_hash=info_hash, error=failure)
    torrent = bench.add(FakeTorrent())
    wait_until(lambda: torrent.removals, what="the removal")
    assert (torrent.removals, torrent.refusals) == (["ann removed it."], [])


def test_an_answer_without_one_of_the_torrents(bench: Bench) -> None:
    bench.tracker.presence = lambda _: FilePresence(info_hash="00" * 20)
    torrent = bench.add(FakeTorrent())
    bench.pass_time(bench.timing.announce_retry)
    wait_until(lambda: len(bench.tracker.announces) == 2, what="the next attempt")
    assert not torrent.learned


def test_without_a_tracker_the_announce_is_retried(bench: Bench) -> None:
    bench.tracker.error = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "gone")
    bench.add(FakeTorrent())
    bench.pass_time(bench.timing.announce_retry - 1)
    assert len(bench.tracker.announces) == 1
    bench.tracker.error = None
    bench.pass_time(1)
    wait_until(lambda: len(bench.tracker.announces) == 2, what="the next attempt")


def test_a_busy_tracker_gets_the_announce_when_it_asks_for_it(bench: Bench) -> None:
    bench.tracker.error = MinitorrentError(ErrorCode.BUSY, "busy", retry_after=40.0)
    bench.add(FakeTorrent())
    bench.pass_time(39)
    assert len(bench.tracker.announces) == 1
    bench.tracker.error = None
    bench.pass_time(22)
    wait_until(lambda: len(bench.tracker.announces) == 2, what="the next attempt")
    assert bench.tracker.events() == ["started", "started"]


@pytest.mark.parametrize("timing", [Timing(announce_retry=0.05)])
def test_an_internal_failure_is_logged_and_announcing_continues(bench: Bench, log: Log) -> None:
    torrent = FakeTorrent()
    torrent.fails = ValueError("a bug")
    bench.add(torrent)
    wait_until(lambda: [e for e in log if e.get("exc_info")], what="the traceback")
    log.clear()
    torrent.fails = None
    bench.pass_time(1)
    wait_until(lambda: len(bench.tracker.announces) == 2, what="the next announce")
