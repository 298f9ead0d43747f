"""The announcer's announces to a scripted tracker, their times, and its use of the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from client.config import Timing
from client.core.admission.candidates import PeerCandidate
from client.net.tracker import announcer as module
from client.net.tracker.announced import UnidentifiedPeer
from client.net.tracker.announcer import Announcer
from client.net.tracker.tracker_client import TrackerClient
from common.api.model import Model
from common.api.operation import Operation
from common.api.presence import (
    MAX_FILES,
    Announce,
    AnnounceReply,
    FilePresence,
    FileRefusal,
    IdentifyPeer,
    IdentifyPeerReply,
    PeerRow,
)
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash, PeerId
from tests.support.waiting import is_waited_for, wait_until
from tests.unit.client.net.conftest import Log

INTERVAL = 30
UNIDENTIFIED = UnidentifiedPeer(7, PeerId(b"-XX0001-abcdefghijkl"), "127.0.0.1")


class ScriptedTracker(TrackerClient):
    """Answers announces with `reply` for each file, and identifies peers."""

    def __init__(self) -> None:
        self.announces: list[Announce] = []
        self.identified: list[IdentifyPeer] = []
        self.presence: Callable[[str], FilePresence] = lambda info_hash: FilePresence(
            info_hash=info_hash
        )
        self.users: Callable[[], str | None] = lambda: None
        self.error: MinitorrentError | None = None
        self.is_connected = True
        self.meanwhile: Callable[[], None] = lambda: None

    @property
    def current(self) -> Endpoint | None:
        """See TrackerClient."""
        return Endpoint("tracker", 1) if self.is_connected else None

    def call(self, operation: Operation[Any, Any], request: Model) -> Any:
        """See TrackerClient."""
        if isinstance(request, Announce):
            self.announces.append(request)
            self.meanwhile()
            if self.error is not None:
                raise self.error
            files = [self.presence(file.info_hash) for file in request.files]
            return AnnounceReply(interval=INTERVAL, files=files)
        assert isinstance(request, IdentifyPeer)
        self.identified.append(request)
        if self.error is not None:
            raise self.error
        return IdentifyPeerReply(user=self.users())

    def events(self) -> list[str]:
        """The events announced so far, file by file."""
        return [file.event for announce in self.announces for file in announce.files]


class FakeTorrent:
    """A torrent as the announcer sees it."""

    def __init__(self, number: int = 1) -> None:
        self.info_hash = InfoHash(number.to_bytes(20, "big"))
        self.left = 10
        self.transferred = (3, 4)
        self.needs_peers = False
        self.fails: Exception | None = None
        self.learned: list[PeerCandidate] = []
        self.refusals: list[MinitorrentError] = []
        self.removals: list[str] = []
        self.answers: list[tuple[int, str | None, bool | None]] = []
        self.counts = 0  # how often the tracker was seen to know of the completion

    def learn(self, candidates: Sequence[PeerCandidate]) -> None:
        if self.fails is not None:
            raise self.fails
        self.learned += candidates

    def removed(self, text: str) -> None:
        self.removals.append(text)

    def refused(self, error: MinitorrentError) -> None:
        self.refusals.append(error)

    def counted(self) -> None:
        self.counts += 1

    def identified(self, key: int, user: str | None, *, is_member: bool | None) -> None:
        self.answers.append((key, user, is_member))


class Bench:
    """An announcer with its tracker, and a clock that only the test advances."""

    def __init__(self, timing: Timing) -> None:
        self.now = 1000.0
        self.timing = timing
        self.tracker = ScriptedTracker()
        self.announcer = Announcer(self.tracker, lambda: 6881, lambda: self.now, timing)

    def add(self, torrent: FakeTorrent) -> FakeTorrent:
        """Add a torrent, and wait for its announce."""
        before = len(self.tracker.announces)
        self.announcer.add(torrent)
        self.wait_for(lambda: len(self.tracker.announces) > before, "the announce")
        return torrent

    def wait_for(self, condition: Callable[[], bool | list[Any]], what: str) -> None:
        """Wait until the announcer has done something, and all that belongs to it: it rests."""
        wait_until(condition, what=what)
        wait_until(lambda: is_waited_for(self.announcer._changed), what="the announcer to rest")

    def pass_time(self, seconds: float) -> None:
        """Move the clock, and wait until the announcer has done all that is due by then."""
        self.now += seconds
        self.announcer.identify(InfoHash(b"of no torrent here.."), UNIDENTIFIED)
        self.wait_for(lambda: not self.announcer._questions, "the announcer to look")


@pytest.fixture
def timing() -> Timing:
    return Timing()


@pytest.fixture
def bench(timing: Timing) -> Iterator[Bench]:
    bench = Bench(timing)
    yield bench
    bench.announcer.close()


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
