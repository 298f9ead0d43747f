"""How an announcer finds out who a peer is."""

from __future__ import annotations

import pytest

from client.net.tracker import announcer as module
from common.errors import ErrorCode, MinitorrentError
from tests.support.waiting import wait_until
from tests.unit.client.net.tracker.benches import UNIDENTIFIED, Bench, FakeTorrent


def test_a_member_is_recognised(bench: Bench) -> None:
    bench.tracker.users = lambda: "bob"
    torrent = bench.add(FakeTorrent())
    bench.announcer.identify(torrent.info_hash, UNIDENTIFIED)
    wait_until(lambda: torrent.answers, what="the answer")
    assert torrent.answers == [(7, "bob", True)]
    asked = bench.tracker.identified[0]
    assert (asked.peer_id, asked.host) == (UNIDENTIFIED.peer_id.hex(), "127.0.0.1")


def test_a_member_that_announces_late_is_recognised(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.announcer.identify(torrent.info_hash, UNIDENTIFIED)
    bench.wait_for(lambda: bench.tracker.identified, "the question")
    assert not torrent.answers
    bench.tracker.users = lambda: "bob"
    bench.pass_time(module.IDENTIFY_EVERY)
    wait_until(lambda: torrent.answers, what="the answer")
    assert torrent.answers == [(7, "bob", True)]


def test_a_peer_that_is_quicker_than_its_announce_is_recognised_soon(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.announcer.identify(torrent.info_hash, UNIDENTIFIED)
    bench.wait_for(lambda: bench.tracker.identified, "the question")
    bench.tracker.users = lambda: "bob"
    bench.pass_time(0.03)
    wait_until(lambda: torrent.answers, what="the answer")
    assert torrent.answers == [(7, "bob", True)]


def test_an_unidentified_peer_is_refused_when_its_time_is_over(bench: Bench) -> None:
    torrent = bench.add(FakeTorrent())
    bench.announcer.identify(torrent.info_hash, UNIDENTIFIED)
    bench.wait_for(lambda: bench.tracker.identified, "the question")
    bench.pass_time(bench.timing.identify_for)
    wait_until(lambda: torrent.answers, what="the answer")
    assert torrent.answers == [(7, None, False)]


@pytest.mark.parametrize(
    ("code", "answers"),
    [
        (ErrorCode.TRACKER_UNREACHABLE, [None, None, False]),
        (ErrorCode.TIMEOUT, [None, None, False]),
        (ErrorCode.NOT_MEMBER, [False]),
    ],
)
def test_without_a_tracker_nobody_is_identified(
    bench: Bench, code: ErrorCode, answers: list[bool | None]
) -> None:
    torrent = bench.add(FakeTorrent())
    bench.tracker.error = MinitorrentError(code, "no")
    bench.announcer.identify(torrent.info_hash, UNIDENTIFIED)
    bench.wait_for(lambda: bench.tracker.identified, "the question")
    bench.pass_time(bench.timing.identify_for)
    wait_until(lambda: (7, None, False) in torrent.answers, what="the answer")
    assert torrent.answers == [(7, None, answer) for answer in answers]
