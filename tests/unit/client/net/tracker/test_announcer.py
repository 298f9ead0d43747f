"""The times of the announcer's announces to a scripted tracker."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from client.config import Timing
from client.net.tracker import announcer as module
from common.api.presence import (
    MAX_FILES,
)
from common.errors import ErrorCode, MinitorrentError
from tests.support.waiting import wait_until
from tests.unit.client.net.tracker.benches import INTERVAL, Bench, FakeTorrent


def test_a_new_torrent_is_announced_at_once(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    announce = bench.tracker.announces[0]
    (file,) = announce.files
    assert announce.port == 6881
    assert (file.info_hash, file.event) == (torrent.info_hash.hex(), "started")
    assert (file.left, file.uploaded, file.downloaded) == (10, 3, 4)


def test_it_is_announced_again_after_the_interval(bench: Bench) -> None:
    bench.add(FakeTorrent())
    bench.pass_time(INTERVAL - 1)
    assert len(bench.tracker.announces) == 1
    bench.pass_time(1)
    wait_until(lambda: bench.tracker.events() == ["started", "none"], what="the next announce")


def test_what_was_transferred_since_is_reported_before_the_end(bench: Bench) -> None:
    busy, idle = bench.add(FakeTorrent(1)), bench.add(FakeTorrent(2))
    busy.transferred = (30, 4)
    bench.announcer.report()
    last = bench.tracker.announces[-1].files
    assert [(one.info_hash, one.uploaded) for one in last] == [(busy.info_hash.hex(), 30)]
    bench.announcer.report()
    assert len(bench.tracker.announces) == 3, "each was announced, and then the busy one"
    assert idle.transferred == (3, 4)


def test_without_a_tracker_nothing_is_reported(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    torrent.transferred = (30, 4)
    bench.tracker.is_connected = False
    bench.announcer.report()
    assert len(bench.tracker.announces) == 1


def test_torrents_without_peers_announce_more_often(bench: Bench) -> None:
    torrent = FakeTorrent()
    torrent.needs_peers = True
    bench.add(torrent)
    bench.pass_time(module.LONELY_INTERVAL)
    wait_until(lambda: len(bench.tracker.announces) == 2, what="the next announce")


def test_a_download_that_loses_its_peers_is_announced_soon(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.pass_time(module.LONELY_INTERVAL)
    assert len(bench.tracker.announces) == 1, "it had a peer"
    torrent.needs_peers = True
    bench.pass_time(module.LONELY_INTERVAL)
    wait_until(lambda: len(bench.tracker.announces) == 2, what="the next announce")


def test_a_busy_tracker_is_not_asked_sooner_for_a_download_without_peers(bench: Bench) -> None:
    torrent = FakeTorrent()
    torrent.needs_peers = True
    bench.add(torrent)
    bench.tracker.error = MinitorrentError(ErrorCode.BUSY, "busy", retry_after=100.0)
    bench.pass_time(module.LONELY_INTERVAL)
    bench.wait_for(lambda: len(bench.tracker.announces) == 2, "the refused announce")
    bench.pass_time(5 * module.LONELY_INTERVAL)
    assert len(bench.tracker.announces) == 2


def test_completed_and_stopped_are_announced_at_once(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.announcer.completed(torrent.info_hash)
    wait_until(lambda: bench.tracker.events() == ["started", "completed"], what="completed")
    bench.announcer.remove(torrent.info_hash)
    wait_until(lambda: bench.tracker.events()[2:] == ["stopped"], what="stopped")
    bench.announcer.completed(torrent.info_hash)
    bench.announcer.remove(torrent.info_hash)
    bench.pass_time(10 * INTERVAL)
    assert len(bench.tracker.announces) == 3


def test_every_torrent_is_announced_at_a_new_tracker(bench: Bench) -> None:
    bench.add(FakeTorrent(1))
    bench.add(FakeTorrent(2))
    bench.announcer.reconnected()
    wait_until(lambda: len(bench.tracker.events()) == 4, what="both to be announced again")
    assert bench.tracker.events()[2:] == ["started", "started"]


def test_a_missed_completion_is_announced_again(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.tracker.error = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "gone")
    bench.announcer.completed(torrent.info_hash)
    bench.wait_for(lambda: len(bench.tracker.announces) == 2, "the attempt")
    bench.tracker.error = None
    bench.pass_time(bench.timing.announce_retry)
    wait_until(lambda: len(bench.tracker.announces) == 3, what="the next attempt")
    assert bench.tracker.events()[2] == "completed"


def test_a_completion_lost_with_the_tracker_is_announced_again(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.tracker.error = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "gone")
    bench.tracker.meanwhile = bench.announcer.reconnected
    bench.announcer.completed(torrent.info_hash)
    wait_until(lambda: len(bench.tracker.announces) >= 2, what="the attempt")
    bench.tracker.meanwhile, bench.tracker.error = lambda: None, None
    wait_until(lambda: "completed" in bench.tracker.events()[2:], what="the second notice")


def test_a_new_tracker_also_gets_announces_in_flight(bench: Bench) -> None:
    class Moving(FakeTorrent):
        """The tracker is another one by the time that its answer is dealt with."""

        moves = iter([True])

        def __getattribute__(self, name: str) -> Any:
            if name == "left" and bench.tracker.announces and next(self.moves, False):
                bench.announcer.reconnected()
            return super().__getattribute__(name)

    bench.add(Moving())
    wait_until(lambda: bench.tracker.events() == ["started", "started"], what="the next announce")


def test_many_torrents_are_announced_in_batches(bench: Bench) -> None:
    count = 2 * MAX_FILES + 7
    torrents = [FakeTorrent(number) for number in range(1, count + 1)]
    for torrent in torrents:
        bench.announcer.add(torrent)
    bench.wait_for(lambda: len(bench.tracker.events()) == count, "all announces")
    bench.tracker.announces.clear()
    bench.announcer.reconnected()
    wait_until(lambda: len(bench.tracker.events()) == count, what="all announces")
    assert [len(announce.files) for announce in bench.tracker.announces] == [
        MAX_FILES,
        MAX_FILES,
        7,
    ]


def test_what_comes_alone_does_not_wait_for_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOMENT", 60.0)
    bench.add(FakeTorrent(1))
    bench.now += 60.0
    bench.add(FakeTorrent(2))


def test_what_begins_and_ends_during_an_announce_is_announced_together(bench: Bench) -> None:
    first = bench.add(FakeTorrent(1))
    later = [FakeTorrent(number) for number in (2, 3, 4)]

    def meanwhile() -> None:
        bench.tracker.meanwhile = lambda: None
        bench.announcer.completed(first.info_hash)
        for torrent in later:
            bench.announcer.add(torrent)

    bench.tracker.meanwhile = meanwhile
    bench.pass_time(INTERVAL)
    bench.wait_for(lambda: len(bench.tracker.announces) == 3, "the announce of all four")
    assert sorted(bench.tracker.events()[2:]) == ["completed", "started", "started", "started"]


def test_a_completion_is_owed_until_the_tracker_has_it(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    assert not bench.announcer.owes_completions
    bench.tracker.error = MinitorrentError(ErrorCode.TIMEOUT, "busy")
    bench.announcer.completed(torrent.info_hash)
    bench.wait_for(lambda: len(bench.tracker.announces) == 2, "the attempt")
    owed = []
    for bench.tracker.is_connected in (True, False, True):
        owed.append(bench.announcer.owes_completions)
    assert owed == [True, False, True], "nobody should wait for a lost tracker"
    assert torrent.counts == 0
    bench.tracker.error = None
    bench.pass_time(bench.timing.announce_retry)
    wait_until(lambda: not bench.announcer.owes_completions, what="the next attempt")
    wait_until(lambda: torrent.counts == 1, what="the torrent to hear of it")


def test_a_download_that_is_stopped_at_its_end_counts(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.tracker.error = MinitorrentError(ErrorCode.TIMEOUT, "busy")
    bench.announcer.completed(torrent.info_hash)
    bench.wait_for(lambda: len(bench.tracker.announces) == 2, "the attempt")
    bench.tracker.error = None
    bench.announcer.remove(torrent.info_hash)
    wait_until(lambda: bench.tracker.events()[2:] == ["completed", "stopped"], what="both")
    assert not bench.announcer.owes_completions
    assert torrent.counts == 1


def test_closing_ends_a_long_pause() -> None:
    bench = Bench(Timing())
    bench.announcer.close()
    assert not any(thread.name == "announcer" for thread in threading.enumerate())


@pytest.mark.parametrize("timing", [Timing(seed_announce_every=50.0)])
def test_many_shares_are_announced_less_often(bench: Bench) -> None:
    seed, other = FakeTorrent(1), FakeTorrent(2)
    seed.left = 0
    bench.add(other)
    bench.add(seed)  # there are two, so its interval is 100 s
    bench.pass_time(INTERVAL)
    bench.wait_for(lambda: len(bench.tracker.announces) == 3, "the download's announce")
    assert [file.left for file in bench.tracker.announces[-1].files] == [10]
    bench.pass_time(100 - INTERVAL)
    wait_until(lambda: len(bench.tracker.announces) == 4, what="both announces")
    assert {file.left for file in bench.tracker.announces[-1].files} == {0, 10}
