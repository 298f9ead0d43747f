"""A transfer is stopped by one thread at the moment in which another one looks at its torrent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.core.admission.candidates import PeerCandidate
from client.net.transports.group_tls import GroupTls, Membership
from client.torrent.torrent import Torrent
from client.transfers.active_torrents import ActiveTorrents
from client.transfers.transfer import Transfer
from client.transfers.transfer_storage import TransferStorage
from common.types import InfoHash
from tests.support.fakes.connections import FakeTransport, handshake_for
from tests.support.fakes.torrents import PEER_AT, connect_member
from tests.support.fakes.transfers import TransferLab, torrent_of
from tests.support.security.authority import Group
from tests.unit.client.transfers.conftest import DESCRIBED


class Stopping(Transfer):
    """Has a torrent when it is looked at first, and none any more after that."""

    def __init__(self, active: Transfer, lab: TransferLab) -> None:
        super().__init__(TransferStorage(active.record, lab.store), lab.context)
        self._looks = iter([torrent_of(active)])

    @property
    def torrent(self) -> Torrent | None:
        return next(self._looks, None)


class World:
    """An active transfer with bob connected, as it is while it stops."""

    def __init__(self, lab: TransferLab, path: Path) -> None:
        active = lab.open(lab.record(DESCRIBED, path))
        active.start()
        lab.jobs.run()
        self.torrent = torrent_of(active)
        self.bob = connect_member(lab.client, self.torrent, "bob")
        self.stopping = Stopping(active, lab)
        self.active = ActiveTorrents(lambda: [self.stopping], self._find, self._named)
        self.close = active.halt

    def _find(self, info_hash: InfoHash) -> Transfer | None:
        return self.stopping if info_hash == DESCRIBED.info_hash else None

    def _named(self, name: bytes) -> InfoHash | None:
        return DESCRIBED.info_hash if name == b"a name" else None

    def connect(self, info_hash: InfoHash = DESCRIBED.info_hash) -> bool:
        shaken = handshake_for(info_hash)
        return self.active.admit(FakeTransport(), shaken, PEER_AT._replace(host="127.0.0.9"))


@pytest.fixture
def world(lab: TransferLab, tmp_path: Path) -> Iterator[World]:
    world = World(lab, tmp_path / "content")
    yield world
    world.close()


def test_those_that_have_torrents_are_found(world: World) -> None:
    assert world.active.all() == [world.torrent]
    assert world.active.all() == []


def test_a_removed_member_is_disconnected(world: World) -> None:
    world.active.disconnect_user("lab", "bob")
    assert world.bob.close_reason == "it was removed from the group"
    world.active.disconnect_user("lab", "bob")


def test_a_member_removed_from_another_group_stays(world: World) -> None:
    world.active.disconnect_user("other", "bob")
    world.active.disconnect_unaccepted("other")
    assert world.bob.close_reason is None


def test_whoever_is_no_longer_accepted_is_disconnected(world: World) -> None:
    group_tls = GroupTls(Group("other").certificate)
    world.bob.membership = Membership("bob", "login", 1e12, group_tls)  # of no use in an open group
    world.active.disconnect_unaccepted("lab")
    assert world.bob.close_reason is not None
    world.active.disconnect_unaccepted("lab")


def test_an_incoming_connection_finds_its_torrent_or_none(world: World) -> None:
    assert not world.connect(InfoHash(b"o" * 20))
    assert world.connect()
    assert world.torrent.connection_count == 2
    assert not world.connect(), "it has stopped meanwhile"


def test_an_open_group_has_no_group_tls(world: World) -> None:
    assert world.active.find_group_tls(DESCRIBED.info_hash) is None
    assert world.active.find_group_tls(InfoHash(b"o" * 20)) is None


def test_candidates_are_forgotten_in_every_torrent(world: World) -> None:
    world.torrent.learn([PeerCandidate(PEER_AT._replace(port=7), world.bob.handshake.peer_id, "x")])
    assert world.torrent.reachability()[0] == 1
    world.active.forget_candidates()
    assert world.torrent.reachability()[0] == 0
    world.active.forget_candidates()


def test_a_late_answer_of_the_tracker_reaches_the_remaining_torrent(world: World) -> None:
    candidate = PeerCandidate(PEER_AT._replace(port=7), world.bob.handshake.peer_id, "eve")
    world.stopping.learn([candidate])
    assert world.torrent.reachability()[0] == 1
    world.stopping.learn([candidate])
    world.stopping.identified(world.bob.key, None, is_member=False)


def test_encrypted_handshakes_find_open_torrents_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.stopping, "wake", lambda: world.torrent)
    assert world.active.find_open(b"a name") == DESCRIBED.info_hash
    assert world.active.find_open(b"another") is None
    monkeypatch.setattr(Stopping, "group_tls", "a sealed group's")
    assert world.active.find_open(b"a name") is None
    monkeypatch.setattr(world.stopping, "wake", lambda: None)
    assert world.active.find_open(b"a name") is None
