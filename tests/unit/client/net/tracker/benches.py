"""An announcer with a scripted tracker and torrents without content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from client.config import Timing
from client.core.admission.candidates import PeerCandidate
from client.net.tracker.announced import UnidentifiedPeer
from client.net.tracker.announcer import Announcer
from client.net.tracker.tracker_client import TrackerClient
from common.api.model import Model
from common.api.operation import Operation
from common.api.presence import (
    Announce,
    AnnounceReply,
    FilePresence,
    IdentifyPeer,
    IdentifyPeerReply,
)
from common.errors import MinitorrentError
from common.types import Endpoint, InfoHash, PeerId
from tests.support.waiting import is_waited_for, wait_until

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
