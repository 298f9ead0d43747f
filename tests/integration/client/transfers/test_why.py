"""Every cause of a stalled transfer, and the answer of `why`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from client.assembly.parts import DEFAULT_PARTS, Parts
from client.core.protocol.mse import FindTorrent
from client.net.peers.listener import Admit, Arrived, IsBanned, Listener
from client.net.tracker.tracker_client import TrackerClient
from client.net.transports.tls_handshake import FindGroupTls
from client.storage.files.torrent_files import TorrentFiles
from common.api.operation import Operation, ReplyT, RequestT
from common.api.presence import CHECK_PORT
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from common.wire.messages import HaveAll, HaveNone
from tests.integration.client.conftest import hasty
from tests.integration.client.hostile import Infiltrator, silent
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.disk import small_disk
from tests.support.peers import RawPeer
from tests.support.waiting import wait_until

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def explained(person: Person, words: str, name: str = "content") -> str:
    """Wait until `why` gives this reason; return its hint."""

    def says() -> str | None:
        answer = person.session.diagnostics.why(GROUP, name)
        said.append(answer.reason)
        return answer.hint if words in answer.reason else None

    said: list[str] = []
    try:
        return wait_until(says, what=f"why to say {words!r}")
    except AssertionError as error:
        raise AssertionError(f"why never said {words!r}, but {set(said)}") from error


def nobody_has_it(
    team: Team, tmp_path: Path, size: int = MIB, parts: Parts = DEFAULT_PARTS
) -> tuple[Person, Person]:
    """Set up ann, who has paused her share, and bob, with these parts."""
    ann, bob = team.member("ann"), team.member("bob", active=1, parts=parts)
    team.share(ann, make_file(tmp_path / "content", size))
    ann.session.transfers.pause(GROUP, "content")
    return ann, bob


def listen(peer: RawPeer) -> None:
    """Read everything, and never answer."""
    while True:
        peer.read()


def choker(peer: RawPeer) -> None:
    """Announce all pieces and send none."""
    peer.send(HaveAll())
    listen(peer)


def beginner(peer: RawPeer) -> None:
    """Have nothing yet."""
    peer.send(HaveNone())
    listen(peer)


def test_paused_and_queued(team: Team, tmp_path: Path) -> None:
    ann, bob = nobody_has_it(team, tmp_path)
    team.share(ann, make_file(tmp_path / "other", MIB))
    ann.session.transfers.pause(GROUP, "other")
    bob.start("content")
    bob.start("other")
    assert "automatically" in explained(bob, "No seeder is online")
    assert "priority" in explained(bob, "waiting in the queue, 0 ahead", "other")
    bob.session.transfers.pause(GROUP, "content")
    assert explained(bob, "It is paused.") == f"Type: resume {GROUP} content"
    ann.session.transfers.resume(GROUP, "other")
    bob.finish("other")
    assert explained(bob, "Complete and seeding", "other") == "Nothing to do."


def test_checking(team: Team, tmp_path: Path) -> None:
    go_on = threading.Event()

    class Slow(TorrentFiles):
        def prove(self, index: PieceIndex, scratch: memoryview | None = None) -> bool:
            """See TorrentFiles."""
            go_on.wait(30)
            return super().prove(index, scratch)

    ann = team.member("ann", parts=Parts(files=Slow))
    team.share(ann, make_file(tmp_path / "content", MIB))
    ann.session.transfers.recheck(GROUP, "content")
    explained(ann, "being hashed")
    go_on.set()
    explained(ann, "seeding")


def test_limits(team: Team, tmp_path: Path) -> None:
    ann, bob = nobody_has_it(team, tmp_path, 16 * MIB)
    ann.session.transfers.resume(GROUP, "content")
    bob.session.limits.set("down", 100 * KIB)
    bob.start("content")
    assert explained(bob, "Slowed by your limit of 100 KiB/s") == "To lift it, type: limit down 0"
    ann.session.limits.set("up", 50 * KIB, GROUP, "content")
    bob.session.limits.set("down", 0)
    hint = explained(ann, "Slowed by your limit of 50.0 KiB/s")
    assert hint == f"To lift it, type: limit up 0 {GROUP} content"


def test_a_full_disk(team: Team, tmp_path: Path) -> None:
    ann, bob = nobody_has_it(team, tmp_path, 3 * MIB)
    with small_disk(tmp_path / "disk", 4 * MIB) as disk:
        bob.session.files.download(GROUP, "content", str(disk))
        wait_until(lambda: bob.row("content").state == "downloading", what="the beginning")
        (disk / "other").write_bytes(bytes(3 * MIB))
        ann.session.transfers.resume(GROUP, "content")
        assert "automatically" in explained(bob, "Not enough space in")
        bob.session.transfers.cancel(GROUP, "content")


def test_a_slow_disk(team: Team, tmp_path: Path) -> None:
    go_on = threading.Event()

    class Slow(TorrentFiles):
        def write_pieces(self, pieces: Sequence[tuple[PieceIndex, memoryview]]) -> None:
            """See TorrentFiles."""
            go_on.wait(30)
            super().write_pieces(pieces)

    ann, bob = nobody_has_it(team, tmp_path, 16 * MIB, Parts(files=Slow))
    bob.start("content")
    ann.session.transfers.resume(GROUP, "content")
    explained(bob, "The disk is slow")
    go_on.set()
    bob.finish("content")


def test_no_tracker(team: Team, tmp_path: Path) -> None:
    _, bob = nobody_has_it(team, tmp_path)
    bob.start("content")
    team.tracker.stop()
    assert "trackers" in explained(bob, "No tracker is connected")


def test_a_former_member(team: Team, tmp_path: Path) -> None:
    ann, bob = nobody_has_it(team, tmp_path)
    bob.start("content")
    ann.session.groups.remove_member(GROUP, "bob")
    assert explained(bob, "no longer a member") == f"Ask to join again: join_group {GROUP}"


@hasty
def test_an_expired_certificate(team: Team, tmp_path: Path) -> None:
    _, bob = nobody_has_it(team, tmp_path)
    bob.start("content")
    explained(bob, "No seeder is online")
    team.tracker.stop()
    assert "clock" in explained(bob, "Your certificate for this sealed group has expired")


@pytest.mark.parametrize("team", ["sealed"], indirect=True)
def test_a_wrong_clock(team: Team, tmp_path: Path) -> None:
    is_ahead = False

    class Link(TrackerClient):
        @property
        def clock_difference(self) -> float | None:
            """See TrackerClient."""
            return 7200.0 if is_ahead else super().clock_difference

    _, bob = nobody_has_it(team, tmp_path, parts=Parts(tracker_client=Link))
    bob.start("content")
    explained(bob, "No seeder is online")
    is_ahead = True
    assert "Set the clock" in explained(bob, "clock is 2 h ahead of the tracker's")


def test_a_changed_file(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    content = make_file(tmp_path / "content", MIB)
    team.share(ann, content)
    content.write_bytes(bytes(MIB))
    ann.session.transfers.pause(GROUP, "content")
    ann.session.transfers.resume(GROUP, "content")
    assert f"relocate {GROUP} content PATH" in explained(ann, "no longer what was shared")


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (choker, "Choked by all: 1 peer could send"),
        (silent, "Waiting for the first bytes from 1 peer"),
        (beginner, "of the missing pieces"),
    ],
)
def test_obstacles_at_the_only_peer(
    team: Team,
    stack: ExitStack,
    tmp_path: Path,
    behave: Callable[[RawPeer], None],
    words: str,
) -> None:
    _, bob = nobody_has_it(team, tmp_path)
    other = Infiltrator(team, stack, "other")
    other.offer(other.metainfo_of("content"), behave)
    bob.start("content")
    explained(bob, words)


def test_our_own_port_does_not_answer(team: Team, tmp_path: Path) -> None:
    listeners: list[Listener] = []

    class Known(Listener):
        def start(
            self,
            admit: Admit,
            find_group_tls: FindGroupTls,
            is_banned: IsBanned = lambda *_: False,
            arrived: Arrived | None = None,
            find_open: FindTorrent = lambda _: None,
        ) -> None:
            """See Listener."""
            listeners.append(self)
            super().start(admit, find_group_tls, is_banned, arrived, find_open)

    ann = team.member("ann", parts=Parts(listener=Known))
    team.share(ann, make_file(tmp_path / "content", MIB))
    explained(ann, "Complete and seeding")
    listeners[0].close()
    assert "doctor" in explained(ann, "Your own port is not reachable")


def test_a_tracker_that_cannot_dial_gives_no_diagnosis(team: Team, tmp_path: Path) -> None:
    """As one of an earlier version, which doesn't know the operation."""

    class OldTracker(TrackerClient):
        def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
            """See TrackerClient."""
            if operation.name == CHECK_PORT.name:
                raise MinitorrentError(ErrorCode.USAGE, "This tracker doesn't know this operation.")
            return super().call(operation, request)

    ann = team.member("ann", parts=Parts(tracker_client=OldTracker))
    team.share(ann, make_file(tmp_path / "content", MIB))
    explained(ann, "Complete and seeding")
